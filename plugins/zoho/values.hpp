#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/abi/record_batch.hpp"

namespace kontor::zoho {

/// How a field's values look in Zoho's JSON and CSV, and so how they are read and written.
enum class Kind {
    kText,
    kRichText,  ///< text that lists may cut
    kInteger,
    kDecimal,
    kBoolean,
    kDate,
    kInstant,
    kReference,     ///< {"name","id"} → id
    kAnyReference,  ///< the same, of several modules → "Module:id"
    kChoice,
    kList,   ///< array of texts
    kTags,   ///< array of {"name",…} → names
    kNamed,  ///< {"name","id"} → name
    kJson,
};

/// `data_type` of Zoho's field metadata. Unknown types are kJson, whose canonical form takes
/// anything.
struct DataType {
    Kind kind = Kind::kJson;
    std::string_view type = "json";  ///< field type of docs/connector-abi.md
    bool computed = false;           ///< never writable
    bool known = false;
};
[[nodiscard]] DataType data_type(std::string_view name);

/// Picklist values: what reads show (display) to what writes take (actual), where they differ.
using Renamed = std::map<std::string, std::string, std::less<>>;

/// Appends a field's value, as the engine hands it over, as the JSON that Zoho takes. False if it
/// has no such form (text where a number belongs): the caller reports the field as invalid.
[[nodiscard]] bool append_zoho_value(Kind kind, const abi::BatchReader::Field& value,
                                     std::string& out);

/// The module of a canonical "Module:id" reference and its id; module "" if there is none.
struct AnyReference {
    std::string_view module, id;
};
[[nodiscard]] AnyReference split_reference(std::string_view text);

}  // namespace kontor::zoho
