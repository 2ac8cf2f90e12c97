#include "plugins/limesurvey/cursor.hpp"

#include <charconv>

#include "connectors/sdk/json.hpp"

namespace kontor::limesurvey {
namespace {

using sdk::Json;

// Whoever has not gone on after this long is met by the next full read.
constexpr std::int64_t kOpenForMs = 3LL * 86'400'000;
constexpr std::size_t kOpenMax = 1'000;

}  // namespace

std::int64_t Progress::next() const {
    return open.empty() ? last + 1 : std::min(open.begin()->first, last + 1);
}

void Progress::note(std::int64_t id, bool complete, std::int64_t now_ms) {
    last = std::max(last, id);
    const auto known = open.find(id);
    if (complete) {
        if (known != open.end()) open.erase(known);
        return;
    }
    if (known == open.end() && open.size() < kOpenMax) open.emplace(id, now_ms);
    std::erase_if(open, [&](const auto& each) { return now_ms - each.second > kOpenForMs; });
}

std::string Cursor::encode() const {
    Json all = Json::object();
    for (const auto& [survey, progress] : surveys) {
        Json open = Json::object();
        for (const auto& [id, since] : progress.open) open[std::to_string(id)] = since;
        all[survey] = {{"last", progress.last}, {"full", progress.full_ms}, {"open", open}};
    }
    return Json{{"v", 1}, {"surveys", all}}.dump();
}

Cursor Cursor::decode(std::string_view text) {
    Cursor out;
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object() || sdk::integer_of(json, "v") != 1) return out;
    const Json& all = sdk::member(json, "surveys");
    if (!all.is_object()) return out;
    for (const auto& [survey, saved] : all.items()) {
        Progress& progress = out.surveys[survey];
        progress.last = sdk::integer_of(saved, "last");
        progress.full_ms = sdk::integer_of(saved, "full");
        const Json& open = sdk::member(saved, "open");
        if (!open.is_object()) continue;
        for (const auto& [id, since] : open.items()) {
            std::int64_t number = 0;
            std::from_chars(id.data(), id.data() + id.size(), number);
            if (number > 0 && since.is_number_integer())
                progress.open[number] = since.get<std::int64_t>();
        }
    }
    return out;
}

}  // namespace kontor::limesurvey
