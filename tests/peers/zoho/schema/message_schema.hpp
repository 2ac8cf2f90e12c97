#pragma once
// Checks messages between a Zoho CRM client and the server against strict JSON Schemas (draft 7)
// in messages.json.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::zoho_schema {

/// What is wrong with a message of that kind (`list_response`, `upsert_request`, …); empty when
/// it fits. An unknown kind is a problem too. Thread-safe; schemas are read at first use from the
/// folder this was built from.
std::vector<std::string> validate(std::string_view kind, const nlohmann::json& message);

/// The same against the part `reference` (`#/$defs/x`) of any schema document, compiled each time.
std::vector<std::string> validate_against(const nlohmann::json& document,
                                          const std::string& reference,
                                          const nlohmann::json& message);

/// Kind of an API request with a JSON body; empty when it has none that we know.
std::string request_kind(std::string_view method, std::string_view path);

/// Kind of the JSON answer to such a request; empty when the answer is no JSON we know.
std::string response_kind(std::string_view method, std::string_view path, int status);

}  // namespace kontor::zoho_schema
