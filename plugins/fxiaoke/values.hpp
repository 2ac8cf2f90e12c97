#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "connectors/abi/record_batch.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::fxiaoke {

/// How a field's values look in JSON, and so how they are read and written.
enum class Kind {
    kText,
    kDecimal,  ///< a text of digits, or a number
    kBoolean,
    kDate,       ///< ms at midnight of the tenant's zone
    kInstant,    ///< ms
    kTime,       ///< ms since midnight → HH:MM:SS
    kReference,  ///< a text: the id
    kPerson,     ///< a list of one employee's id
    kOne,        ///< a list of one text that is no reference here (a department)
    kChoice,
    kList,  ///< list of texts
    kJson,
};

/// `type` of a field's description. Unknown types are read-only kJson.
struct DataType {
    Kind kind = Kind::kJson;
    std::string_view type = "json";  ///< field type of docs/connector-abi.md
    bool computed = true;            ///< never writable
};
[[nodiscard]] DataType data_type(std::string_view name);

/// The employee that the system itself acts as; no record of the staff list.
inline constexpr std::string_view kSystemUser = "-10000";

/// Adds what a record shows of a field. False if it is in no form that the field can have: the
/// field then stays absent.
bool add_value(Kind kind, const sdk::Json& value, std::int64_t utc_offset_ms, std::uint16_t field,
               abi::BatchWriter& out);

/// A field's value, as the engine hands it over, as the JSON that is written. `discarded` if it has
/// no such form (text where a number belongs): the caller reports the field as invalid.
[[nodiscard]] sdk::Json written(Kind kind, const abi::BatchReader::Field& value,
                                std::int64_t utc_offset_ms);

/// The first of a list of ids, or the id itself; "" if there is none.
[[nodiscard]] std::string first_of(const sdk::Json& value);

}  // namespace kontor::fxiaoke
