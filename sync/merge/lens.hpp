#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/value.hpp"
#include "sync/merge/mapping.hpp"

namespace kontor::merge {

/// How references translate. Implemented by the engine over links; tests bring their own.
class References {
public:
    virtual ~References() = default;
    /// The remote id of a local record in one of `streams`; symbolic_reference() if it has none;
    /// null if it has been deleted; broken_reference() if it never was here. `stream_out` names the
    /// stream it was found in.
    virtual Value remote_id(std::int64_t local_id, std::span<const std::string> streams,
                            std::string* stream_out) const = 0;
    /// The same for "entity:id" texts; gives "Stream:id" or a symbolic one.
    virtual Value remote_any(std::string_view entity_and_id) const = 0;
    /// The local id behind a remote id; nullopt if it has not arrived.
    virtual std::optional<std::int64_t> local_id(std::string_view remote_id,
                                                 std::span<const std::string> streams) const = 0;
    /// The same for "Stream:id"; gives "entity:id".
    virtual std::optional<std::string> local_any(std::string_view stream_and_id) const = 0;
};

/// The symbolic value of a record that has no remote id yet: never sent.
[[nodiscard]] Value symbolic_reference(std::string_view entity, std::int64_t record);
[[nodiscard]] bool is_symbolic(const Value& value);
/// ENTITY:ID of a symbolic value; "" of any other.
[[nodiscard]] std::string_view named_by_symbol(const Value& symbol);
/// What a reference column maps to that holds something else than a reference: refused by
/// sendable().
[[nodiscard]] Value broken_reference(std::string_view text);
[[nodiscard]] bool is_broken(const Value& value);
/// The value for people to read: of a broken reference what its column holds, of a symbolic one
/// local:ENTITY:ID.
[[nodiscard]] Value readable(const Value& value);

/// True if put() keeps only the beginning of this column's text, for the remote has no room for
/// all.
[[nodiscard]] bool is_cut(const FieldMapping& field, const Value& column);

/// The value of an image in its one form: a decimal as text, a real as a double.
[[nodiscard]] Value from_remote(const FieldMapping& field, const ValueView& theirs);

/// True if get() and put() are the identity on every value that the remote sends, but for texts
/// longer than it says to keep.
[[nodiscard]] bool is_identity(const FieldMapping& field);
/// True if a column without a value that takes this one as it came maps back to just it: the hot
/// path of a load. Also true for decimals in canonical form.
[[nodiscard]] bool keeps_value(const FieldMapping& field, const ValueView& theirs);

/// What the remote would hold for these column values (one per FieldMapping::columns): put of the
/// lens. Canonical in the remote's representation. A value that does not fit the field's type
/// (text in a number column) comes back as text and is refused by sendable().
[[nodiscard]] Value put(const FieldMapping& field, std::span<const Value> columns,
                        const References& references);

struct Got {
    std::vector<Value> columns;  ///< new column values; empty if `waits`
    bool waits = false;          ///< a reference whose target has not arrived
};

/// The column values for what the remote shows: get of the lens. `current` are the columns now, so
/// that what the remote cannot represent survives (text beyond max_length, the parts of a name).
[[nodiscard]] Got get(const FieldMapping& field, const Value& theirs,
                      std::span<const Value> current, const References& references);

/// Why this remote value must not be sent ("" if it may): symbolic, wrong type, not a number …
[[nodiscard]] std::string sendable(const FieldMapping& field, const Value& value);

}  // namespace kontor::merge
