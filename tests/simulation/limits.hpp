#pragma once

#include "tests/simulation/world.hpp"

namespace kontor::simulation {

/// What docs/guarantees.md says that no client can see of one connection's remote: there a replica
/// may hold something else, and `kontor verify` finds it.
class Limits {
public:
    Limits(const World& world, const Device& device, const std::string& connection);

    /// Hidden from us before anybody could read what had changed within the tick of its stamp.
    [[nodiscard]] bool hidden_in_tick(const StreamModel& stream, const std::string& id) const;
    /// Why a field of a record, or of its group, may have been left unread; nullptr: it was read.
    [[nodiscard]] const char* unread(const StreamModel& stream, const std::string& id,
                                     const FieldModel& field) const;
    /// Whether the field stands there as it did before the remote was set back, and `ours` is what
    /// it held under that same stamp.
    [[nodiscard]] bool set_back_in_tick(const StreamModel& stream, const std::string& id,
                                        const FieldModel& field, const Value& ours) const;

    /// A reference to what is no longer there is as good as none.
    [[nodiscard]] Value without_dead(const FieldModel& field, const Value& value) const;

private:
    const World& world_;
    const Account& account_;
    const Server& server_;
};

/// Whether somebody has restored what had been made again in its place: two have one key, and one
/// may pass for the other under an id that is known.
[[nodiscard]] bool restored_beside_its_heir(const Server& server);

}  // namespace kontor::simulation
