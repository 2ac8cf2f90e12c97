#pragma once

#include <curl/curl.h>

#include <optional>
#include <string>

#include "sync/base/result.hpp"

namespace kontor::host {

/// Why a transfer that failed did so, if the proxy's answer to CONNECT was anything but a tunnel.
/// The other side has surely not seen anything of it. kProxy where somebody has to do something
/// about it, kUnavailable where the proxy cannot reach `host` for now. The text names the proxy,
/// without what may stand before an @ in its address.
[[nodiscard]] std::optional<Error> refused_by_proxy(CURL* transfer, const std::string& proxy,
                                                    const std::string& host);

}  // namespace kontor::host
