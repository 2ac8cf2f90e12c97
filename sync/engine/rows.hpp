#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/value.hpp"
#include "sync/engine/context.hpp"
#include "sync/merge/group_values.hpp"

namespace kontor::engine {

/// Who and why, for history entries that the engine writes.
struct Cause {
    std::string actor;  ///< remote:NAME:USER, kontor, uid:…
    std::string rule;   ///< "" if none
};

/// Values of a plan's mapped columns, in StreamPlan::columns order.
using Row = std::vector<Value>;

/// Reads a record's mapped columns; nullopt if there is no such record.
[[nodiscard]] std::optional<Row> read_row(Sql& sql, const StreamPlan& plan, std::int64_t record);

/// Reads the columns of these groups; what else there is may be absent.
[[nodiscard]] std::optional<Row> read_groups(Sql& sql, const StreamPlan& plan, std::int64_t record,
                                             std::span<const GroupPlan* const> groups);

/// One column's new value.
struct ColumnChange {
    std::size_t column = 0;  ///< index into StreamPlan::columns
    Value value;
};

/// Writes one column (an index into StreamPlan::columns) and its history entry.
void update_column(Context& context, const StreamPlan& plan, std::int64_t record,
                   std::size_t column, const Value& before, const Value& now, const Cause& cause);
/// The same for several. `before` is the row as it is.
void update_row(Context& context, const StreamPlan& plan, std::int64_t record, const Row& before,
                std::span<const ColumnChange> changes, const Cause& cause);

/// Inserts a record with the mapped columns' values; `id` and `uid` if it had them before. Returns
/// its id. History: one entry "i" (or "r" if it is back).
std::int64_t insert_row(Context& context, const StreamPlan& plan, const Row& values,
                        const Cause& cause, std::int64_t id = 0, const std::string& uid = "");

/// Deletes a record: history entries with all its values, and a tombstone. `origin` is the stream
/// that deleted it.
void remove_row(Context& context, const replica::Entity& entity, std::int64_t record,
                std::int64_t origin, const Cause& cause);

/// The last row of a deleted record, from its tombstone: column → value. Empty if there is none.
[[nodiscard]] std::map<std::string, Value> tombstone_row(Sql& sql, std::int64_t entity,
                                                         std::int64_t record);

/// Its mapped columns, as read_row() would have them; null where it had nothing.
[[nodiscard]] Row last_row(Sql& sql, const StreamPlan& plan, std::int64_t record);

/// Puts a deleted record back under its id and uid, with `overrides` on top of its last row.
void restore_row(Context& context, const StreamPlan& plan, std::int64_t record,
                 std::span<const ColumnChange> overrides, const Cause& cause);

/// A history entry of the engine's own. `field` nullopt: the record as such.
void add_history(Context& context, std::int64_t entity, std::int64_t record,
                 std::optional<std::int64_t> field, std::string_view op, const Value& old,
                 const Cause& cause);

/// Values of a group that were offered and not taken: they stay in the history. Values that are
/// equal to those of `known` are not written down.
void keep_offered(Context& context, const StreamPlan& plan, const GroupPlan& group,
                  std::int64_t record, const merge::GroupValues& offered,
                  const merge::GroupValues& known, const Cause& cause);
/// Whether all of `offered` that is not `known` has been kept so before.
[[nodiscard]] bool was_offered(Context& context, const StreamPlan& plan, const GroupPlan& group,
                               std::int64_t record, const merge::GroupValues& offered,
                               const merge::GroupValues& known);

}  // namespace kontor::engine
