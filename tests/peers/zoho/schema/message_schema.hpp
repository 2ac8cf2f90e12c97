#pragma once
// Checks messages between a Zoho CRM client and the server against strict JSON Schemas (draft 7)
// in messages.json, and refusals against those in errors.json.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kontor::zoho_schema {

/// All schemas, by the kind of message.
nlohmann::json definitions();

/// What is wrong with a message of that kind (`list_response`, `upsert_request`, …); empty when
/// it fits. An unknown kind is a problem too. Thread-safe; schemas are read at first use from the
/// folder this was built from.
std::vector<std::string> validate(std::string_view kind, const nlohmann::json& message);

/// The same against Zoho's own SDK model, for kinds that it has; it requires almost nothing by
/// itself. Always empty where its file is absent, which tests should say.
std::vector<std::string> vendor_problems(std::string_view kind, const nlohmann::json& message);
bool vendor_model_present();

/// Kind of a request with a JSON body, or with parameters to the accounts server; empty when it has
/// none that we know.
std::string request_kind(std::string_view method, std::string_view path);

/// Kind of the JSON answer to such a request; empty when the answer is no JSON we know.
std::string response_kind(std::string_view method, std::string_view path, int status);

/// Kind of the answer to such a request that refuses all of it.
std::string error_kind(std::string_view method, std::string_view path);

/// The definition that the query of a request must fit, as an object of texts; "" for none.
std::string query_kind(std::string_view method, std::string_view path);

/// The definition that those headers of a request must fit that say what is asked for: since when,
/// by which field; "" for none.
std::string header_kind(std::string_view method, std::string_view path);

/// What is wrong with a request, or with an answer's body. `query` is decoded; to the accounts
/// server it holds the parameters, in whichever of the encodings they came.
std::vector<std::string> request_problems(
    std::string_view method, std::string_view path,
    const std::vector<std::pair<std::string, std::string>>& query, std::string_view body);
std::vector<std::string> header_problems(
    std::string_view method, std::string_view path,
    const std::vector<std::pair<std::string, std::string>>& headers);
std::vector<std::string> response_problems(std::string_view method, std::string_view path,
                                           int status, std::string_view body);

}  // namespace kontor::zoho_schema
