#include "plugins/carddav/versions.hpp"

#include <algorithm>

#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::carddav {
namespace {

// The host keeps 64 KiB; an entry has up to some 540 bytes.
constexpr std::size_t kRecentMax = 110;
// Clocks may differ.
constexpr std::int64_t kRecentMs = 600'000;
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
        for (const auto& [id, each] : sdk::member(json, "recent").items()) {
            Recent& recent = recent_[id];
            recent.etag = sdk::text_of(each, "etag");
            recent.at_ms = sdk::integer_of(each, "at_ms");
            if (each.contains("modified")) recent.modified = sdk::integer_of(each, "modified");
        }
    } catch (const std::exception&) {
        recent_.clear();
    }
}

std::int64_t Versions::tick() {
    last_ms_ = std::max(host_.now_ms(), last_ms_ + 1);
    return last_ms_;
}

std::string Versions::remember(const std::string& id, std::string_view etag,
                               const Modified& modified, std::int64_t at_ms) {
    recent_[id] = {std::string(etag), modified, at_ms};
    if (recent_.size() > kRecentMax)
        recent_.erase(std::ranges::min_element(
            recent_, {}, [](const auto& entry) { return entry.second.at_ms; }));
    return version_of(at_ms, etag);
}

std::string Versions::seen(const std::string& id, std::string_view etag, const Modified& modified) {
    const auto known = recent_.find(id);
    const bool same_time = known != recent_.end() && known->second.modified == modified;
    // Some servers tell the time of one card alone, and not in lists.
    if (known != recent_.end() && known->second.etag == etag &&
        (same_time || !modified || !known->second.modified))
        return version_of(known->second.at_ms, etag);
    if (!modified) {
        // Somebody has written since ours; should our content come back, it is newer.
        if (known != recent_.end()) recent_.erase(known);
        return version_of(tick(), etag);
    }
    // Another one within the same second.
    if (same_time) return remember(id, etag, modified, known->second.at_ms + 1);
    // It may change once more within this second.
    if (host_.now_ms() - *modified < kRecentMs) return remember(id, etag, modified, *modified);
    return version_of(*modified, etag);
}

std::string Versions::wrote(const std::string& id, std::string_view etag,
                            const Modified& modified) {
    if (modified) return seen(id, etag, modified);
    return remember(id, etag, modified, tick());
}

std::string Versions::gone(const std::string& id) {
    recent_.erase(id);
    return version_of(tick(), {});
}

void Versions::save() {
    sdk::Json recent = sdk::Json::object();
    for (const auto& [id, entry] : recent_) {
        recent[id] = {{"etag", entry.etag}, {"at_ms", entry.at_ms}};
        if (entry.modified) recent[id]["modified"] = *entry.modified;
    }
    const sdk::Json json{{"last_ms", last_ms_}, {"recent", std::move(recent)}};
    std::string text = json.dump();
    if (text == saved_) return;
    host_.put_state(text);
    saved_ = std::move(text);
}

Versions::Modified modified_of(const Resource& resource) {
    return sdk::parse_http_date(resource.modified);
}

}  // namespace kontor::carddav
