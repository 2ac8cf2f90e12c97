#include "connectors/host/allow_list.hpp"

namespace kontor::host {

Result<> AllowList::add(std::string_view url) {
    auto parsed = Url::parse(url);
    if (!parsed) return fail(Errc::kConfig, parsed.error().message);
    if (parsed->scheme != "https" && !(http_loopback_ && parsed->is_loopback()))
        return fail(Errc::kConfig, "only https is allowed, not " + parsed->origin(),
                    {{"host", parsed->origin()}});
    origins_.insert(parsed->origin());
    return {};
}

Result<Url> AllowList::check(std::string_view url) const {
    auto parsed = Url::parse(url);
    if (!parsed) return parsed;
    if (!origins_.contains(parsed->origin()))
        return fail(Errc::kPermission,
                    parsed->origin() + " is not among the hosts of this connection",
                    {{"host", parsed->origin()}});
    return parsed;
}

}  // namespace kontor::host
