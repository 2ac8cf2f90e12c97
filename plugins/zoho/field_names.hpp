#pragma once

#include <string>
#include <string_view>

namespace kontor::zoho {

/// What Kontor calls a standard module of Zoho's: entity hint and Chinese label; "" if none.
struct ModuleName {
    std::string_view module, entity, zh;
};
[[nodiscard]] ModuleName module_name(std::string_view module);

/// What Kontor calls a standard field: column hint and Chinese label; "" if it has no name of its
/// own. Fields that all modules share are found under any module.
struct FieldName {
    std::string_view column, zh;
};
[[nodiscard]] FieldName field_name(std::string_view module, std::string_view field);

/// The column for a field: the standard one, else the API name in snake_case, with `_id` if it is a
/// reference ("Primary_Vendor" → "primary_vendor_id").
[[nodiscard]] std::string column_hint(std::string_view module, std::string_view field,
                                      bool reference);

/// The group of fields that only make sense together; "" if it stands alone.
/// `has_currency`: the module has a field Currency.
[[nodiscard]] std::string_view field_group(std::string_view module, std::string_view field,
                                           bool has_currency);

}  // namespace kontor::zoho
