#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sync/base/value.hpp"
#include "sync/merge/mapping.hpp"
#include "sync/remote/description.hpp"
#include "sync/replica/catalogue.hpp"

namespace kontor::engine {

/// What a remote will not take as it was typed.
struct EditFlaw {
    std::string connection;
    std::string column;
    std::string code;     ///< of merge::Flaw, or KONTOR_CUT, KONTOR_READ_ONLY, KONTOR_CREATE_ONLY
    std::string message;  ///< goes on from the field's name
};

/// What the remotes of one kind of record accept, by their mappings and descriptions: the check
/// that a push makes, for whoever has just typed a value. References are left out, for they
/// translate through links, but for one that is required and blank. A plain value.
class Acceptance {
public:
    /// `mapping`: of a stream whose records are `entity`; `described`: that stream, if it is known.
    void add(const std::string& connection, const merge::StreamMapping& mapping,
             const remote::StreamSpec* described, const replica::Entity& entity);

    /// Flaws of `fields`, what an edit gave; of a new record also of what it left out.
    [[nodiscard]] std::vector<EditFlaw> flaws(const std::map<std::string, Value>& fields,
                                              bool create) const;

private:
    struct Target {
        std::string connection;
        merge::FieldMapping field;
        std::optional<remote::FieldSpec> described;
        bool creates = false;  ///< records that are new here are created there
    };
    [[nodiscard]] static std::optional<EditFlaw> flaw_at(const Target& target,
                                                         const std::map<std::string, Value>& fields,
                                                         bool create);

    std::vector<Target> targets_;
    std::multimap<std::string, std::size_t> by_column_;  ///< into targets_
};

}  // namespace kontor::engine
