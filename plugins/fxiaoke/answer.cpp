#include "plugins/fxiaoke/answer.hpp"

#include <charconv>
#include <cstdint>

namespace kontor::fxiaoke {
namespace {

constexpr std::size_t kMessageMax = 200;

kontor_status status_of(Trouble trouble) {
    switch (trouble) {
        case Trouble::kBusy:
            return KONTOR_E_UNAVAILABLE;
        case Trouble::kRate:
        case Trouble::kDayQuota:
            return KONTOR_E_RATE_LIMITED;
        case Trouble::kNoQuota:
        case Trouble::kNoRight:
            return KONTOR_E_PERMISSION;
        case Trouble::kCredentials:
            return KONTOR_E_UNAUTHENTICATED;
        case Trouble::kNone:
        case Trouble::kRequest:
            break;
    }
    return KONTOR_E_INVALID;
}

// Cut at a character's beginning.
std::string cut(std::string text) {
    if (text.size() <= kMessageMax) return text;
    std::size_t end = kMessageMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
    return text;
}

}  // namespace

Trouble trouble_of(int code) {
    switch (code) {
        case 0:
            return Trouble::kNone;
        case -1:
        case -2:
        case 50009:
            return Trouble::kBusy;
        case 14001:
        case 30004:
            return Trouble::kRate;
        case 30002:
            return Trouble::kDayQuota;
        case 30003:
        case 20020:
        case 20021:
        case 20022:
        case 15003:
            return Trouble::kNoQuota;
        case 20005:
        case 20006:
        case 20015:
        case 20016:
        case 20017:
            return Trouble::kCredentials;
        case 20012:
        case 20014:
        case 20023:
        case 30027:
            return Trouble::kNoRight;
        default:
            return Trouble::kRequest;
    }
}

Reply read_reply(const sdk::HttpResponse& response, std::string_view doing) {
    const std::string what(doing);
    if (response.status != 200)
        throw sdk::Error(response.status >= 500   ? KONTOR_E_UNAVAILABLE
                         : response.status == 401 ? KONTOR_E_UNAUTHENTICATED
                                                  : KONTOR_E_PROTOCOL,
                         what + ": HTTP " + std::to_string(response.status));
    const auto first = response.body.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && response.body[first] == '<')
        throw sdk::Error(KONTOR_E_PROTOCOL, what + ": the answer is an HTML page, not JSON");
    Reply out;
    out.body = sdk::parse_json(response.body, doing);
    const std::string code = sdk::text_of(out.body, "errorCode");
    const auto [end, error] = std::from_chars(code.data(), code.data() + code.size(), out.code);
    if (code.empty() || error != std::errc() || end != code.data() + code.size())
        throw sdk::Error(KONTOR_E_PROTOCOL, what + ": the answer has no errorCode");
    out.message = sdk::text_of(out.body, "errorMessage");
    out.trace = sdk::text_of(out.body, "traceId");
    return out;
}

std::string explained(const Reply& reply, std::string_view doing) {
    std::string out = std::string(doing) + ": " + std::to_string(reply.code);
    if (!reply.message.empty()) out += " " + cut(reply.message);
    // Their support asks for it.
    if (!reply.trace.empty()) out += " (traceId " + cut(reply.trace) + ")";
    return out;
}

sdk::Error failure(const Reply& reply, std::string_view doing, std::int64_t ms_until_midnight) {
    const Trouble trouble = trouble_of(reply.code);
    sdk::Error error(status_of(trouble), explained(reply, doing));
    if (trouble == Trouble::kRate) error.retry_after_ms(kRatePauseMs);
    if (trouble == Trouble::kDayQuota) error.retry_after_ms(ms_until_midnight);
    return error;
}

}  // namespace kontor::fxiaoke
