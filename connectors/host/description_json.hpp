#pragma once

#include <string_view>
#include <vector>

#include "sync/base/result.hpp"
#include "sync/remote/remote.hpp"

/// The JSON answers of a plugin (docs/connector-abi.md) as our types. Nothing in them is trusted:
/// kProtocol says what is wrong, without quoting values.
namespace kontor::host {

[[nodiscard]] Result<std::vector<remote::StreamSpec>> read_streams(std::string_view json);
[[nodiscard]] Result<remote::Identity> read_identity(std::string_view json);
[[nodiscard]] Result<std::vector<remote::PushResult>> read_push_results(std::string_view json);
/// Unknown values stay at their defaults; never fails.
[[nodiscard]] remote::Credits read_credits(std::string_view json);

}  // namespace kontor::host
