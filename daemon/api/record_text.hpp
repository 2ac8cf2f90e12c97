#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/value.hpp"
#include "sync/replica/catalogue.hpp"

namespace kontor::api {

/// Appends a JSON string. Bytes that are not UTF-8 become U+FFFD.
void append_json(std::string& out, std::string_view text);

/// Writes records of one entity as JSON, straight from the values: a tree of fifty members takes
/// longer to build than the record to read. Not thread-safe.
class RecordText {
public:
    /// All columns, as replica::get() gives them. `entity` must outlive it.
    explicit RecordText(const replica::Entity& entity);
    /// These columns, in this order.
    RecordText(const replica::Entity& entity, std::span<const std::string> columns);

    /// {"entity":…,"id":…,"uid":…,"fields":{…}}; booleans, lists and structures by field type.
    /// `values`: one for each column.
    void append(std::string& out, std::span<const ValueView> values) const;

private:
    struct Column {
        std::string_view name;
        const replica::Field* field;  // nullptr: id, uid
    };
    std::string_view entity_;
    std::vector<Column> columns_;
};

}  // namespace kontor::api
