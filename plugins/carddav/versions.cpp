#include "plugins/carddav/versions.hpp"

#include <algorithm>

#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::carddav {
namespace {

// The host keeps 64 KiB; an entry has up to some 400 bytes.
constexpr std::size_t kOwnMax = 120;
// A version has at most 256 bytes.
constexpr std::size_t kEtagBytesMax = 200;

std::string version_of(std::int64_t at_ms, std::string_view etag) {
    std::string out = sdk::format_instant(at_ms);
    // Beyond any that a server gives; without it the card is read before each write.
    if (!etag.empty() && etag.size() <= kEtagBytesMax) out.append(1, ' ').append(etag);
    return out;
}

}  // namespace

std::string_view etag_in(std::string_view version) {
    return version.size() > sdk::kInstantSize ? version.substr(sdk::kInstantSize + 1)
                                              : std::string_view();
}

Versions::Versions(sdk::Host& host) : host_(host), saved_(host.state()) {
    if (saved_.empty()) return;
    try {
        const sdk::Json json = sdk::parse_json(saved_, "state");
        last_ms_ = sdk::integer_of(json, "last_ms");
        for (const auto& [id, own] : sdk::member(json, "own").items())
            own_[id] = {sdk::text_of(own, "etag"), sdk::integer_of(own, "at_ms")};
    } catch (const sdk::Error&) {
        own_.clear();
    }
}

std::int64_t Versions::tick() {
    last_ms_ = std::max(host_.now_ms(), last_ms_ + 1);
    return last_ms_;
}

std::string Versions::seen(const std::string& id, std::string_view etag) {
    if (const auto own = own_.find(id); own != own_.end()) {
        if (own->second.etag == etag) return version_of(own->second.at_ms, etag);
        own_.erase(own);  // somebody has written since; should our content come back, it is newer
    }
    return version_of(tick(), etag);
}

std::string Versions::written(const std::string& id, std::string_view etag) {
    const std::int64_t now = tick();
    own_[id] = {std::string(etag), now};
    if (own_.size() > kOwnMax)
        own_.erase(std::ranges::min_element(own_, {},
                                            [](const auto& entry) { return entry.second.at_ms; }));
    return version_of(now, etag);
}

std::string Versions::gone(const std::string& id) {
    own_.erase(id);
    return version_of(tick(), {});
}

void Versions::save() {
    sdk::Json own = sdk::Json::object();
    for (const auto& [id, entry] : own_) own[id] = {{"etag", entry.etag}, {"at_ms", entry.at_ms}};
    const sdk::Json json{{"last_ms", last_ms_}, {"own", std::move(own)}};
    std::string text = json.dump();
    if (text == saved_) return;
    host_.put_state(text);
    saved_ = std::move(text);
}

}  // namespace kontor::carddav
