#pragma once

#include <string>

#include "connectors/sdk/json.hpp"

namespace kontor::postgres {

/// What the host must know before it opens a connection (docs/connector-abi.md, "spec").
[[nodiscard]] std::string spec_json();

// Parts of a spec. An option with its default (null: none) and help; one that must be given; the
// sign-in by user and password.
[[nodiscard]] sdk::Json option(const char* name, const char* type, sdk::Json fallback,
                               const char* en, const char* zh);
[[nodiscard]] sdk::Json needed_option(const char* name, const char* en, const char* zh);
[[nodiscard]] sdk::Json password_auth();

}  // namespace kontor::postgres
