#include "connectors/host/signed_requests.hpp"

#include <optional>
#include <string_view>

#include "connectors/host/app_token.hpp"

namespace kontor::host {
namespace {

// What of its path lies behind that of `below`; nullopt if it goes elsewhere.
std::optional<std::string> path_behind(const Url& below, std::string_view address) {
    const auto url = Url::parse(address);
    if (!url || url->origin() != below.origin()) return std::nullopt;
    std::string_view base = below.path;
    while (base.ends_with('/')) base.remove_suffix(1);
    if (!url->path.starts_with(base)) return std::nullopt;
    auto rest = url->path.substr(base.size());
    if (rest.empty()) return "/";
    if (rest.front() != '/') return std::nullopt;
    return rest;
}

std::string query_of(std::string_view address) {
    address = address.substr(0, address.find('#'));
    const auto mark = address.find('?');
    return std::string(mark == std::string_view::npos ? "" : address.substr(mark + 1));
}

void wipe_all(std::map<std::string, std::string>& texts) {
    for (auto& [name, text] : texts) wipe(text);
}

}  // namespace

SignedRequests::SignedRequests(AppTokenSpec spec, std::map<std::string, std::string> texts,
                               Url below, const Clock& clock, Random& random, Redactor& redactor)
    : spec_(std::move(spec)),
      texts_(std::move(texts)),
      below_(std::move(below)),
      clock_(clock),
      random_(random),
      redactor_(redactor) {
    std::erase_if(texts_, [](const auto& each) { return each.second.empty(); });
}

SignedRequests::~SignedRequests() {
    wipe_all(texts_);
}

void SignedRequests::hide(const Credentials& borne,
                          const std::map<std::string, std::string>& made) {
    for (const auto* where : {&borne.headers, &borne.members, &borne.query})
        for (const auto& each : *where) redactor_.add_passing(each.value);
    const auto hide_made = [&](const std::string& name) {
        if (const auto text = made.find(name); text != made.end())
            redactor_.add_passing(Secret(std::string(text->second)));
    };
    for (const auto& [algorithm, digests] : spec_.digests)
        for (const auto& [name, of] : digests) hide_made(name);
    for (const auto& [name, signature] : spec_.signatures) hide_made(name);
}

Result<Credentials> SignedRequests::credentials(const AskedFor& request) {
    auto path = path_behind(below_, request.url);
    if (!path)
        return fail(Errc::kPermission,
                    "the request goes to another address than the one that requests are signed "
                    "for: " +
                        origin_of(request.url));
    auto texts = texts_;
    const auto now = clock_.now().time_since_epoch();
    texts["method"] = request.method;
    texts["path"] = std::move(*path);
    texts["query"] = query_of(request.url);
    texts["body"] = request.body;
    texts["time"] = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count());
    texts["time_ms"] =
        std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
    texts["random"] = random_.uid();
    make_texts(spec_, texts, Blank::kIsValue);
    auto out = borne_with(spec_, texts);
    if (out) hide(*out, texts);
    wipe_all(texts);
    return out;
}

}  // namespace kontor::host
