#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/remote/description.hpp"

namespace kontor::merge {

/// What decides when both sides changed a group. docs/conflicts.md explains each to users.
enum class Policy : std::uint8_t {
    kManual,  ///< park and ask
    kRemote,  ///< theirs wins
    kLocal,   ///< ours wins
    kNewest,  ///< the later change, if the times are surely apart; else `fallback`
    kUnion,   ///< lists: three-way set merge
    kMax,     ///< numbers, dates: the larger
    kMin,
    kRestrictive,  ///< consent: the more protective value (opted out = true wins)
    kAppend,       ///< long text: keep both additions
    kSum,          ///< counters: both increments
    kOwner,        ///< the system of record wins, see GroupMapping::owner
};
[[nodiscard]] std::string_view to_string(Policy policy);
[[nodiscard]] std::optional<Policy> policy_from(std::string_view name);

enum class Direction : std::uint8_t { kBoth, kIn, kOut };

/// How one remote field and one or more columns stand for the same thing.
enum class LensKind : std::uint8_t {
    kPlain,         ///< one column, same value up to its type's canonical form
    kChoiceMap,     ///< one column, values translated by `choices`
    kFullName,      ///< columns (first, last) ↔ "first last", or 姓名 for Chinese names
    kReference,     ///< remote id ↔ local id
    kAnyReference,  ///< "Stream:id" ↔ "entity:local id"
    kOneReference,  ///< remote id ↔ "entity:local id": the column may lead to more than the field
};

[[nodiscard]] constexpr bool is_reference(LensKind lens) {
    return lens == LensKind::kReference || lens == LensKind::kAnyReference ||
           lens == LensKind::kOneReference;
}
/// A reference that the remote shows as an id alone, of one of FieldMapping::references.
[[nodiscard]] constexpr bool shows_id(LensKind lens) {
    return lens == LensKind::kReference || lens == LensKind::kOneReference;
}
/// A reference whose column names the entity, for it may lead to any.
[[nodiscard]] constexpr bool names_entity(LensKind lens) {
    return lens == LensKind::kAnyReference || lens == LensKind::kOneReference;
}

struct FieldMapping {
    std::string remote;                ///< the remote's field name
    std::vector<std::string> columns;  ///< one, or as many as the lens wants
    LensKind lens = LensKind::kPlain;
    remote::FieldType type = remote::FieldType::kText;  ///< of the remote field
    Direction direction = Direction::kBoth;
    bool read_only = false;  ///< the remote computes it
    bool create_only = false;
    bool required = false;
    bool may_be_cut = false;  ///< absent in a list means: fetch by id
    /// Its column never leaves this replica. From the catalogue, not from the mapping: set where
    /// the two are tied together.
    bool stays_here = false;
    int max_length = 0;  ///< what the remote keeps, in characters; 0 = all
    int scale = 0;
    std::vector<std::string> references;         ///< streams that a reference may point to
    std::map<std::string, std::string> choices;  ///< remote value → ours (kChoiceMap)

    friend bool operator==(const FieldMapping&, const FieldMapping&) = default;
};

/// A decision that a person has asked to be made from then on: why a group's policy is kRemote or
/// kLocal.
struct StandingDecision {
    Policy instead = Policy::kManual;  ///< the policy that holds again once it is taken back
    std::string by, at;                ///< who asked for it, and when; canonical form

    friend bool operator==(const StandingDecision&, const StandingDecision&) = default;
};

/// Fields that merge, push and park as one.
struct GroupMapping {
    std::string name;
    Policy policy = Policy::kNewest;
    Policy fallback = Policy::kManual;  ///< for kNewest when the times do not tell
    std::vector<FieldMapping> fields;
    std::string owner = {};  ///< for kOwner: the connection that decides; "" = this replica
    std::optional<StandingDecision> standing = {};

    friend bool operator==(const GroupMapping&, const GroupMapping&) = default;
};

/// What a deletion on the other side does here (for remote deletions), or there (for ours).
enum class DeletePolicy : std::uint8_t { kMirror, kUnlink, kAsk };

struct StreamMapping {
    std::string stream;
    std::string entity;
    std::string key_field;  ///< unique external-id field at the remote that takes the uid; "" none
    bool push = true;       ///< false: pull only
    bool create = true;     ///< records born here are created there
    DeletePolicy delete_there = DeletePolicy::kMirror;    ///< a person deleted here
    DeletePolicy delete_relayed = DeletePolicy::kUnlink;  ///< another remote deleted it
    DeletePolicy delete_here = DeletePolicy::kMirror;     ///< this remote deleted it
    Policy delete_against_edit = Policy::kLocal;  ///< kLocal: the edit wins; kRemote; kManual
    std::vector<GroupMapping> groups;

    /// Remote field names in the order of groups and fields: what a pull asks for.
    [[nodiscard]] std::vector<std::string> remote_fields() const;
    friend bool operator==(const StreamMapping&, const StreamMapping&) = default;
};

/// The mapping of one connection. Order of streams: parents before children where possible.
struct Mapping {
    std::vector<StreamMapping> streams;

    [[nodiscard]] const StreamMapping* stream(std::string_view name) const;
    friend bool operator==(const Mapping&, const Mapping&) = default;
};

}  // namespace kontor::merge
