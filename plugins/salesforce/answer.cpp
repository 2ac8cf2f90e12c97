#include "plugins/salesforce/answer.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>

#include "plugins/salesforce/ids.hpp"

namespace kontor::salesforce {
namespace {

constexpr std::size_t kMessageMax = 200;
constexpr std::int64_t kHourMs = 3'600'000;  // the day's count goes down hour by hour
constexpr std::int64_t kShortPauseMs = 30'000;

struct CodeRow {
    std::string_view code;
    Trouble trouble;
};

// What is not here is about the request alone, and nobody but its sender can do anything.
constexpr CodeRow kCodes[]{
    {"SERVER_UNAVAILABLE", Trouble::kBusy},
    {"UNKNOWN_EXCEPTION", Trouble::kBusy},
    {"QUERY_TIMEOUT", Trouble::kBusy},
    {"REQUEST_RUNNING_TOO_LONG", Trouble::kBusy},
    {"UNABLE_TO_LOCK_ROW", Trouble::kLock},
    {"REQUEST_LIMIT_EXCEEDED", Trouble::kLimit},
    {"CONCURRENT_REQUESTS_LIMIT_EXCEEDED", Trouble::kLimit},
    {"EXCEEDED_MAX_SEMIJOIN_SUBSELECTS", Trouble::kRequest},
    {"INVALID_SESSION_ID", Trouble::kCredentials},
    {"INVALID_LOGIN", Trouble::kCredentials},
    {"PASSWORD_LOCKOUT", Trouble::kCredentials},
    {"API_DISABLED_FOR_ORG", Trouble::kNoRight},
    {"API_CURRENTLY_DISABLED", Trouble::kNoRight},
    {"INSUFFICIENT_ACCESS", Trouble::kNoRight},
    {"INSUFFICIENT_ACCESS_OR_READONLY", Trouble::kNoRight},
    {"INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", Trouble::kNoRight},
    {"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", Trouble::kRequest},
    {"OPERATION_NOT_ALLOWED", Trouble::kNoRight},
    {"ENTITY_IS_LOCKED", Trouble::kLocked},
    {"ENTITY_IS_DELETED", Trouble::kMissing},
    {"NOT_FOUND", Trouble::kMissing},
    {"INVALID_TYPE", Trouble::kMissing},
    {"DUPLICATE_VALUE", Trouble::kTaken},
    {"DUPLICATE_EXTERNAL_ID", Trouble::kTaken},
    {"INVALID_FIELD", Trouble::kNoField},
    {"INVALID_QUERY_LOCATOR", Trouble::kLocator},
    {"INVALID_REPLICATION_DATE", Trouble::kNoFeed},
    {"EXCEEDED_ID_LIMIT", Trouble::kNoFeed},
};

// Cut at a character's beginning.
std::string cut(std::string text) {
    if (text.size() <= kMessageMax) return text;
    std::size_t end = kMessageMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
    return text;
}

kontor_status status_of(Trouble trouble) {
    switch (trouble) {
        case Trouble::kBusy:
        case Trouble::kLock:
            return KONTOR_E_UNAVAILABLE;
        case Trouble::kLimit:
            return KONTOR_E_RATE_LIMITED;
        case Trouble::kCredentials:
            return KONTOR_E_UNAUTHENTICATED;
        case Trouble::kNoRight:
            return KONTOR_E_PERMISSION;
        case Trouble::kMissing:
            return KONTOR_E_NOT_FOUND;
        default:
            return KONTOR_E_INVALID;
    }
}

// "… duplicates value on record with id: 0035g00000ABCDE": the record that has it.
std::string named_record(const std::string& message) {
    constexpr std::string_view kBefore = "with id: ";
    const auto at = message.find(kBefore);
    if (at == std::string::npos) return {};
    std::string id = message.substr(at + kBefore.size());
    const auto end =
        std::find_if(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) == 0; });
    id.erase(end, id.end());
    return is_id(id) ? full_id(id) : std::string();
}

const char* result_status(Trouble trouble) {
    switch (trouble) {
        case Trouble::kBusy:
            return "unknown";
        case Trouble::kLock:
        case Trouble::kLimit:
            return "retry";
        case Trouble::kNoRight:
            return "forbidden";
        case Trouble::kLocked:
            return "locked";
        case Trouble::kMissing:
            return "missing";
        case Trouble::kTaken:
            return "duplicate";
        case Trouble::kChanged:
            return "changed";
        default:
            return "invalid";
    }
}

}  // namespace

Trouble trouble_of(int status, std::string_view code) {
    for (const CodeRow& row : kCodes)
        if (row.code == code) return row.trouble;
    if (status == 401) return Trouble::kCredentials;
    if (status == 412) return Trouble::kChanged;
    if (status == 429) return Trouble::kLimit;
    if (status == 404 || status == 410) return Trouble::kMissing;
    if (status >= 500) return Trouble::kBusy;
    return Trouble::kRequest;
}

Problem first_problem(const sdk::Json& list) {
    if (!list.is_array() || list.empty()) return {};
    Problem out;
    out.code = sdk::text_of(list[0], "errorCode");
    if (out.code.empty()) out.code = sdk::text_of(list[0], "statusCode");
    out.message = sdk::text_of(list[0], "message");
    for (const sdk::Json& field : sdk::member(list[0], "fields"))
        if (field.is_string()) out.fields.push_back(field.get<std::string>());
    return out;
}

Reply read_reply(const sdk::HttpResponse& response, std::string_view doing) {
    const std::string what(doing);
    Reply out;
    out.status = response.status;
    if (response.status == 204) return out;
    const auto first = response.body.find_first_not_of(" \t\r\n");
    const bool json = first != std::string_view::npos && response.body[first] != '<';
    if (out.ok()) {
        if (!json)
            throw sdk::Error(KONTOR_E_PROTOCOL, what + ": the answer is not JSON, but a page");
        out.body = sdk::parse_json(response.body, doing);
        return out;
    }
    if (json) {
        try {
            out.body = sdk::parse_json(response.body, doing);
        } catch (const sdk::Error&) {
            out.body = nullptr;  // a gateway's words; the status says enough
        }
        out.problem = first_problem(out.body);
    }
    if (out.problem.code.empty()) {
        if (response.status >= 300 && response.status < 400)
            throw sdk::Error(KONTOR_E_PROTOCOL, what + ": HTTP " + std::to_string(out.status));
        out.problem.code = "HTTP_" + std::to_string(out.status);
    }
    return out;
}

std::string explained(const Problem& problem, std::string_view doing) {
    std::string out = std::string(doing) + ": " + cut(problem.code);
    if (!problem.message.empty()) out += " " + cut(problem.message);
    return out;
}

sdk::Error failure(const Reply& reply, std::string_view doing) {
    const Trouble trouble = trouble_of(reply.status, reply.problem.code);
    sdk::Error error(status_of(trouble), explained(reply.problem, doing));
    if (trouble == Trouble::kLimit)
        error.retry_after_ms(reply.problem.code == "REQUEST_LIMIT_EXCEEDED" ? kHourMs
                                                                            : kShortPauseMs);
    return error;
}

sdk::PushResult refusal(const Problem& problem, int status, std::string_view id) {
    Trouble trouble = trouble_of(status, problem.code);
    // A collection says so of a record that is not there; with a field it is about what that names.
    if (problem.code == "INVALID_CROSS_REFERENCE_KEY" && problem.fields.empty() && !id.empty())
        trouble = Trouble::kMissing;
    sdk::PushResult out;
    out.status = result_status(trouble);
    out.code = cut(problem.code);
    out.message = cut(problem.message);
    if (!problem.fields.empty()) out.field = problem.fields.front();
    if (trouble == Trouble::kTaken) {
        out.id = named_record(problem.message);
        if (out.id.empty()) out.status = "invalid";
    }
    return out;
}

}  // namespace kontor::salesforce
