#pragma once

#include <map>
#include <string>

#include "connectors/abi/kontor_connector.h"
#include "sync/base/result.hpp"

namespace kontor::host {

/// The ABI's name for one of our errors, and back. Values that one side lacks become the nearest.
[[nodiscard]] kontor_status status_of(Errc code);
[[nodiscard]] Errc errc_of(kontor_status status);

/// Arguments of a kUnavailable that a server has answered itself: it is reached, and cannot for
/// now, which is not "no network". `http_status`: what it came with; below 400 (0: no HTTP) the
/// answer's content says so.
[[nodiscard]] std::map<std::string, std::string> answered_args(int http_status);

}  // namespace kontor::host
