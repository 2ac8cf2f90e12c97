#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "config/config.hpp"
#include "sync/base/result.hpp"

namespace kontor::api {

/// The connection that a request's body describes, checked as if the configuration were read.
/// Secrets stay in the body: the connection holds where they lie, or will lie. `folder`: of the
/// configuration. kInvalid names the key; throws json::exception if a key has a wrong type.
[[nodiscard]] Result<config::Connection> connection_from(const nlohmann::json& body,
                                                         const std::string& folder);

/// The configuration file of a connection that was set up through the API.
[[nodiscard]] std::string connection_file(const std::string& folder, const std::string& name);

/// Where a secret is kept unless its owner says otherwise.
[[nodiscard]] std::string own_reference(const std::string& folder, const std::string& connection,
                                        const std::string& secret);

}  // namespace kontor::api
