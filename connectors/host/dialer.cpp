#include "connectors/host/dialer.hpp"

#include "connectors/host/url.hpp"

namespace kontor::host {
namespace {

constexpr std::string_view kScheme = "postgresql://";

}  // namespace

Result<DialAddress> DialAddress::parse(std::string_view text) {
    const auto slash = text.find('/', kScheme.size());
    if (!text.starts_with(kScheme) || slash == std::string_view::npos || slash + 1 == text.size())
        return fail(Errc::kInvalid, "not postgresql://host:port/database");
    // Host and port follow the rules of any other URL.
    const auto place = text.substr(kScheme.size(), slash - kScheme.size());
    const auto url = Url::parse("http://" + std::string(place) + "/");
    if (!url || url->path != "/" || url->port < 1 || !place.ends_with(std::to_string(url->port)))
        return fail(Errc::kInvalid, "not postgresql://host:port/database");
    return DialAddress{url->host, url->port, std::string(text.substr(slash + 1))};
}

Result<Dialled> Dialer::dial(std::string_view text) const {
    if (!settings_.addresses.contains(text))
        return fail(Errc::kPermission, "the address is not among those of this connection");
    auto address = DialAddress::parse(text);
    if (!address) return pass(address);
    auto stream = settings_.connect(address->host, address->port);
    if (!stream) return pass(stream);
    const Url place{"http", address->host, address->port, "/"};
    const PostgresAccount account{.host = address->host,
                                  .database = address->database,
                                  .user = settings_.user,
                                  .password = settings_.password.copy(),
                                  .plain_allowed = settings_.plain_loopback && place.is_loopback()};
    auto parameters = postgres_sign_in(**stream, account);
    if (!parameters)
        return in_context(address->host + ":" + std::to_string(address->port),
                          std::move(parameters.error()));
    auto signed_in = settings_.wrap ? settings_.wrap(std::move(*stream)) : std::move(*stream);
    return Dialled{std::move(signed_in), std::move(*parameters)};
}

}  // namespace kontor::host
