#include "plugins/rest/answer.hpp"

#include <algorithm>
#include <charconv>

#include "connectors/declarative/template.hpp"

namespace kontor::rest {
namespace {

using declarative::Means;
using declarative::Rule;

constexpr std::size_t kMessageMax = 300;

bool names(const std::vector<std::string>& list, std::string_view name) {
    return list.empty() || std::ranges::find(list, name) != list.end();
}

// A member that says "no error" is often there and null, false, or empty.
bool says_something(const Json* value) {
    return value != nullptr && !value->is_null() && *value != false && *value != "" &&
           !(value->is_structured() && value->empty());
}

bool fits(const Rule& rule, const Reply& reply, const declarative::Request& request,
          const declarative::Stream* stream) {
    if (!names(rule.requests, request.name)) return false;
    if (!rule.streams.empty() && (stream == nullptr || !names(rule.streams, stream->name)))
        return false;
    if (!rule.statuses.empty() && std::ranges::none_of(rule.statuses, [&](int status) {
            return status == reply.status || status == reply.status / 100;
        }))
        return false;
    if (!rule.header.empty()) {
        const auto value = reply.header(rule.header);
        if (value.empty() || value.find(rule.header_contains) == std::string::npos) return false;
    }
    const Json* value = rule.path ? rule.path->find(reply.body) : &reply.body;
    if (!rule.equals.empty()) {
        if (value == nullptr || std::ranges::find(rule.equals, *value) == rule.equals.end())
            return false;
    } else if (rule.path && !says_something(value)) {
        return false;
    }
    if (!rule.contains.empty() &&
        (value == nullptr || declarative::as_text(*value).find(rule.contains) == std::string::npos))
        return false;
    return true;
}

Means usual(int status) {
    if (status >= 200 && status < 300) return Means::kOk;
    switch (status) {
        case 401:
            return Means::kUnauthenticated;
        case 403:
            return Means::kForbidden;
        case 404:
        case 410:
            return Means::kMissing;
        case 412:
            return Means::kChanged;
        case 423:
            return Means::kLocked;
        case 429:
            return Means::kRateLimited;
        case 408:
            return Means::kUnavailable;
        default:
            return status >= 500 ? Means::kUnavailable : Means::kInvalid;
    }
}

std::string first_text(const std::vector<declarative::Pointer>& places, const Json& body) {
    for (const auto& place : places)
        if (const Json* found = place.find(body); says_something(found)) {
            std::string text = declarative::as_text(*found);
            for (char& c : text)
                if (static_cast<unsigned char>(c) < 0x20) c = ' ';
            if (text.size() > kMessageMax) {
                auto end = kMessageMax;
                while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
                text.resize(end);
            }
            return text;
        }
    return {};
}

kontor_status status_of(Means means) {
    switch (means) {
        case Means::kMissing:
            return KONTOR_E_NOT_FOUND;
        case Means::kForbidden:
            return KONTOR_E_PERMISSION;
        case Means::kUnauthenticated:
            return KONTOR_E_UNAUTHENTICATED;
        case Means::kRateLimited:
            return KONTOR_E_RATE_LIMITED;
        case Means::kUnavailable:
        case Means::kLocked:
            return KONTOR_E_UNAVAILABLE;
        case Means::kInvalid:
            return KONTOR_E_INVALID;
        default:
            return KONTOR_E_PROTOCOL;
    }
}

}  // namespace

void judge(Reply& reply, const declarative::Errors& errors, const declarative::Request& request,
           const declarative::Stream* stream) {
    const auto rule = std::ranges::find_if(
        errors.rules, [&](const Rule& each) { return fits(each, reply, request, stream); });
    reply.means = rule == errors.rules.end() ? usual(reply.status) : rule->means;
    if (reply.ok()) return;
    reply.code = first_text(errors.code, reply.body);
    reply.message = first_text(errors.message, reply.body);
    if (rule == errors.rules.end()) return;
    if (rule->id) reply.other_id = first_text({*rule->id}, reply.body);
    if (rule->field) reply.field = first_text({*rule->field}, reply.body);
}

std::string explained(const Reply& reply, const declarative::Request& request,
                      const declarative::Stream* stream) {
    std::string out = request.name;
    if (stream != nullptr) out += " " + stream->name;
    out += ": HTTP " + std::to_string(reply.status);
    for (const auto* part : {&reply.code, &reply.message})
        if (!part->empty()) out += ": " + *part;
    return out;
}

sdk::Error failure(const Reply& reply, const declarative::Request& request,
                   const declarative::Stream* stream) {
    sdk::Error out(status_of(reply.means), explained(reply, request, stream));
    if (stream != nullptr) out.stream(stream->name);
    const auto after = reply.header("retry-after");
    std::int64_t seconds = 0;
    const auto read = std::from_chars(after.data(), after.data() + after.size(), seconds);
    if (read.ec == std::errc() && !after.empty() && seconds >= 0 && seconds < 7 * 86'400)
        out.retry_after_ms(seconds * 1000);
    return out;
}

}  // namespace kontor::rest
