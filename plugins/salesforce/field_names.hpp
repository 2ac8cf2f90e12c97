#pragma once

#include <string>
#include <string_view>

namespace kontor::salesforce {

/// What Kontor calls a standard object: entity hint and Chinese label; "" if none.
struct ObjectName {
    std::string_view object, entity, zh;
};
[[nodiscard]] ObjectName object_name(std::string_view object);

/// What Kontor calls a standard field: column hint and Chinese label; "" if it has no name of its
/// own. Only which column is proposed depends on it: an object's real fields come from its
/// description.
struct FieldName {
    std::string_view column, zh;
};
[[nodiscard]] FieldName field_name(std::string_view object, std::string_view field);

/// The column for a field: the standard one, else its name in lower case with underscores, without
/// `__c`. `object` "" for custom fields.
[[nodiscard]] std::string column_hint(std::string_view object, std::string_view field);

/// The group of fields that only make sense together; "" if it stands alone.
[[nodiscard]] std::string_view field_group(std::string_view object, std::string_view field);

/// Fields that are the system's own business: no columns here.
[[nodiscard]] bool is_internal(std::string_view field);

}  // namespace kontor::salesforce
