// Pulls must miss nothing (page borders, ties, clocks, crashes) and cost no more than they need.
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <tuple>

#include "connectors/sdk/canonical.hpp"
#include "plugins/zoho/cursor.hpp"
#include "tests/plugins/zoho/account.hpp"

using namespace kontor;

namespace {

const std::string kList = "GET /crm/v8/Contacts";
const std::string kDeleted = "GET /crm/v8/Contacts/deleted";
const std::string kCount = "GET /crm/v8/Contacts/actions/count";

// The instant as Zoho writes it, in a zone of its own.
std::string zoned(std::int64_t ms) {
    return sdk::format_instant(ms + 5 * 3'600'000).substr(0, 19) + "+05:00";
}

std::string cursor_at(std::int64_t ms) {
    zoho::Cursor out;
    out.phase = zoho::Cursor::Phase::kChanges;
    out.modified_ms = out.deleted_ms = ms;
    return out.encode();
}

std::int64_t modified_of(const std::string& cursor) {
    return zoho::Cursor::decode(cursor)->modified_ms;
}

std::int64_t since_of(const test::FakeRequest& asked) {
    return *sdk::parse_instant(asked.headers.at("If-Modified-Since"));
}

// A list that behaves: If-Modified-Since, sort, keyset tokens, 200 a page; a change may strike
// between two pages.
struct Rows {
    std::vector<std::pair<std::int64_t, std::int64_t>> rows;  // id, modified (ms)
    std::size_t page_size = 200;
    std::function<void(Rows&)> before_second_page;

    test::FakeResponse answer(const test::FakeRequest& asked) {
        if (before_second_page && served_++ == 1) before_second_page(*this);
        auto found = rows;
        if (asked.headers.count("If-Modified-Since") != 0)
            std::erase_if(found, [&](const auto& row) { return row.second <= since_of(asked); });
        const bool by_time = asked.query.at("sort_by") == "Modified_Time";
        std::sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
            return by_time ? std::tie(a.second, a.first) < std::tie(b.second, b.first) : a < b;
        });
        std::size_t at = 0;
        if (asked.query.count("page_token") != 0) at = std::stoul(asked.query.at("page_token"));
        if (found.empty())
            return {asked.headers.count("If-Modified-Since") != 0 ? 304 : 204, "", {}, KONTOR_OK};
        std::string out;
        std::size_t end = std::min(at + page_size, found.size());
        for (std::size_t i = at; i < end; ++i)
            out += (i == at ? "" : ",") +
                   test::contact(std::to_string(found[i].first), "N", zoned(found[i].second));
        return test::page(out, end < found.size() ? std::to_string(end) : "");
    }

private:
    int served_ = 0;
};

}  // namespace

TEST_CASE("a first pull reads all pages by id, then what changed meanwhile", "[zoho][pull]") {
    test::Account account(R"({"bulk":"never"})");
    const std::int64_t now = account.host.clock_ms;
    account.on(kCount, test::json(R"({"count":450})"));
    Rows rows;
    for (int i = 0; i < 450; ++i) rows.rows.emplace_back(1000 + i, now - 86'400'000 + i * 1000);
    account.on(kList, [&](const test::FakeRequest& asked) { return rows.answer(asked); });
    account.on(kDeleted, test::FakeResponse{204, "", {}, KONTOR_OK});

    const auto cursor =
        account.connector->pull(test::request("Contacts", {"Email", "Last_Name", "Gone"}), "");
    CHECK(account.host.records().size() == 450);
    CHECK(test::shown(account.host.records()[0], 1) == "N");
    CHECK(test::shown(account.host.records()[0], 2) == "<absent>");
    // Before any record comes, how many there will be.
    REQUIRE_FALSE(account.host.progress.empty());
    CHECK(account.host.progress.front() == R"({"done":0,"stage":"load","total":450})");
    CHECK(account.host.progress.back() == R"({"done":400,"stage":"scan","total":450})");
    const auto lists = account.requests_of(kList);
    REQUIRE(lists.size() == 4);
    CHECK(lists[0].query.at("sort_by") == "id");
    CHECK(lists[0].query.count("page") == 0);
    CHECK(lists[0].query.at("fields") == "id,Modified_Time,Modified_By,Email,Last_Name");
    CHECK(lists[3].query.at("sort_by") == "Modified_Time");
    CHECK(since_of(lists[3]) == now / 1000 * 1000 - 120'000);
    CHECK(modified_of(cursor) == now / 1000 * 1000);
}

TEST_CASE("the next page is on its way while this one is applied", "[zoho][pull]") {
    test::Account account(R"({"bulk":"never"})");
    const std::int64_t now = account.host.clock_ms;
    account.on(kCount, test::json(R"({"count":4100})"));
    Rows rows;
    for (int i = 0; i < 4100; ++i) rows.rows.emplace_back(1000 + i, now - 86'400'000 + i * 1000);
    int broken = 0;
    account.on(kList, [&](const test::FakeRequest& asked) {
        if (broken > 0 && --broken == 0) return test::FakeResponse{0, "", {}, KONTOR_E_UNAVAILABLE};
        return rows.answer(asked);
    });
    account.on(kDeleted, test::FakeResponse{204, "", {}, KONTOR_OK});
    const auto wanted = test::request("Contacts", {"Email"});

    SECTION("in this order") {
        account.connector->pull(wanted, "");
        const auto& order = account.host.order;
        const auto emit = std::find(order.begin(), order.end(), "emit 200");
        REQUIRE(emit != order.end());
        CHECK(*(emit - 1) == "begin /crm/v8/Contacts");
        CHECK(*(emit + 1) == "finish /crm/v8/Contacts");
        // No page is asked for twice, nor one that is not there.
        CHECK(account.requests_of(kList).size() == 21 + 1);
        CHECK(account.requests_of(kList)[0].ahead == false);
        CHECK(account.requests_of(kList)[20].ahead);
    }
    SECTION("if it fails, what came before it stays, and the next pull goes on there") {
        broken = 13;
        CHECK_THROWS_AS(account.connector->pull(wanted, ""), sdk::Error);
        REQUIRE(account.host.batches.size() == 12);
        const auto checkpoint = account.host.batches.back().checkpoint;
        const auto before = account.requests_of(kList).size();
        account.connector->pull(wanted, checkpoint);
        CHECK(account.requests_of(kList)[before].query.at("page_token") == "2400");
    }
    SECTION("cancelled meanwhile") {
        account.host.on_emit = [&](const auto&) {
            account.host.cancelled = true;
            return KONTOR_OK;
        };
        try {
            account.connector->pull(wanted, "");
            FAIL("it went on");
        } catch (const sdk::Error& error) {
            CHECK(error.status() == KONTOR_E_CANCELLED);
        }
        CHECK(account.host.records().size() == 200);
        return;
    }
    SECTION("with a host that cannot") {
        account.host.run_ahead(false);
        account.connector->pull(wanted, "");
        CHECK(account.host.order.front() == "emit 200");
    }
    CHECK(account.host.records().size() == 4100);
}

TEST_CASE("however many share a stamp, no batch grows with them", "[zoho][pull]") {
    test::Account account;
    account.on(kDeleted, test::FakeResponse{204, "", {}, KONTOR_OK});
    const std::int64_t now = account.host.clock_ms;
    Rows rows;
    for (int i = 0; i < 9000; ++i) rows.rows.emplace_back(1000 + i, now - 10'000);
    account.on(kList, [&](const test::FakeRequest& asked) { return rows.answer(asked); });
    const auto cursor = cursor_at(now - 60'000);
    account.connector->pull(test::request("Contacts", {"Email"}), cursor);
    std::set<std::string> seen;
    for (const auto& record : account.host.records()) seen.insert(record.id);
    CHECK(seen.size() == 9000);
    REQUIRE(account.host.batches.size() > 3);
    for (const auto& order : account.host.order)
        if (order.starts_with("emit ")) CHECK(std::stoi(order.substr(5)) <= 2200);
    // Broken off in their midst, they are read again: no batch before the last moves the cursor
    // past their stamp.
    for (const auto& batch : account.host.batches)
        if (!batch.checkpoint.empty() && &batch != &account.host.batches.back())
            CHECK(modified_of(batch.checkpoint) <= now - 10'000);
}

TEST_CASE("an increment without changes costs two requests", "[zoho][pull]") {
    test::Account account;
    account.on(kList, test::FakeResponse{304, "", {}, KONTOR_OK});
    account.on(kDeleted, test::FakeResponse{204, "", {}, KONTOR_OK});
    const auto cursor = cursor_at(account.host.clock_ms - 1000);
    const auto request = test::request("Contacts", {"Email"});
    const auto first = account.connector->pull(request, cursor);
    account.host.clear();
    const auto second = account.connector->pull(request, first);
    CHECK(account.host.requests.size() == 2);
    CHECK(second == first);
    CHECK(account.host.batches.empty());
}

TEST_CASE("the cursor never passes Zoho's clock nor what was seen", "[zoho][pull]") {
    test::Account account;
    account.on(kDeleted, test::FakeResponse{204, "", {}, KONTOR_OK});
    const std::int64_t now = account.host.clock_ms / 1000 * 1000;
    account.host.clock_ms = now;
    const auto pulled = [&](std::int64_t modified, std::int64_t from) {
        account.on(kList, test::page(test::contact("1", "A", zoned(modified))));
        return modified_of(
            account.connector->pull(test::request("Contacts", {"Email"}), cursor_at(from)));
    };
    CHECK(pulled(now - 5000, now - 60'000) == now - 5000);
    CHECK(pulled(now + 90'000, now - 60'000) == now);           // from the server's future
    CHECK(pulled(now - 90'000, now - 60'000) == now - 60'000);  // never back
    const std::int64_t hour = 3'600'000;
    CHECK(pulled(now - 48 * hour, now - 48 * hour) == now - hour / 6);  // quiet since long
}

TEST_CASE("a change between two pages makes no record be skipped", "[zoho][pull]") {
    test::Account account;
    account.on(kDeleted, test::FakeResponse{204, "", {}, KONTOR_OK});
    const std::int64_t now = account.host.clock_ms / 1000 * 1000;
    account.host.clock_ms = now;
    Rows rows;
    for (int i = 0; i < 500; ++i) rows.rows.emplace_back(i + 1, now - 1'000'000 + i * 1000);
    SECTION("record 1 jumps to the end, so that all others move up by one") {
        rows.before_second_page = [now](Rows& all) { all.rows[0].second = now; };
    }
    SECTION("record 1 is deleted") {
        rows.before_second_page = [](Rows& all) { all.rows.erase(all.rows.begin()); };
    }
    account.on(kList, [&](const test::FakeRequest& asked) { return rows.answer(asked); });
    account.connector->pull(test::request("Contacts", {"Email"}), cursor_at(now - 1'100'000));
    std::set<std::string> seen;
    for (const auto& record : account.host.records()) seen.insert(record.id);
    CHECK(seen.size() == 500);
}

TEST_CASE("one second that fills many pages is read by tokens", "[zoho][pull]") {
    test::Account account;
    account.on(kDeleted, test::FakeResponse{204, "", {}, KONTOR_OK});
    const std::int64_t now = account.host.clock_ms / 1000 * 1000;
    account.host.clock_ms = now;
    Rows rows;
    for (int i = 0; i < 1000; ++i) rows.rows.emplace_back(i + 1, now - 50'000);
    for (int i = 0; i < 300; ++i) rows.rows.emplace_back(i + 2001, now - 40'000 + i * 100);
    bool disturbed = false;
    SECTION("quietly") {}
    SECTION("while somebody edits: the second is read again next time") {
        disturbed = true;
        rows.before_second_page = [now](Rows& all) { all.rows[0].second = now; };
    }
    account.on(kList, [&](const test::FakeRequest& asked) { return rows.answer(asked); });
    const auto request = test::request("Contacts", {"Email"});
    auto cursor = account.connector->pull(request, cursor_at(now - 100'000));
    if (disturbed) {
        CHECK(modified_of(cursor) < now - 40'000);
        account.host.clock_ms += 60'000;
        cursor = account.connector->pull(request, cursor);
    } else {
        CHECK(modified_of(cursor) > now - 15'000);
    }
    std::set<std::string> seen;
    for (const auto& record : account.host.records()) seen.insert(record.id);
    CHECK(seen.size() == 1300);
}

TEST_CASE("a pull that is stopped resumes behind what was committed", "[zoho][pull]") {
    test::Account account(R"({"bulk":"never"})");
    account.on(kCount, test::json(R"({"count":9000})"));
    account.on(kDeleted, test::FakeResponse{204, "", {}, KONTOR_OK});
    const std::int64_t now = account.host.clock_ms;
    Rows rows;
    for (int i = 0; i < 9000; ++i) rows.rows.emplace_back(100'000 + i, now - 86'400'000);
    account.on(kList, [&](const test::FakeRequest& asked) { return rows.answer(asked); });
    const auto request = test::request("Contacts", {"Email"});
    account.host.on_emit = [&](const auto&) {
        return account.host.batches.size() >= 2 ? KONTOR_E_CANCELLED : KONTOR_OK;
    };
    CHECK_THROWS_AS(account.connector->pull(request, ""), sdk::Error);
    REQUIRE(account.host.batches.size() == 2);
    const std::string checkpoint = account.host.batches[1].checkpoint;
    std::set<std::string> seen;
    for (const auto& record : account.host.records()) seen.insert(record.id);
    CHECK(seen.size() == 400);
    account.host.on_emit = nullptr;

    SECTION("by its token") {}
    SECTION("by the last id, once the token has died") {
        account.on(kList, [&](const test::FakeRequest& asked) {
            if (asked.query.count("page_token") != 0) return test::refused(400, "EXPIRED_VALUE");
            if (asked.query.count("ids") == 0) return rows.answer(asked);
            std::string out;
            std::string_view ids = asked.query.at("ids");
            while (!ids.empty()) {
                const auto comma = ids.find(',');
                out += (out.empty() ? "" : ",") +
                       test::contact(std::string(ids.substr(0, comma)), "N", zoned(now - 9));
                if (comma == std::string_view::npos) break;
                ids.remove_prefix(comma + 1);
            }
            return test::page(out);
        });
        account.on("POST /crm/v8/coql", [&](const test::FakeRequest& asked) {
            const std::string query = sdk::parse_json(asked.body, "q")["select_query"];
            const auto from = query.find("id > '") + 6;
            const std::int64_t after = std::stoll(query.substr(from));
            sdk::Json out{{"data", sdk::Json::array()}, {"info", {{"more_records", true}}}};
            for (std::int64_t id = after + 1; id < 109'000 && out["data"].size() < 2000; ++id)
                out["data"].push_back({{"id", std::to_string(id)}});
            out["info"]["more_records"] = out["data"].size() == 2000;
            return out["data"].empty() ? test::FakeResponse{204, "", {}, KONTOR_OK}
                                       : test::json(out.dump());
        });
    }
    account.host.clear();
    account.connector->pull(request, checkpoint);
    for (const auto& record : account.host.records()) seen.insert(record.id);
    CHECK(seen.size() == 9000);
    CHECK(account.asked(kCount) == 0);
}

TEST_CASE("deletions come with who and when", "[zoho][pull]") {
    test::Account account;
    account.on(kList, test::FakeResponse{304, "", {}, KONTOR_OK});
    account.on(kDeleted, [](const test::FakeRequest& asked) {
        CHECK(asked.query.at("type") == "all");
        const bool first = asked.query.at("page") == "1";
        return test::json(
            std::string(R"({"data":[{"deleted_by":)") +
            (first ? R"({"name":"P","id":"88"},"id":"1")" : R"(null,"id":"2")") +
            R"(,"type":"recycle","deleted_time":"2023-11-14T22:13:00+00:00"}],"info":{"more_records":)" +
            (first ? "true" : "false") + "}}");
    });
    account.connector->pull(test::request("Contacts", {"Email"}), cursor_at(1'699'999'000'000));
    const auto records = account.host.records();
    REQUIRE(records.size() == 2);
    CHECK(records[0].op == abi::Op::kDeleted);
    CHECK(records[0].actor == "88");
    CHECK(records[0].version == "2023-11-14T22:13:00.000Z");
    CHECK(records[1].id == "2");
}

TEST_CASE("a deletion of an id that is none of Zoho's is told to nobody", "[zoho][pull]") {
    const std::string hostile =
        GENERATE(as<std::string>(), R"("../x")", "1e999", R"("5,6")", R"("")", "-5", "null");
    CAPTURE(hostile);
    test::Account account;
    account.on(kList, test::FakeResponse{304, "", {}, KONTOR_OK});
    account.on(kDeleted, test::json(R"({"data":[{"id":"1","type":"recycle"},{"id":)" + hostile +
                                    R"(,"type":"recycle"}],"info":{"more_records":true}})"));
    account.host.clear();
    CHECK_THROWS_AS(
        account.connector->pull(test::request("Contacts", {"Email"}), cursor_at(1'699'999'000'000)),
        sdk::Error);
    CHECK(account.asked(kDeleted) == 1);
    CHECK(account.host.records().empty());
}

TEST_CASE("leads that were converted stay in sight; notes have no deleted feed", "[zoho][pull]") {
    test::Account account;
    account.on("GET /crm/v8/Leads", test::FakeResponse{304, "", {}, KONTOR_OK});
    account.on("GET /crm/v8/Leads/deleted", test::FakeResponse{204, "", {}, KONTOR_OK});
    account.on("GET /crm/v8/Notes", test::FakeResponse{304, "", {}, KONTOR_OK});
    account.connector->pull(test::request("Leads", {"Email"}), cursor_at(1'699'999'000'000));
    CHECK(account.requests_of("GET /crm/v8/Leads").at(0).query.at("converted") == "both");
    account.connector->pull(test::request("Notes", {"Email"}), cursor_at(1'699'999'000'000));
    CHECK(account.asked("GET /crm/v8/Notes/deleted") == 0);
}

TEST_CASE("more than 50 fields are read in passes that must agree", "[zoho][pull]") {
    test::Account account(R"({"page_fields":10})");
    account.on(kDeleted, test::FakeResponse{204, "", {}, KONTOR_OK});
    bool ids_work = true;
    SECTION("ids= works") {}
    SECTION("ids= is ignored") {
        ids_work = false;
    }
    account.on(kList, [&](const test::FakeRequest& asked) {
        const bool first = asked.query.count("ids") == 0;
        if (!first && !ids_work) return test::page(test::contact("999", "other", zoned(1000)));
        const char* two = first ? "1" : "2";  // record 2 changes between the passes
        const char* name = first ? "Last_Name" : "Interests";
        return test::page(std::string(R"({"id":"1","Modified_Time":"2023-11-14T22:13:01Z",")") +
                          name + R"(":"v"},{"id":"2","Modified_Time":"2023-11-14T22:13:0)" + two +
                          R"(Z",")" + name + R"(":"old"})");
    });
    for (const char* id : {"1", "2"})
        account.on(std::string("GET /crm/v8/Contacts/") + id,
                   test::page(std::string(R"({"id":")") + id +
                              R"(","Modified_Time":"2023-11-14T22:13:05Z","Last_Name":"new",
                                 "Interests":["x"]})"));
    account.connector->pull(
        test::request("Contacts", {"Last_Name", "Email", "Account_Name", "Owner", "Email_Opt_Out",
                                   "Score", "Lead_Source", "Date_of_Birth", "Interests"}),
        cursor_at(1'699'999'000'000));
    const auto records = account.host.records();
    REQUIRE(records.size() == 2);
    for (const auto& record : records) {
        const bool joined = ids_work && record.id == "1";
        CHECK(test::shown(record, 0) == (joined ? "v" : "new"));
        CHECK(test::shown(record, 8) == (joined ? R"(["v"])" : R"(["x"])"));
    }
}

TEST_CASE("a page that is broken stops the pull before anything of it is emitted", "[zoho][pull]") {
    test::Account account;
    account.on(kList, test::json(R"({"data":[{"id":"1"},{"id")"));
    CHECK_THROWS_AS(
        account.connector->pull(test::request("Contacts", {"Email"}), cursor_at(1'699'999'000'000)),
        sdk::Error);
    CHECK(account.host.batches.empty());
}

TEST_CASE("users are pulled from their own interface", "[zoho][pull]") {
    test::Account account;
    account.on("GET /crm/v8/users", [](const test::FakeRequest& asked) {
        if (asked.query.at("type") == "DeletedUsers")
            return test::json(R"({"users":[{"id":"9","full_name":"Gone"}],"info":{}})");
        return test::json(
            R"({"users":[{"id":"7","full_name":"Ada","role":{"name":"CEO","id":"1"},
                "Modified_Time":"2023-11-14T22:13:01+00:00"}],"info":{"more_records":false}})");
    });
    const auto cursor = account.connector->pull(test::request("users", {"full_name", "role"}), "");
    const auto records = account.host.records();
    REQUIRE(records.size() == 2);
    CHECK(test::shown(records[0], 1) == "CEO");
    CHECK(records[1].op == abi::Op::kDeleted);
    account.host.clear();
    account.on("GET /crm/v8/users", test::FakeResponse{304, "", {}, KONTOR_OK});
    account.connector->pull(test::request("users", {"full_name"}), cursor);
    CHECK(account.host.requests.size() == 2);
}
