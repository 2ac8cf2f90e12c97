#pragma once

#include <string>
#include <string_view>

namespace kontor::fxiaoke {

/// What Kontor calls a preset object: entity hint and English label; "" if none.
struct ObjectName {
    std::string_view object, entity, en;
};
[[nodiscard]] ObjectName object_name(std::string_view object);

/// What Kontor calls a preset field: column hint and English label; "" if it has no name of its
/// own. Only which column is proposed depends on it: an object's real fields come from its
/// description.
struct FieldName {
    std::string_view column, en;
};
[[nodiscard]] FieldName field_name(std::string_view object, std::string_view field);

/// The column for a field: the standard one, else its name without `__c`, with `_id` if it is a
/// reference.
[[nodiscard]] std::string column_hint(std::string_view object, std::string_view field,
                                      bool reference);

/// The group of fields that only make sense together; "" if it stands alone.
[[nodiscard]] std::string_view field_group(std::string_view object, std::string_view field);

/// Fields that are the system's own business: no columns here.
[[nodiscard]] bool is_internal(std::string_view field);
/// Fields that the system sets and nobody writes.
[[nodiscard]] bool is_system(std::string_view field);

}  // namespace kontor::fxiaoke
