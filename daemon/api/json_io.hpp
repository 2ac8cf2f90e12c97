#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "daemon/api/http.hpp"
#include "sync/base/value.hpp"
#include "sync/replica/catalogue.hpp"

/// JSON in and out of the API. Included by route files only.
namespace kontor::api {

using nlohmann::json;

/// 200 (or `status`) with this body.
[[nodiscard]] ApiResponse json_response(const json& body, int status = 200);

/// The body, an object; {} if there is none. kInvalid if it is no JSON object, or too deep, or has
/// a key that is not in `known`.
[[nodiscard]] Result<json> parse_body(const ApiRequest& request,
                                      std::initializer_list<std::string_view> known);

/// Members of the right type, else the fallback; kInvalid if it is there with another type.
[[nodiscard]] Result<bool> flag_in(const json& body, const char* key, bool fallback);
[[nodiscard]] Result<std::string> text_in(const json& body, const char* key,
                                          std::string fallback = "");
[[nodiscard]] Result<std::optional<std::int64_t>> integer_in(const json& body, const char* key);
[[nodiscard]] Result<std::vector<std::string>> texts_in(const json& body, const char* key);

/// A whole number of the query or path within [min, max]; kInvalid names it.
[[nodiscard]] Result<std::int64_t> number_of(const ApiRequest& request, const std::string& name,
                                             std::int64_t fallback, std::int64_t min,
                                             std::int64_t max);
[[nodiscard]] Result<std::int64_t> id_of(const ApiRequest& request, const std::string& name);

/// A value as the API shows it: booleans, lists and structures by the field's type.
[[nodiscard]] json to_json(const ValueView& value,
                           std::optional<remote::FieldType> type = std::nullopt);
/// A value as the replica keeps it. kInvalid for what no field can hold.
[[nodiscard]] Result<Value> value_from(const json& in);

/// "" as null.
[[nodiscard]] json or_null(const std::string& text);

}  // namespace kontor::api
