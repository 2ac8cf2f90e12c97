#pragma once
// Checks messages between a client and the open platform against strict JSON Schemas (draft 7) in
// messages.json, which hold both sides to what the vendor publishes.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::fxiaoke_schema {

/// The definition that a request to this path must fit, and the answer of success to it; "unknown"
/// if we know of no such call, which no message fits.
std::string request_kind(std::string_view path);
std::string response_kind(std::string_view path);

/// What is wrong with a message of that kind; empty when it fits. Thread-safe.
std::vector<std::string> problems(const std::string& kind, const nlohmann::json& message);

}  // namespace kontor::fxiaoke_schema
