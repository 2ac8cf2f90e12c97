// First loads by Bulk Read: the job's states, crashes at any point, and what changes meanwhile.
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "plugins/zoho/cursor.hpp"
#include "tests/plugins/zoho/account.hpp"
#include "tests/plugins/zoho/zip_archive.hpp"

using namespace kontor;

namespace {

const std::string kJobs = "POST /crm/bulk/v8/read";

// An account whose contacts are exported in pages; every job is QUEUED twice before it is done.
struct Exporting : test::Account {
    explicit Exporting(const std::string& options = "{}") : Account(options) {
        on("GET /crm/v8/Contacts/actions/count", test::json(R"({"count":3000})"));
        on("GET /crm/v8/Contacts", test::FakeResponse{304, "", {}, KONTOR_OK});
        on("GET /crm/v8/Contacts/deleted", test::FakeResponse{204, "", {}, KONTOR_OK});
        on(kJobs, [this](const test::FakeRequest& asked) {
            const auto body = sdk::parse_json(asked.body, "body");
            const std::string id = std::to_string(++jobs);
            add_job(id, body["query"]["page"].get<int>());
            return test::json(R"({"data":[{"status":"success","details":{"id":")" + id +
                                  R"(","state":"ADDED"}}]})",
                              201);
        });
    }

    void add_job(const std::string& id, int number) {
        on("GET /crm/bulk/v8/read/" + id, [this, number](const test::FakeRequest&) {
            if (unreachable) return test::FakeResponse{0, "", {}, KONTOR_E_UNAVAILABLE};
            if (fail_jobs > 0 && fail_jobs-- > 0)
                return test::json(R"({"data":[{"state":"FAILURE"}]})");
            if (++polls % polls_until_done != 0)
                return test::json(R"({"data":[{"state":"IN PROGRESS"}]})");
            const bool more = number < pages;
            return test::json(R"({"data":[{"state":"COMPLETED","result":{"page":)" +
                              std::to_string(number) + R"(,"count":)" + std::to_string(per_page) +
                              R"(,"more_records":)" + (more ? "true" : "false") + "}}]}");
        });
        on("GET /crm/bulk/v8/read/" + id + "/result",
           [this, number](const test::FakeRequest& asked) {
               CHECK(asked.spool);
               return test::json(test::zip_archive(csv(number)));
           });
    }

    std::string csv(int number) const {
        std::string out = "Id,Modified_Time,Last_Name,Modified_By\n";
        for (int i = 0; i < per_page; ++i)
            out += std::to_string(number * 100'000 + i) + ",2023-11-14T20:00:00Z,\"N, " +
                   std::to_string(i) + "\",77\n";
        return out;
    }

    std::size_t distinct() const {
        std::set<std::string> ids;
        for (const auto& record : host.records()) ids.insert(record.id);
        return ids.size();
    }

    int jobs = 0, polls = 0, polls_until_done = 3, pages = 1, per_page = 3000, fail_jobs = 0;
    bool unreachable = false;
};

const auto kRequest = test::request("Contacts", {"Last_Name", "Email"});

}  // namespace

TEST_CASE("a large module is exported, then increments begin before the export", "[zoho][bulk]") {
    Exporting account;
    account.pages = 2;
    const std::int64_t started = account.host.clock_ms / 1000 * 1000;
    const auto cursor = account.connector->pull(kRequest, "");
    CHECK(account.distinct() == 6000);
    CHECK(test::shown(account.host.records()[1], 0) == "N, 1");
    CHECK(account.jobs == 2);
    CHECK(account.host.slept_ms > 0);
    CHECK(account.host.open_files == 0);
    CHECK(zoho::Cursor::decode(cursor)->modified_ms == started);
    const auto lists = account.requests_of("GET /crm/v8/Contacts");
    REQUIRE(lists.size() == 1);
    CHECK(lists[0].headers.count("If-Modified-Since") == 1);
    const auto query = sdk::parse_json(account.requests_of(kJobs)[0].body, "q")["query"];
    CHECK(query["fields"] == sdk::Json{"id", "Modified_Time", "Modified_By", "Last_Name", "Email"});
    CHECK(account.requests_of(kJobs)[0].credits == 50);
    CHECK(account.connector->credits().spent > 100);
}

TEST_CASE("Zoho works on the next page while one is read", "[zoho][bulk]") {
    Exporting account;
    account.pages = 3;
    account.per_page = 5000;
    SECTION("and its result is fetched meanwhile") {
        account.host.on_emit = [&](const auto&) {
            account.host.clock_ms += 1000;  // the engine takes its time
            return KONTOR_OK;
        };
        account.polls_until_done = 1;
        account.connector->pull(kRequest, "");
        const auto& order = account.host.order;
        const auto result =
            std::find(order.begin(), order.end(), "begin /crm/bulk/v8/read/2/result");
        const auto wanted = std::find(result, order.end(), "finish /crm/bulk/v8/read/2/result");
        REQUIRE(wanted != order.end());
        CHECK(std::find(order.begin(), result, "begin /crm/bulk/v8/read/2") != result);
        // Page 1 was handed over in between.
        CHECK(std::count(result, wanted, "emit 2048") == 2);
    }
    SECTION("also with a host that can only do one thing at a time") {
        account.host.run_ahead(false);
        account.connector->pull(kRequest, "");
        CHECK(account.host.order.front().substr(0, 4) == "emit");
    }
    SECTION("nothing has arrived by the time it is wanted") {
        account.host.arrives = false;
        account.connector->pull(kRequest, "");
    }
    CHECK(account.distinct() == 15'000);
    CHECK(account.host.records().size() == 15'000);
    CHECK(account.jobs == 3);
    CHECK(account.host.open_files == 0);
    CHECK(account.host.state.find("Contacts") == std::string::npos);
}

TEST_CASE("the next page's job survives a crash", "[zoho][bulk]") {
    Exporting account;
    account.pages = 2;
    account.per_page = 5000;
    std::string checkpoint;
    SECTION("before anything was handed over: the plugin's state knows both") {
        account.host.on_emit = [](const auto&) { return KONTOR_E_CANCELLED; };
    }
    SECTION("in the first page: its cursor knows both") {
        account.host.on_emit = [&](const auto&) {
            return account.host.batches.empty() ? KONTOR_OK : KONTOR_E_CANCELLED;
        };
    }
    CHECK_THROWS_AS(account.connector->pull(kRequest, ""), sdk::Error);
    CHECK(account.jobs == 2);
    if (!account.host.batches.empty()) checkpoint = account.host.batches.back().checkpoint;
    account.host.on_emit = nullptr;
    account.connector->pull(kRequest, checkpoint);
    CHECK(account.jobs == 2);
    CHECK(account.host.records().size() == 10'000);
}

TEST_CASE("a next page that Zoho does not begin early has its own turn", "[zoho][bulk]") {
    Exporting account;
    account.pages = 2;
    const int refused_until = 2;
    int asked = 0;
    account.on(kJobs, [&](const test::FakeRequest& request) {
        if (++asked == refused_until) return test::refused(429, "TOO_MANY_REQUESTS");
        const int page = sdk::parse_json(request.body, "body")["query"]["page"].get<int>();
        account.add_job(std::to_string(asked), page);
        return test::json(R"({"data":[{"details":{"id":")" + std::to_string(asked) + R"("}}]})",
                          201);
    });
    account.connector->pull(kRequest, "");
    CHECK(asked == 3);
    CHECK(account.host.records().size() == 6000);
}

TEST_CASE("a crash costs no other job", "[zoho][bulk]") {
    Exporting account;
    account.per_page = 9000;
    std::string checkpoint;
    SECTION("while it is read: go on at the row") {
        account.host.on_emit = [&](const auto&) {
            return account.host.batches.size() >= 2 ? KONTOR_E_CANCELLED : KONTOR_OK;
        };
        CHECK_THROWS_AS(account.connector->pull(kRequest, ""), sdk::Error);
        checkpoint = account.host.batches.back().checkpoint;
        account.host.on_emit = nullptr;
    }
    SECTION("while waiting: nothing was emitted, the plugin's state knows the job") {
        account.unreachable = true;
        CHECK_THROWS_AS(account.connector->pull(kRequest, ""), sdk::Error);
        account.unreachable = false;
    }
    account.connector->pull(kRequest, checkpoint);
    CHECK(account.jobs == 1);
    CHECK(account.distinct() == 9000);
    CHECK(account.host.records().size() == 9000);
    CHECK(account.host.state.find("Contacts") == std::string::npos);
}

TEST_CASE("a job that fails or vanishes is started anew", "[zoho][bulk]") {
    Exporting account;
    SECTION("it fails") {
        account.fail_jobs = 1;
    }
    SECTION("its result is gone after a day") {
        zoho::Cursor old;
        old.phase = zoho::Cursor::Phase::kBulk;
        old.start_ms = account.host.clock_ms - 86'400'000;
        old.job = "vanished";
        old.row = 1000;
        CHECK_NOTHROW(account.connector->pull(kRequest, old.encode()));
        account.host.clear();
    }
    CHECK_NOTHROW(account.connector->pull(kRequest, ""));
    CHECK(account.jobs == 2);
    CHECK(account.distinct() == 3000);
}

TEST_CASE("jobs that always fail end in an error", "[zoho][bulk]") {
    Exporting account;
    account.fail_jobs = 1000;
    CHECK_THROWS_AS(account.connector->pull(kRequest, ""), sdk::Error);
    CHECK(account.jobs < 10);
}

TEST_CASE("without Bulk Read the module is read page by page", "[zoho][bulk]") {
    Exporting account;
    sdk::Request wanted = kRequest;
    bool asks = true;
    SECTION("Zoho refuses it for the module") {
        account.on(kJobs, test::refused(400, "MODULE_NOT_SUPPORTED"));
    }
    SECTION("our user may not") {
        account.on(kJobs, test::refused(403, "NO_PERMISSION"));
    }
    SECTION("it would not give a column that is wanted") {
        account.on("GET /crm/v8/settings/fields",
                   test::json(test::contact_fields(
                       R"({"api_name":"Items","data_type":"subform","field_label":"I"})")));
        wanted.fields.emplace_back("Items");
        asks = false;
    }
    account.on("GET /crm/v8/Contacts", [](const test::FakeRequest& asked) {
        if (asked.query.at("sort_by") != "id") return test::FakeResponse{304, "", {}, KONTOR_OK};
        return test::page(test::contact("1", "A", "2023-11-14T20:00:00Z"));
    });
    account.connector->pull(wanted, "");
    CHECK(account.asked(kJobs) == (asks ? 1 : 0));
    CHECK(account.distinct() == 1);
}

TEST_CASE("a field that Zoho does not export is left out", "[zoho][bulk]") {
    Exporting account;
    const auto start = [&](const test::FakeRequest& asked) {
        if (asked.body.find("\"Email\"") != std::string::npos)
            return test::refused(400, "FIELD_NOT_SUPPORTED", R"({"api_name":"Email"})");
        account.add_job("5", 1);
        return test::json(R"({"data":[{"details":{"id":"5"}}]})", 201);
    };
    account.on(kJobs, start);
    account.connector->pull(kRequest, "");
    CHECK(account.distinct() == 3000);
    CHECK(test::shown(account.host.records()[0], 1) == "<absent>");
}
