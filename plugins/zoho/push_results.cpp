#include "plugins/zoho/push_results.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>

#include "connectors/sdk/canonical.hpp"
#include "plugins/zoho/json_page.hpp"

namespace kontor::zoho {
namespace {

using sdk::Json;

struct Meaning {
    std::string_view code, status;
};

// Codes that are not here are "invalid": refused for good until somebody edits.
constexpr Meaning kMeanings[]{
    {"SUCCESS", "ok"},
    {"DUPLICATE_DATA", "duplicate"},
    {"RECORD_LOCKED", "locked"},
    {"NOT_APPROVED", "locked"},
    {"NOT_REVIEWED", "locked"},
    {"RECORD_IN_BLUEPRINT", "locked"},
    {"RECORD_NOT_DELETED", "locked"},
    {"NO_PERMISSION", "forbidden"},
    {"AUTHORIZATION_FAILED", "forbidden"},
    {"NOT_ALLOWED", "forbidden"},
    {"OAUTH_SCOPE_MISMATCH", "forbidden"},
    {"ALREADY_MODIFIED", "changed"},
    {"RESOURCE_NOT_FOUND", "missing"},
    {"LIMIT_EXCEEDED", "retry"},
    {"TOO_MANY_REQUESTS", "retry"},
    {"API_LIMIT_EXCEEDED", "retry"},
    {"INTERNAL_ERROR", "unknown"},
    {"INTERNAL_SERVER_ERROR", "unknown"},
};

std::string dependent_service(const Json& details) {
    const std::string why = sdk::text_of(details, "dependency_error");
    if (why == "NO_PERMISSION") return "forbidden";
    return why == "CANNOT_PROCESS" ? "invalid" : "retry";
}

// An unknown id is INVALID_DATA too, about the field "id" or with the id itself in the details. A
// refused value may name the record as well; what tells them apart then is the field.
bool about_the_id(const Json& details, const Change& change) {
    if (change.op == abi::Op::kCreate) return false;
    const std::string field = sdk::text_of(details, "api_name");
    if (!field.empty()) return field == "id";
    return !change.id.empty() && sdk::text_of(details, "id") == change.id;
}

std::string status_of(const std::string& code, const Json& details, const Change& change) {
    if (code == "DEPENDENT_SERVICE_ERROR") return dependent_service(details);
    if (code == "INVALID_DATA" && about_the_id(details, change)) return "missing";
    for (const Meaning& each : kMeanings)
        if (each.code == code) return std::string(each.status);
    return "invalid";
}

std::string version_of(std::string_view modified_time) {
    const auto ms = sdk::parse_instant(modified_time);
    return ms ? sdk::format_instant(*ms) : std::string();
}

const char* action_of(std::string_view said, const Change& change) {
    if (change.op == abi::Op::kDelete) return "delete";
    return said == "update" || change.op == abi::Op::kUpdate ? "update" : "create";
}

void add_details(const Json& details, sdk::PushResult& out) {
    out.version = version_of(sdk::text_of(details, "Modified_Time"));
    out.field = sdk::text_of(details, "api_name");
    if (out.field.empty()) out.field = sdk::text_of(sdk::member(details, "dependee"), "api_name");
}

// Whether an error element speaks of the request as a whole and not of its first record.
bool whole_request(const sdk::HttpResponse& response, const std::string& code) {
    static constexpr std::array<std::string_view, 14> kCodes{
        "INVALID_MODULE",      "INVALID_REQUEST_METHOD", "REQUIRED_PARAM_MISSING",
        "INVALID_URL_PATTERN", "AUTHORIZATION_FAILED",   "OAUTH_SCOPE_MISMATCH",
        "INVALID_TOKEN",       "INVALID_OAUTHTOKEN",     "AUTHENTICATION_FAILURE",
        "TOO_MANY_REQUESTS",   "INTERNAL_ERROR",         "NO_PERMISSION",
        "PATTERN_NOT_MATCHED", "INVALID_REQUEST"};
    return response.status >= 400 && response.status != 412 &&
           std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

const Json* answer_for(const Json& list, const Change& change, std::size_t index) {
    if (change.op == abi::Op::kDelete) {
        for (const Json& each : list)
            if (sdk::text_of(sdk::member(each, "details"), "id") == change.id) return &each;
    }
    if (index >= list.size()) return nullptr;
    // A delete's answer that names another id is that one's.
    const std::string id = sdk::text_of(sdk::member(list[index], "details"), "id");
    return change.op == abi::Op::kDelete && !id.empty() && id != change.id ? nullptr : &list[index];
}

void unknown(const char* why, const std::vector<const Change*>& changes,
             std::vector<sdk::PushResult>& results) {
    for (const Change* change : changes) {
        sdk::PushResult& result = results[change->position];
        result = sdk::PushResult();
        result.message = why;
    }
}

// "" if it cannot be one of Zoho's: it would be a part of later requests.
std::string id_in(const Json& object) {
    std::string id = sdk::text_of(object, "id");
    return is_id(id) ? id : std::string();
}

using Element = simdjson::dom::element;

std::string_view text_in(const Element& object, std::string_view key) {
    std::string_view out;
    return object[key].get(out) == simdjson::SUCCESS ? out : std::string_view();
}

// What result_of() makes of an element that says that all is well; nullopt if it may say more.
std::optional<sdk::PushResult> plain_success(const Element& element, const Change& change) {
    Element details;
    if (text_in(element, "code") != "SUCCESS" || text_in(element, "status") != "success" ||
        element["details"].get(details) != simdjson::SUCCESS)
        return std::nullopt;
    sdk::PushResult out;
    out.id = text_in(details, "id");
    if (!is_id(out.id) || (change.op == abi::Op::kDelete && out.id != change.id))
        return std::nullopt;
    out.status = "ok";
    out.version = version_of(text_in(details, "Modified_Time"));
    out.action = action_of(text_in(element, "action"), change);
    return out;
}

// Nearly always every change was carried out, and there are as many answers as records pushed.
// False, and `results` as it was, if this answer needs a closer look.
bool settle_successes(std::string_view body, const std::vector<const Change*>& changes,
                      std::vector<sdk::PushResult>& results) {
    simdjson::dom::parser parser;
    simdjson::dom::array list;
    if (parser.allocate(body.size(), sdk::kJsonDepthMax) != simdjson::SUCCESS ||
        parser.parse(body.data(), body.size())["data"].get(list) != simdjson::SUCCESS ||
        list.size() != changes.size())
        return false;
    std::vector<sdk::PushResult> found;
    found.reserve(changes.size());
    for (const Element element : list) {
        auto result = plain_success(element, *changes[found.size()]);
        if (!result) return false;
        found.push_back(std::move(*result));
    }
    for (std::size_t i = 0; i < changes.size(); ++i)
        results[changes[i]->position] = std::move(found[i]);
    return true;
}

}  // namespace

sdk::PushResult result_of(const Json& element, const Change& change) {
    sdk::PushResult out;
    out.code = sdk::text_of(element, "code");
    const Json* details = &sdk::member(element, "details");
    std::string message = sdk::text_of(element, "message");
    if (out.code == "MULTIPLE_OR_MULTI_ERRORS") {
        if (const Json& errors = sdk::member(*details, "errors");
            errors.is_array() && !errors.empty()) {
            out.code = sdk::text_of(errors[0], "code");
            message = sdk::text_of(errors[0], "message");
            details = &sdk::member(errors[0], "details");
        }
    }
    if (out.code.empty()) return out;  // an element that says nothing
    out.status = status_of(out.code, *details, change);
    if (out.code == "SUCCESS" && sdk::text_of(element, "status") == "error") out.status = "unknown";
    add_details(*details, out);
    if (out.status == "ok") {
        out.id = id_in(*details);
        if (out.id.empty()) out.id = change.id;
        out.action = action_of(sdk::text_of(element, "action"), change);
        out.field.clear();
        out.code.clear();
        // Carried out, but where? Only a read-back can tell.
        if (out.id.empty()) out.status = "unknown";
        return out;
    }
    if (out.status == "duplicate") {
        out.id = id_in(*details);
        if (out.id.empty()) out.id = id_in(sdk::member(*details, "duplicate_record"));
    }
    out.message = message.substr(0, 500);
    return out;
}

bool settle(const sdk::HttpResponse& response, const std::vector<const Change*>& changes,
            std::vector<sdk::PushResult>& results) {
    if (response.status >= 500) {
        unknown("the server failed", changes, results);
        return true;
    }
    if (response.status == 401 || response.status == 429) return false;
    if (settle_successes(response.body, changes, results)) return true;
    Json json;
    try {
        json = json_body(response, "write");
    } catch (const sdk::Error&) {
        // An HTML page with 403 from a proxy is no answer of Zoho's either way.
        unknown("the answer cannot be read", changes, results);
        return true;
    }
    const Json& list = sdk::member(json, "data");
    const bool bare = !list.is_array();
    if (bare && sdk::text_of(json, "code").empty()) {
        unknown("the answer says nothing of the records", changes, results);
        return true;
    }
    const bool one_for_all = bare || (list.size() == 1 && changes.size() > 1 &&
                                      whole_request(response, sdk::text_of(list[0], "code")));
    if (one_for_all) {
        const Json& element = bare ? json : list[0];
        for (const Change* change : changes)
            results[change->position] = result_of(element, *change);
        return true;
    }
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const Json* element = answer_for(list, *changes[i], i);
        sdk::PushResult& result = results[changes[i]->position];
        result = element == nullptr ? sdk::PushResult() : result_of(*element, *changes[i]);
        if (element == nullptr) result.message = "the answer does not speak of this record";
    }
    return true;
}

}  // namespace kontor::zoho
