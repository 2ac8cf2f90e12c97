// Exports of a survey that the test plays: both layouts, what is unfinished, what the texts of
// failures mean.
#include <catch2/catch.hpp>

#include "connectors/sdk/base64.hpp"
#include "plugins/limesurvey/connector.hpp"
#include "plugins/limesurvey/export.hpp"
#include "tests/support/plugin_call.hpp"

namespace {

using namespace kontor;
using namespace kontor::test;
using sdk::Json;

const std::vector<std::string> kFields{"submission", "complete", "submitted_at",
                                       "token",      "email",    "answers"};

std::string encoded(std::string_view bytes) {
    static constexpr char kDigits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        unsigned bits = 0;
        for (std::size_t i = 0; i < 3; ++i)
            bits = bits << 8 |
                   (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i)
            out += at + i <= bytes.size() ? kDigits[bits >> (18 - 6 * i) & 63] : '=';
    }
    return out;
}

/// A survey 7 whose rows the test changes.
struct Survey {
    FakeHost host;
    sdk::Host services{host.raw()};
    std::map<std::int64_t, Json> rows;
    bool wrapped = false;
    std::string status;
    std::vector<Json> asked;  // parameters of each export
    limesurvey::Connector connector{
        services,
        R"({"options":{"url":"https://s.test/rc","surveys":["7"],"time_zone":"+08:00"}})"};

    Survey() {
        host.handler = [this](const FakeRequest& request) { return answer(request); };
    }

    FakeResponse answer(const FakeRequest& request) {
        const Json call = Json::parse(request.body);
        const Json& params = call.at("params");
        REQUIRE(params.at(0).is_null());  // the host's
        Json result;
        if (!status.empty()) {
            result = {{"status", status}};
        } else if (call.at("method") == "list_participants") {
            result =
                Json::array({{{"token", "tok-1"}, {"participant_info", {{"email", "a@b.cn"}}}}});
        } else {
            asked.push_back(params);
            Json list = Json::array();
            for (const auto& [id, row] : rows)
                if (id >= params.at(7) && (params.at(8).is_null() || id <= params.at(8)))
                    list.push_back(wrapped ? Json{{std::to_string(id), row}} : row);
            result = encoded(Json{{"responses", list}}.dump());
        }
        return {200, Json{{"id", 1}, {"result", result}, {"error", nullptr}}.dump(), {}, KONTOR_OK};
    }
    void add(std::int64_t id, const Json& submitted, const Json& more) {
        Json row{{"id", id}, {"submitdate", submitted}, {"startlanguage", "en"}};
        row.update(more);
        rows[id] = row;
    }
    std::string pull(std::string_view cursor = "") {
        asked.clear();
        host.clear();
        return connector.pull(request("responses", kFields), cursor);
    }
};

}  // namespace

TEST_CASE("a response by code, with its choices, its time in UTC and its participant's address",
          "[limesurvey]") {
    Survey survey;
    survey.wrapped = GENERATE(false, true);
    survey.add(3, "2026-05-20 09:30:00",
               {{"token", "tok-1"},
                {"Q1", "9"},
                {"Q2[A1]", "Y"},
                {"Q2[A2]", ""},
                {"Q2[A3]", "Y"},
                {"Q3[x]", "2"},
                {"Q4", nullptr}});
    survey.pull();
    const auto records = survey.host.records();
    REQUIRE(records.size() == 1);
    CHECK(records[0].id == "7-3");
    CHECK(shown(records[0], 0) == "3");
    CHECK(shown(records[0], 1) == "1");
    CHECK(shown(records[0], 2) == "2026-05-20T01:30:00.000Z");
    CHECK(shown(records[0], 4) == "a@b.cn");
    CHECK(shown(records[0], 5) == R"({"Q1":"9","Q2":["A1","A3"],"Q3[x]":"2"})");
}

TEST_CASE("an increment asks from the first unfinished response on, and only while it may go on",
          "[limesurvey]") {
    Survey survey;
    survey.add(1, "2026-05-20 09:30:00", {{"Q1", "9"}});
    survey.add(2, nullptr, {{"Q1", "3"}});
    survey.add(3, "1980-01-01 00:00:00", {{"Q1", "4"}});
    auto cursor = survey.pull();
    auto records = survey.host.records();
    REQUIRE(records.size() == 3);
    CHECK(shown(records[1], 1) == "0");
    CHECK(shown(records[2], 1) == "1");
    CHECK(shown(records[2], 2) == "<null>");  // a survey that keeps no times

    survey.rows[2]["submitdate"] = "2026-05-20 10:00:00";
    cursor = survey.pull(cursor);
    CHECK(survey.asked.at(0).at(7) == 2);
    CHECK(shown(survey.host.records().at(0), 1) == "1");
    cursor = survey.pull(cursor);
    CHECK(survey.asked.at(0).at(7) == 4);
    CHECK(survey.host.records().empty());

    survey.add(4, nullptr, Json::object());
    cursor = survey.pull(cursor);
    survey.host.clock_ms += 4LL * 86'400'000;
    survey.add(5, nullptr, Json::object());
    cursor = survey.pull(cursor);  // notes 5, forgets 4
    cursor = survey.pull(cursor);
    CHECK(survey.asked.at(0).at(7) == 5);
}

TEST_CASE("once a week everything is read again, for edits leave no trace", "[limesurvey]") {
    Survey survey;
    survey.add(1, "2026-05-20 09:30:00", {{"Q1", "9"}});
    auto cursor = survey.pull();
    survey.rows[1]["Q1"] = "2";
    cursor = survey.pull(cursor);
    CHECK(survey.host.records().empty());
    survey.host.clock_ms += 8LL * 86'400'000;
    cursor = survey.pull(cursor);
    CHECK(shown(survey.host.records().at(0), 5) == R"({"Q1":"2"})");
    cursor = survey.pull(cursor);
    CHECK(survey.host.records().empty());
}

TEST_CASE("a load goes by windows and over gaps", "[limesurvey]") {
    Survey survey;
    for (const std::int64_t id : {1, 1500, 9000})
        survey.add(id, "2026-05-20 09:30:00", Json::object());
    survey.pull();
    CHECK(survey.host.records().size() == 3);
    CHECK(survey.asked.at(0).at(8) == 1000);
    CHECK(survey.asked.back().at(8).is_null());
}

TEST_CASE("an unknown id is missing; a known one is read by itself", "[limesurvey]") {
    Survey survey;
    survey.add(4, "2026-05-20 09:30:00", {{"Q1", "1"}});
    auto wanted = request("responses", kFields);
    wanted.ids = {"7-4", "7-5", "nonsense"};
    survey.connector.fetch(wanted);
    const auto records = survey.host.records();
    REQUIRE(records.size() == 3);
    CHECK(records[0].op == abi::Op::kRecord);
    CHECK(records[1].op == abi::Op::kMissing);
    CHECK(records[2].op == abi::Op::kMissing);
}

TEST_CASE("what the server says instead of responses", "[limesurvey]") {
    Survey survey;
    survey.add(1, "2026-05-20 09:30:00", Json::object());
    survey.status = "No Data, survey table does not exist.";
    CHECK_FALSE(survey.pull().empty());
    CHECK(survey.host.records().empty());
    for (const auto& [status, code] :
         std::map<std::string, kontor_status>{{"No permission", KONTOR_E_PERMISSION},
                                              {"Invalid session key", KONTOR_E_UNAUTHENTICATED},
                                              {"Error: Invalid survey ID", KONTOR_E_INVALID},
                                              {"Something new", KONTOR_E_PROTOCOL}}) {
        survey.status = status;
        try {
            survey.pull();
            FAIL("not refused: " << status);
        } catch (const sdk::Error& error) {
            CHECK(error.status() == code);
            CHECK(std::string(error.what()).find(status) != std::string::npos);
        }
    }
}

TEST_CASE("answers that are no exports", "[limesurvey]") {
    Survey survey;
    const std::string good = encoded(R"({"responses":[{"id":"1"}]})");
    for (const std::string& result :
         {std::string(R"("%%%")"), std::string("[]"), std::string("null"),
          "\"" + good.substr(0, good.size() - 5) + "\"",
          "\"" + encoded(R"({"responses":[{"Q1":"1"}]})") + "\""}) {
        CAPTURE(result);
        survey.host.script({200, "{\"result\":" + result + ",\"error\":null}", {}, KONTOR_OK});
        CHECK_THROWS_AS(survey.connector.pull(request("responses", kFields), ""), sdk::Error);
    }
    survey.host.script({200, "<html>", {}, KONTOR_OK});
    CHECK_THROWS_WITH(survey.connector.pull(request("responses", kFields), ""),
                      Catch::Contains("JSON-RPC"));
    CHECK(sdk::from_base64("QUI=") == "AB");
    CHECK(sdk::from_base64("QU\r\nJD") == "ABC");
    for (const char* bad : {"Q", "QUI", "Q===", "QUI=QUI=", "QU-D"})
        CHECK_FALSE(sdk::from_base64(bad));
}
