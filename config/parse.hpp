#pragma once

#include <string>
#include <string_view>

#include "config/config.hpp"
#include "config/node.hpp"
#include "config/problem.hpp"
#include "config/table_reader.hpp"

namespace kontor::config {

/// Puts what one file says over `config`. Everything wrong is added to `problems`; relative paths
/// are taken from the file's folder. `file` is only for messages and those paths.
void apply_toml(std::string_view text, const std::string& file, Config& config, Problems& problems,
                Origins* origins = nullptr);
void apply_file(const std::string& file, Config& config, Problems& problems,
                Origins* origins = nullptr);

/// What must hold once all layers are in: every connection has a plugin, and so on.
void check_whole(const Config& config, const Origins& origins, Problems& problems);

/// "" if a connection may have this name: [a-z0-9][a-z0-9_-]{0,31}; else why not.
[[nodiscard]] std::string check_connection_name(std::string_view name);
/// "" if it is a reference to a secret (`file:`, `credential:`, `keyring:`, `env:`); else what to
/// do instead. The text is not quoted: it may be the secret itself.
[[nodiscard]] std::string check_secret_reference(std::string_view text);

/// The TOML of one connection, with comments: what a guided set-up writes into conf.d.
[[nodiscard]] std::string write_connection(const Connection& connection);

}  // namespace kontor::config
