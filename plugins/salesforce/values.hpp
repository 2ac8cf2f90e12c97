#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "connectors/abi/record_batch.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::salesforce {

/// What a field's values are, and so how they are read and written.
enum class Kind {
    kText,
    kInteger,
    kDecimal,
    kBoolean,
    kDate,
    kInstant,
    kTime,          ///< 09:30:00.000Z → 09:30:00
    kReference,     ///< an id
    kAnyReference,  ///< an id of several objects, told apart by its first three characters
    kChoice,
    kList,  ///< a;b
    kNone,  ///< not replicated: compound fields, files
};

/// `type` of a field's description. Types that Kontor does not know are kNone.
struct DataType {
    Kind kind = Kind::kNone;
    std::string_view type = "json";  ///< field type of docs/connector-abi.md
};
[[nodiscard]] DataType data_type(std::string_view name);

/// Streams by the first three characters of their ids.
using Prefixes = std::map<std::string, std::string, std::less<>>;

/// Adds what a record shows of a field: a cell of CSV, "" for none. False if it is in no form that
/// the field can have: the field then stays absent.
bool add_text(Kind kind, std::string_view value, const Prefixes& prefixes, std::uint16_t field,
              abi::BatchWriter& out);
/// The same of JSON.
bool add_value(Kind kind, const sdk::Json& value, const Prefixes& prefixes, std::uint16_t field,
               abi::BatchWriter& out);

/// A field's value, as the engine hands it over, as the JSON that is written. `discarded` if it has
/// no such form: the caller reports the field as invalid.
[[nodiscard]] sdk::Json written(Kind kind, const abi::BatchReader::Field& value);

}  // namespace kontor::salesforce
