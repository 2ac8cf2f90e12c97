#pragma once

#include <compare>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/value.hpp"
#include "sync/merge/mapping.hpp"
#include "sync/remote/description.hpp"
#include "sync/replica/catalogue.hpp"

namespace kontor::simulation {

/// What a remote does to a value on its way in. Each is idempotent.
enum class Habit {
    kKeep,
    kUpper,     ///< ASCII letters in upper case
    kPrefix,    ///< a phone number gets its country code
    kTruncate,  ///< keeps kTruncateAt characters
    kRows,      ///< rows get a total; a server gives those an id that have none
};
inline constexpr int kTruncateAt = 12;

/// One field of a remote stream, and what it stands for here. The single source from which the
/// stream's description, its mapping and the oracles' model are made; the model is code of its own.
struct FieldModel {
    std::string remote;
    std::vector<std::string> columns;  ///< two: first and last name
    remote::FieldType type = remote::FieldType::kText;
    std::string group;  ///< "" = a group of its own
    merge::Policy policy = merge::Policy::kNewest;
    merge::Policy fallback = merge::Policy::kManual;
    std::string owner;  ///< for kOwner: the remote that decides; "" = the replica
    Habit habit = Habit::kKeep;
    bool computed = false;
    bool cut_in_lists = false;
    bool late = false;                 ///< not mapped until a step maps it
    std::string target;                ///< stream that a reference points to
    std::vector<std::string> choices;  ///< of a picklist
};

struct StreamModel {
    std::string name;
    std::string entity;
    std::vector<FieldModel> fields;
    merge::Policy delete_against_edit = merge::Policy::kLocal;
    merge::DeletePolicy delete_there = merge::DeletePolicy::kMirror;
    merge::DeletePolicy delete_here = merge::DeletePolicy::kMirror;
    merge::DeletePolicy delete_relayed = merge::DeletePolicy::kUnlink;

    [[nodiscard]] const FieldModel* field(std::string_view remote_name) const;
};

/// How one seed's remote is built.
struct RemoteModel {
    std::vector<StreamModel> streams;  ///< accounts, contacts

    [[nodiscard]] const StreamModel& stream(std::string_view name) const;
};

inline constexpr const char* kKeyField = "Kontor_Id";

/// Which tables a simulated replica has beside accounts and contacts: the fewer, the more seeds a
/// second.
struct Tables {
    bool leads = false;
    bool rows = false;  ///< accounts have rows, of what they have bought

    auto operator<=>(const Tables&) const = default;
};
inline constexpr Tables kAllTables{.leads = true, .rows = true};
[[nodiscard]] std::vector<replica::Entity> entities(Tables tables = {});

[[nodiscard]] merge::Mapping mapping_of(const RemoteModel& model, bool key_field, bool with_late);

/// What the remote keeps of a value that is written to it, or that was there when the field became
/// what it is: nothing of one that its type does not know.
[[nodiscard]] Value kept(const FieldModel& field, const Value& value);

/// From here on are ids that no record ever has.
inline constexpr std::int64_t kNobody = 900'000'000;

/// What the field should hold for these columns (one per FieldModel::columns) before the remote's
/// habit is applied; `reference` resolves a local id to a remote one. Written for the oracles, not
/// from the engine's lenses.
[[nodiscard]] Value expected(const FieldModel& field, std::span<const Value> columns,
                             const std::map<std::int64_t, std::string>& remote_ids);

}  // namespace kontor::simulation
