#include "tests/peers/zoho/credits.hpp"

#include <algorithm>
#include <string_view>

#include "tests/peers/base/times.hpp"

namespace kontor::peer::zoho {

namespace {

constexpr std::int64_t kUsers = 5;
constexpr std::size_t kManyRecords = 10;

/// Objects in the lists of a JSON object, of which `data` is the only long one. Read without
/// building values: a write is looked at before its turn comes.
std::size_t elements_of(std::string_view body) {
    std::size_t found = 0;
    int depth = 0;
    bool in_text = false;
    for (std::size_t i = 0; i < body.size(); ++i) {
        const char c = body[i];
        if (in_text) {
            if (c == '\\') ++i;
            if (c == '"') in_text = false;
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            if (depth++ == 2 && c == '{') ++found;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return found;
}

std::size_t names_in(std::string_view list) {
    return static_cast<std::size_t>(std::count(list.begin(), list.end(), ',')) + 1;
}

}  // namespace

bool is_heavy(const Request& request) {
    std::string_view path = request.path();
    if (!path.starts_with("/crm/v")) return false;
    path.remove_prefix(std::min(path.size(), path.find('/', 5)));
    if (path == "/coql" || path.ends_with("/search")) return true;
    const Parameters query = parse_query(request.query());
    if (request.method == "GET") return find_parameter(query, "cvid").has_value();
    if (request.method == "DELETE")
        return names_in(find_parameter(query, "ids").value_or("")) > kManyRecords;
    const bool sub_resource = path.find('/', 1) != std::string_view::npos;
    if (path == "/upload" || (sub_resource && !path.ends_with("/upsert"))) return false;
    return elements_of(request.body) > kManyRecords;
}

EditionLimits edition_limits(const Switches& switches) {
    const std::string& edition = switches.text("edition");
    EditionLimits limits{50000 + kUsers * 1000, 20};
    if (edition == "free") limits = {5000, 5};
    if (edition == "standard") limits = {50000 + kUsers * 250, 10};
    if (edition == "professional") limits = {50000 + kUsers * 500, 15};
    if (edition == "ultimate") limits = {50000 + kUsers * 2000, 25};
    if (const std::int64_t daily = switches.number("credits_daily"); daily > 0)
        limits.daily_credits = daily;
    return limits;
}

std::int64_t Credits::used(std::int64_t now_s) {
    while (!spent_.empty() && spent_.front().at_s <= now_s - kDaySeconds) {
        sum_ -= spent_.front().cost;
        spent_.pop_front();
    }
    return sum_;
}

bool Credits::take(std::int64_t cost, std::int64_t now_s, std::int64_t daily) {
    if (used(now_s) + cost > daily) return false;
    if (!spent_.empty() && spent_.back().at_s == now_s) {
        spent_.back().cost += cost;
    } else {
        spent_.push_back({now_s, cost});
    }
    sum_ += cost;
    total_ += cost;
    return true;
}

}  // namespace kontor::peer::zoho
