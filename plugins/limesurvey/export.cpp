#include "plugins/limesurvey/export.hpp"

#include <charconv>
#include <set>

#include "connectors/declarative/time_format.hpp"
#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/error.hpp"

namespace kontor::limesurvey {
namespace {

// Columns that are no questions.
const std::set<std::string, std::less<>> kOwn{"id",     "submitdate", "lastpage",  "startlanguage",
                                              "seed",   "token",      "startdate", "datestamp",
                                              "ipaddr", "refurl"};

// Surveys that keep no times write this where they mean "yes".
constexpr std::string_view kNoTime = "1980-01-01";

std::optional<std::int64_t> moment(const Json& row, const char* column, std::int64_t offset_ms) {
    const auto text = sdk::text_of(row, column);
    if (text.empty() || text.starts_with(kNoTime)) return std::nullopt;
    return declarative::read_time(text, "%Y-%m-%d %H:%M:%S", offset_ms);
}

// {"17": {…}}: the row within, as older versions wrap it.
const Json& unwrapped(const Json& row) {
    const bool wrapped = row.is_object() && row.size() == 1 && row.begin()->is_object();
    return wrapped ? *row.begin() : row;
}

}  // namespace

std::vector<Json> rows_of(const Json& exported, const std::string& survey) {
    const Json& list = exported.is_array() ? exported : sdk::member(exported, "responses");
    if (!list.is_structured())
        throw sdk::Error(KONTOR_E_PROTOCOL,
                         "export_responses of survey " + survey + ": there are no responses in it");
    std::vector<Json> out;
    for (const Json& each : list) {
        const Json& row = unwrapped(each);
        if (id_of(row) == 0)
            throw sdk::Error(KONTOR_E_PROTOCOL,
                             "export_responses of survey " + survey + ": a response has no id");
        out.push_back(row);
    }
    return out;
}

std::int64_t id_of(const Json& row) {
    const auto text = sdk::text_of(row, "id");
    std::int64_t id = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), id);
    return failed == std::errc() && end == text.data() + text.size() && id > 0 ? id : 0;
}

bool is_complete(const Json& row) {
    return !sdk::text_of(row, "submitdate").empty();
}

std::string token_of(const Json& row) {
    return sdk::text_of(row, "token");
}

Json answers_of(const Json& row) {
    Json out = Json::object();
    for (const auto& [column, value] : row.items()) {
        if (kOwn.contains(column) || value.is_structured() || value.is_null() || value == "")
            continue;
        const auto open = column.find('[');
        const bool is_choice = open != std::string::npos && column.back() == ']' && value == "Y";
        if (!is_choice) {
            out[column] = value;
            continue;
        }
        Json& chosen = out[column.substr(0, open)];
        if (chosen.is_null()) chosen = Json::array();
        if (chosen.is_array()) chosen.push_back(column.substr(open + 1, column.size() - open - 2));
    }
    return out;
}

void add_row(const Json& row, const std::string& survey, std::int64_t offset_ms,
             const std::map<std::string, std::string>& emails,
             const std::vector<std::string>& fields, abi::BatchWriter& out) {
    const auto id = std::to_string(id_of(row));
    out.begin(abi::Op::kRecord, survey + "-" + id);
    std::uint16_t at = 0;
    const auto text = [&](const std::string& value) {
        if (value.empty())
            out.add_null(at);
        else
            out.add(at, value);
    };
    const auto time = [&](const char* column) {
        const auto ms = moment(row, column, offset_ms);
        text(ms ? sdk::format_instant(*ms) : std::string());
    };
    for (const auto& field : fields) {
        if (field == "survey") text(survey);
        if (field == "submission") text(id);
        if (field == "started_at") time("startdate");
        if (field == "submitted_at") time("submitdate");
        if (field == "complete") out.add(at, std::int64_t{is_complete(row)});
        if (field == "language") text(sdk::text_of(row, "startlanguage"));
        if (field == "token") text(token_of(row));
        if (field == "email") {
            const auto found = emails.find(token_of(row));
            text(found == emails.end() ? std::string() : found->second);
        }
        if (field == "answers")
            text(sdk::canonical_json(
                answers_of(row).dump(-1, ' ', false, Json::error_handler_t::replace)));
        ++at;
    }
}

}  // namespace kontor::limesurvey
