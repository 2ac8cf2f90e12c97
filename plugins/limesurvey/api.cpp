#include "plugins/limesurvey/api.hpp"

#include <algorithm>

#include "connectors/declarative/time_format.hpp"
#include "connectors/sdk/base64.hpp"
#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/error.hpp"
#include "plugins/limesurvey/export.hpp"

namespace kontor::limesurvey {
namespace {

constexpr std::int64_t kExportBytesMax = std::int64_t{256} << 20;
constexpr std::int64_t kParticipantsAtOnce = 1'000;
constexpr std::int64_t kParticipantsMax = 1'000'000;
constexpr std::size_t kStatusBytesMax = 120;

std::string status_of(const Json& result) {
    return result.is_object() ? sdk::text_of(result, "status") : std::string();
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> known) {
    return std::ranges::find(known, text) != known.end();
}

}  // namespace

Options read_options(std::string_view config) {
    const Json json = sdk::parse_json(config, "config");
    const Json& given = sdk::member(json, "options");
    Options out;
    out.url = sdk::text_of(given, "url");
    for (const Json& survey : sdk::member(given, "surveys"))
        out.surveys.push_back(survey.is_string() ? survey.get<std::string>() : survey.dump());
    const auto zone = sdk::text_of(given, "time_zone");
    const auto offset = declarative::parse_zone(zone.empty() ? "Z" : zone);
    if (!offset)
        throw sdk::Error(KONTOR_E_INVALID,
                         "time_zone " + zone + ": must be an offset such as +08:00, or Z");
    out.offset_ms = *offset;
    out.participants = sdk::flag_of(given, "participants", true);
    return out;
}

// The session's key goes where the first parameter stands; the host puts it there.
Json Api::call(std::string_view method, Json params, std::int64_t max_body) {
    params.insert(params.begin(), nullptr);
    sdk::HttpRequest http;
    http.method = "POST";
    http.url = options_.url;
    http.header("Content-Type", "application/json");
    http.body = Json{{"method", method}, {"params", std::move(params)}, {"id", 1}}.dump();
    http.idempotent = true;
    http.max_body = max_body;
    const auto answer = host_.http(http);
    if (const auto at = sdk::parse_http_date(answer.header("date")))
        skew_ms_ = *at - host_.now_ms();
    const std::string what(method);
    if (answer.status == 429) throw sdk::Error(KONTOR_E_RATE_LIMITED, what + ": HTTP 429");
    if (answer.status >= 500)
        throw sdk::Error(KONTOR_E_UNAVAILABLE, what + ": HTTP " + std::to_string(answer.status));
    if (answer.status != 200)
        throw sdk::Error(KONTOR_E_INVALID, what + ": HTTP " + std::to_string(answer.status) +
                                               "; is url the address of RemoteControl?");
    // A page of HTML, or nothing at all, is what it says while the interface is switched off.
    if (answer.body.find_first_not_of(" \t\r\n") == std::string_view::npos ||
        answer.body.front() == '<')
        throw sdk::Error(KONTOR_E_PROTOCOL,
                         what +
                             ": the answer is not JSON; is the interface set to JSON-RPC in the "
                             "global settings?");
    const Json reply = sdk::parse_json(answer.body, what);
    if (const Json& error = sdk::member(reply, "error"); !error.is_null())
        throw sdk::Error(KONTOR_E_PROTOCOL, what + ": the server reports an error of the call");
    return sdk::member(reply, "result");
}

void Api::refuse(std::string_view method, const std::string& survey,
                 const std::string& status) const {
    auto code = KONTOR_E_PROTOCOL;
    if (status == "Invalid session key") code = KONTOR_E_UNAUTHENTICATED;
    if (status == "No permission") code = KONTOR_E_PERMISSION;
    if (status == "Error: Invalid survey ID") code = KONTOR_E_INVALID;
    throw sdk::Error(code, std::string(method) + (survey.empty() ? "" : " of survey " + survey) +
                               ": " + status.substr(0, kStatusBytesMax));
}

std::vector<std::string> Api::surveys() {
    if (!options_.surveys.empty()) return options_.surveys;
    const Json result = call("list_surveys", Json::array());
    const auto status = status_of(result);
    if (status == "No surveys found") return {};
    if (!status.empty()) refuse("list_surveys", "", status);
    std::vector<std::string> out;
    if (result.is_array())
        for (const Json& survey : result)
            if (sdk::text_of(survey, "active") == "Y") out.push_back(sdk::text_of(survey, "sid"));
    std::ranges::sort(out);
    return out;
}

std::optional<std::vector<Json>> Api::responses(const std::string& survey, const Range& range) {
    const Json to = range.to == 0 ? Json() : Json(range.to);
    const Json result =
        call("export_responses",
             Json::array({survey, "json", nullptr, "all", "code", "short", range.from, to}),
             kExportBytesMax);
    const auto status = status_of(result);
    if (is_one_of(status,
                  {"No Data, survey table does not exist.", "No Data, could not get max id."}))
        return std::nullopt;
    if (!status.empty()) refuse("export_responses", survey, status);
    const auto text =
        result.is_string() ? sdk::from_base64(result.get_ref<const std::string&>()) : std::nullopt;
    if (!text)
        throw sdk::Error(KONTOR_E_PROTOCOL,
                         "export_responses of survey " + survey + ": the answer is not base64");
    return rows_of(sdk::parse_json(*text, "export_responses of survey " + survey), survey);
}

std::map<std::string, std::string> Api::addresses(const std::string& survey) {
    std::map<std::string, std::string> out;
    for (std::int64_t start = 0; start < kParticipantsMax; start += kParticipantsAtOnce) {
        const Json result =
            call("list_participants", Json::array({survey, start, kParticipantsAtOnce, false}));
        const auto status = status_of(result);
        if (is_one_of(status,
                      {"No survey participants found.", "No survey participants table",
                       "Error: No survey participants table", "No survey participants table found",
                       "No Tokens found", "Error: No token table"}))
            return out;
        // The addresses are a help: without the right to see them, the answers come without.
        if (status == "No permission") {
            host_.log(sdk::LogLevel::kWarning, "limesurvey.no_participants", {{"survey", survey}});
            return out;
        }
        if (!status.empty()) refuse("list_participants", survey, status);
        if (!result.is_array()) return out;
        for (const Json& each : result)
            out[sdk::text_of(each, "token")] =
                sdk::text_of(sdk::member(each, "participant_info"), "email");
        if (static_cast<std::int64_t>(result.size()) < kParticipantsAtOnce) return out;
    }
    return out;
}

}  // namespace kontor::limesurvey
