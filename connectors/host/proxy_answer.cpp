#include "connectors/host/proxy_answer.hpp"

#include "connectors/host/http_client.hpp"

namespace kontor::host {
namespace {

std::string without_user(const std::string& proxy) {
    const auto at = proxy.rfind('@');
    if (at == std::string::npos) return proxy;
    const auto scheme = proxy.find("://");
    const auto begin = scheme == std::string::npos || scheme > at ? 0 : scheme + 3;
    return proxy.substr(0, begin) + proxy.substr(at + 1);
}

// It may let us through later by itself: it is busy, or what lies behind it is away.
bool passes(long status) {
    return status >= 500 || status == 408 || status == 429;
}

}  // namespace

std::optional<Error> refused_by_proxy(CURL* transfer, const std::string& proxy,
                                      const std::string& host) {
    long status = 0;
    curl_easy_getinfo(transfer, CURLINFO_HTTP_CONNECTCODE, &status);
    if (status == 0 || status / 100 == 2) return std::nullopt;
    const auto number = std::to_string(status);
    const auto who = without_user(proxy);
    const char* const reason = status == 407    ? "proxy_sign_in"
                               : passes(status) ? "proxy_away"
                                                : "proxy_refuses";
    return Error{
        passes(status) ? Errc::kUnavailable : Errc::kProxy,
        host + ": the proxy " + who + " answers " + number,
        {{"host", host}, {"proxy", who}, {"status", number}, {"reason", reason}, {kSentArg, "no"}},
        {}};
}

}  // namespace kontor::host
