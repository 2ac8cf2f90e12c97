#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/world.hpp"

namespace kontor::simulation {

/// B5 and B1, of one cycle: a connection that waits for a person's word, and one that leads to
/// another organisation, changes nothing on either side; where the remote shows by an older record
/// that it was set back, nothing that it lacks is deleted here; no link goes back to an older
/// version.
class EpochWatch {
public:
    /// Before the cycle.
    EpochWatch(World& world, Device& device, const std::string& name, bool dry_run,
               const std::vector<std::string>& streams);
    /// After it; `error` is how it ended, nullptr if well.
    void check(const Error* error) const;

private:
    [[nodiscard]] bool shows_older_record() const;
    void check_untouched(const Error* error) const;
    void check_nothing_deleted() const;
    void check_versions() const;
    void violation(const std::string& what) const;

    World& world_;
    Device& device_;
    Device::Connected& connected_;
    bool dry_run_;
    std::vector<std::string> streams_;  ///< that are synced; empty: all
    bool untouchable_ = false;          ///< stopped, or another organisation
    bool shows_older_ = false;
    std::int64_t history_ = 0;  ///< its last entry
    std::uint64_t carried_;
};

/// Who has been given the id of somebody that a remote had lost is not taken for that one: in the
/// end.
void check_given_again(World& world);

/// What names a record that an accepted remote lacked, and that has been made there anew, names
/// that one: in the end.
void check_named_again(World& world);

/// A person has not said yet that the remote is what to go on with.
[[nodiscard]] bool waits_for_word(const Device& device, const std::string& name);

}  // namespace kontor::simulation
