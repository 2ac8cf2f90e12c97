#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sync/base/result.hpp"
#include "sync/remote/description.hpp"
#include "sync/replica/database.hpp"

namespace kontor::replica {

/// One column of an entity table, as the field catalogue describes it.
struct Field {
    std::int64_t id = 0;
    std::string name;
    remote::FieldType type = remote::FieldType::kText;
    int scale = 0;
    int precision = 0;
    int max_length = 0;
    std::string target;  ///< entity a reference points to
    remote::Label label;
    std::vector<remote::Choice> choices;
    std::string data_class = "internal";
    bool leaves = true;
    bool read_only = false;
    bool searchable = false;
    bool gone = false;
    std::string origin = "kontor";
};

/// False for a column whose values are sent nowhere: marked so, or of the class `secret`.
[[nodiscard]] bool may_leave(const Field& field);

/// True for types whose values are words or numbers to be called by: search covers them.
[[nodiscard]] bool is_text(remote::FieldType type);

/// Target of a reference that may point to any entity; its column holds "entity:id" as text.
inline constexpr std::string_view kAnyTarget = "*";

/// Declared type of the field's column: TEXT, INTEGER or REAL. A decimal is REAL if its precision
/// is known and at most 15 digits, else canonical decimal text; a reference is an INTEGER, to any
/// entity ("*") a TEXT; a boolean is an INTEGER.
[[nodiscard]] std::string_view column_type(const Field& field);

struct Entity {
    std::int64_t id = 0;
    std::string name;
    remote::Label label;
    bool builtin = false;
    std::vector<Field> fields;  ///< without id and uid, in column order

    [[nodiscard]] const Field* field(std::string_view field_name) const;
    [[nodiscard]] const Field* field(std::int64_t field_id) const;
};

/// A copy of the field catalogue at one moment. Immutable after load; load again after a change
/// (catalogue_stamp tells; CatalogueCache does both).
class Catalogue {
public:
    [[nodiscard]] static Result<Catalogue> load(const Database& db);

    [[nodiscard]] const Entity* entity(std::string_view name) const;
    [[nodiscard]] const Entity* entity(std::int64_t id) const;
    [[nodiscard]] const std::vector<Entity>& entities() const { return entities_; }

private:
    std::vector<Entity> entities_;
};

/// Which state of the catalogue a handle sees. Two moments with equal stamps have equal catalogues:
/// whoever changes it, another program's SQL included, draws a new random stamp (a counter would
/// say the same of a change that was rolled back and of the one that came instead of it), and the
/// schema's version tells of tables and columns. nullopt if the file has none: then load.
using CatalogueStamp = std::pair<std::int64_t, std::string>;
[[nodiscard]] Result<std::optional<CatalogueStamp>> catalogue_stamp(const Database& db);

/// The catalogue as it was last loaded, for all handles of one file. Reading one takes
/// milliseconds; looking whether it has changed takes microseconds. Thread-safe.
class CatalogueCache {
public:
    /// As `db` sees it now: within a transaction, what that sees.
    [[nodiscard]] Result<std::shared_ptr<const Catalogue>> get(const Database& db);

private:
    std::mutex mutex_;
    std::optional<CatalogueStamp> stamp_;
    std::shared_ptr<const Catalogue> held_;
};

/// True for a name that may be a table or column: [a-z][a-z0-9_]{0,62}, no SQL keyword, not `id`,
/// `uid`, `rowid`, `oid`, `old` or `new`, not beginning with kontor_ or sqlite_.
[[nodiscard]] bool safe_name(std::string_view name);

/// `name` as an SQL identifier, in double quotes.
[[nodiscard]] std::string sql_name(std::string_view name);

/// Turns a remote's name or label into a safe name ("Annual Revenue" → annual_revenue; Chinese by
/// ICU transliteration to pinyin), made different from `taken` (case-insensitively) by a suffix.
[[nodiscard]] std::string propose_name(std::string_view remote_name,
                                       const std::vector<std::string>& taken);

/// Adds the entity with its table, or the missing columns to an existing one; marks nothing gone,
/// drops nothing, changes no type (a different type or target is kUnsupported and names the field).
/// Label, choices, length and read-only of an existing field follow `wanted` if it has the same
/// origin; its class and whether it leaves do not. Rebuilds the capture triggers if a column was
/// added. Needs an open write transaction.
[[nodiscard]] Result<> ensure_entity(const Database& db, const Entity& wanted);

/// Marks a column as gone from its remote, or back again. Needs an open write transaction.
[[nodiscard]] Result<> set_gone(const Database& db, std::int64_t field_id, bool gone);

/// Says whether a column's values may be sent to remotes at all; holds from the next cycle of each
/// connection on. Needs an open write transaction.
[[nodiscard]] Result<> set_leaves(const Database& db, std::int64_t field_id, bool leaves);

}  // namespace kontor::replica
