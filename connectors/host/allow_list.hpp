#pragma once

#include <set>
#include <string>
#include <string_view>

#include "connectors/host/url.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// The origins (scheme, host, port) that one connection may talk to. Not thread-safe.
class AllowList {
public:
    explicit AllowList(bool allow_http_loopback = false) : http_loopback_(allow_http_loopback) {}

    /// `url`'s origin may be reached from now on; the rest of the URL is ignored. kConfig if it is
    /// no URL, or plain http that is not to this machine or not explicitly allowed.
    Result<> add(std::string_view url);
    /// kPermission if the URL leads elsewhere, kInvalid if it is malformed or holds credentials.
    [[nodiscard]] Result<Url> check(std::string_view url) const;

private:
    bool http_loopback_;
    std::set<std::string, std::less<>> origins_;
};

}  // namespace kontor::host
