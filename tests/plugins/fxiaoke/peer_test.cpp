// The connector against the simulated tenant, in-process. The oracle is the peer's own dump.
#include <catch2/catch.hpp>

#include "connectors/sdk/canonical.hpp"
#include "tests/plugins/fxiaoke/tenant.hpp"

using namespace kontor;
using test::FxiaokeTenant;
using test::shown;

namespace {

const std::vector<std::string> kContact{"name",         "mobile1", "owner",     "date_of_birth",
                                        "interests__c", "vip__c",  "account_id"};

std::string expected(const sdk::Json& record, const char* field) {
    const sdk::Json& value = sdk::member(record, field);
    return value.is_null() ? "<null>" : value.get<std::string>();
}

void check_equal(FxiaokeTenant& at, const std::string& object = "ContactObj") {
    const auto theirs = at.dump(object);
    const auto& ours = at.mirror[object];
    CHECK(ours.size() == theirs.size());
    for (const auto& [id, record] : theirs) {
        const auto found = ours.find(id);
        if (found == ours.end() || shown(found->second, 0) != expected(record, "name"))
            FAIL(object << " " << id << " is not as theirs: " << record.dump());
    }
    CHECK(at.violations() == "");
}

}  // namespace

TEST_CASE("a load and increments give what the tenant has", "[fxiaoke][peer]") {
    const char* options = GENERATE("{}", R"({"api":"old"})");
    const bool combine = GENERATE(true, false);
    CAPTURE(options, combine);
    FxiaokeTenant at(options, {{"combined_filters", combine ? "and" : "last"}});
    at.pull("ContactObj", kContact);
    CHECK(at.mirror["ContactObj"].size() == 250);
    check_equal(at);

    // More than two pages in one millisecond, and one that is edited while it is read.
    at.host.clock_ms += 600'000;
    at.control("edit", {{"object", "ContactObj"}, {"count", 230}, {"set", {{"name", "改"}}}});
    at.host.clock_ms += 1'000;
    const std::string last = at.dump("ContactObj").rbegin()->first;
    bool once = true;
    at.host.on_emit = [&](const test::EmittedBatch&) {
        if (once)
            at.control("edit", {{"object", "ContactObj"}, {"id", last}, {"set", {{"name", "中"}}}});
        once = false;
        return KONTOR_OK;
    };
    at.pull("ContactObj", kContact);
    at.host.on_emit = nullptr;
    at.host.clock_ms += 60'000;
    at.pull("ContactObj", kContact);
    check_equal(at);

    at.host.clock_ms += 600'000;
    at.control("create", {{"object", "ContactObj"}, {"count", 3}, {"set", {{"name", "新 {n}"}}}});
    at.pull("ContactObj", kContact);
    check_equal(at);

    // Nothing new: a call for the object, and none for what is invalidated, asked for in vain
    // today.
    at.host.clock_ms += 1'800'000;
    at.pull("ContactObj", kContact);
    at.host.clock_ms += 60'000;
    at.pull("ContactObj", kContact);
    CHECK(at.host.requests.size() == 1);
    CHECK(at.host.records().empty());
}

TEST_CASE("a load goes on where it stopped", "[fxiaoke][peer]") {
    FxiaokeTenant at("{}", {}, 2'600);
    std::string checkpoint;
    int batches = 0;
    at.host.on_emit = [&](const test::EmittedBatch& batch) {
        if (++batches == 2) return KONTOR_E_CANCELLED;
        checkpoint = batch.checkpoint;
        return KONTOR_OK;
    };
    CHECK_THROWS_AS(at.connector.pull(test::request("ContactObj", kContact), ""), sdk::Error);
    REQUIRE_FALSE(checkpoint.empty());
    at.host.on_emit = nullptr;
    at.host.clear();
    at.cursors["ContactObj"] = checkpoint;
    at.pull("ContactObj", kContact);
    CHECK(at.host.records().size() == 1'600);
}

TEST_CASE("values have their canonical form, and come back the same", "[fxiaoke][peer]") {
    FxiaokeTenant at;
    at.connector.describe();
    const std::string account = at.dump("AccountObj").begin()->first;
    abi::BatchWriter batch;
    batch.begin(abi::Op::kCreate, "", "", "uid-1");
    const char* values[] = {"欧阳", "13912345678", "1002", "1990-02-28",
                            R"(["badminton","travel"])"};
    for (std::uint16_t i = 0; i < 5; ++i) batch.add(i, values[i]);
    batch.add(5, std::int64_t{1});
    batch.add(6, std::string_view(account));
    auto results = at.push("ContactObj", kContact, batch);
    REQUIRE(results.size() == 1);
    CAPTURE(results[0].message);
    REQUIRE(results[0].status == "ok");
    CHECK(results[0].version != "");
    const auto stored = at.dump("ContactObj").at(results[0].id);
    // Midnight in China, not in Greenwich.
    CHECK(stored["date_of_birth"] == 636'134'400'000 - 0);
    CHECK(stored["owner"] == sdk::Json{"1002"});
    CHECK(stored["kontor_id__c"] == "uid-1");
    const auto back = at.fetch("ContactObj", kContact, {results[0].id});
    REQUIRE(back.size() == 1);
    CHECK(back[0].version == results[0].version);
    CHECK(back[0].actor == "1000");
    for (std::uint16_t i = 0; i < 5; ++i) CHECK(shown(back[0], i) == values[i]);
    CHECK(shown(back[0], 5) == "1");
    CHECK(shown(back[0], 6) == account);

    const std::vector<std::string> visit{"name",      "visited_at__c", "start__c",
                                         "people__c", "score__c",      "account__c"};
    batch.begin(abi::Op::kCreate, "", "", "uid-2");
    const char* more[] = {"拜访", "2026-05-20T10:00:00.123Z", "09:30:00", R"(["1001","1003"])",
                          "12.5"};
    for (std::uint16_t i = 0; i < 5; ++i) batch.add(i, more[i]);
    results = at.push("object_Visit__c", visit, batch);
    CAPTURE(results[0].message);
    REQUIRE(results[0].status == "ok");
    const auto custom = at.fetch("object_Visit__c", visit, {results[0].id});
    REQUIRE(custom.size() == 1);
    for (std::uint16_t i = 0; i < 5; ++i) CHECK(shown(custom[0], i) == more[i]);
    CHECK(shown(custom[0], 5) == "<null>");
    CHECK(at.violations() == "");
    CHECK(at.stats()["workflows"] == 0);
    CHECK(at.stats()["approvals"] == 0);
}

TEST_CASE("what is newer there is not overwritten", "[fxiaoke][peer]") {
    FxiaokeTenant at;
    at.pull("AccountObj", {"name", "tel"});
    const auto first = at.mirror["AccountObj"].begin()->second;
    at.host.clock_ms += 1'000;
    at.control("edit", {{"object", "AccountObj"}, {"id", first.id}, {"set", {{"tel", "theirs"}}}});
    abi::BatchWriter batch;
    batch.begin(abi::Op::kUpdate, first.id, first.version);
    batch.add(1, "ours");
    CHECK(at.push("AccountObj", {"name", "tel"}, batch)[0].status == "changed");
    CHECK(at.dump("AccountObj").at(first.id)["tel"] == "theirs");
    batch.begin(abi::Op::kUpdate, first.id, at.fetch("AccountObj", {}, {first.id})[0].version);
    batch.add(1, "ours");
    CHECK(at.push("AccountObj", {"name", "tel"}, batch)[0].status == "ok");
    CHECK(at.dump("AccountObj").at(first.id)["tel"] == "ours");
}

TEST_CASE("a create whose answer was lost is found by its key and not made again",
          "[fxiaoke][peer]") {
    FxiaokeTenant at;
    at.connector.describe();
    const auto before = at.dump("AccountObj").size();
    at.control("fault",
               {{"kind", "lost_answer"}, {"match", {{"path_prefix", "/cgi/crm/v2/data/create"}}}});
    abi::BatchWriter batch;
    const auto push = [&](const char* name) {
        batch.begin(abi::Op::kCreate, "", "", "uid-7");
        batch.add(0, name);
        return at.push("AccountObj", {"name"}, batch)[0];
    };
    CHECK(push("丢失").status == "unknown");
    auto wanted = test::request("AccountObj", {"name"});
    wanted.field = "kontor_id__c";
    wanted.values = {"uid-7"};
    at.host.clear();
    at.connector.find(wanted);
    REQUIRE(at.host.records().size() == 1);
    const std::string id = at.host.records()[0].id;
    // And whoever does not look sends it as an update.
    const auto again = push("丢失 2");
    CHECK(again.status == "ok");
    CHECK(again.id == id);
    CHECK(at.dump("AccountObj").size() == before + 1);
    CHECK(at.dump("AccountObj").at(id)["name"] == "丢失 2");
}

TEST_CASE("invalidated records that can be listed are deletions of an increment",
          "[fxiaoke][peer]") {
    FxiaokeTenant at("{}", {{"query_returns_invalid", "filtered"}});
    // Long ago, and none of our business.
    at.control("invalid", {{"object", "ContactObj"}, {"count", 150}});
    at.host.clock_ms += 3'600'000;
    at.pull("ContactObj", {"name"});
    CHECK(at.mirror["ContactObj"].size() == 100);
    const std::string id = at.mirror["ContactObj"].begin()->first;
    at.host.clock_ms += 600'000;
    at.control("invalid", {{"object", "ContactObj"}, {"id", id}});
    at.pull("ContactObj", {"name"});
    REQUIRE(at.host.records().size() == 1);
    CHECK(at.host.records()[0].op == abi::Op::kDeleted);
    CHECK(at.host.records()[0].id == id);
    CHECK(at.host.records()[0].actor == "1001");
    CHECK(at.asked("query") == 3);  // changes, whether they can be listed, those since
    check_equal(at);
}

TEST_CASE("a delete goes to the recycle bin and no further", "[fxiaoke][peer]") {
    FxiaokeTenant at("{}", {{"get_returns_invalid", "true"}});
    at.pull("AccountObj", {"name"});
    const std::string id = at.mirror["AccountObj"].begin()->first;
    abi::BatchWriter batch;
    batch.begin(abi::Op::kDelete, id);
    CHECK(at.push("AccountObj", {}, batch)[0].status == "ok");
    CHECK(at.dump("AccountObj").count(id) == 0);
    CHECK(at.asked("delete") == 0);
    batch.begin(abi::Op::kDelete, id);
    CHECK(at.push("AccountObj", {}, batch)[0].status == "missing");
    const auto gone = at.fetch("AccountObj", {"name"}, {id, "5a9914fcf125ae0a1a000001"});
    REQUIRE(gone.size() == 2);
    CHECK(gone[0].op == abi::Op::kMissing);
    CHECK(gone[1].op == abi::Op::kMissing);
    at.control("recover", {{"object", "AccountObj"}, {"id", id}});
    CHECK(at.fetch("AccountObj", {"name"}, {id})[0].op == abi::Op::kRecord);
}

TEST_CASE("locked records, records in approval and pools wait or are told", "[fxiaoke][peer]") {
    FxiaokeTenant at(R"({"trigger_approval":true})", {{"approval", "true"}});
    at.pull("AccountObj", {"name", "tel", "owner"});
    auto next = at.mirror["AccountObj"].begin();
    const std::string locked = (next++)->first, pending = (next++)->first, pool = (next++)->first;
    at.control("lock", {{"object", "AccountObj"}, {"id", locked}});
    at.control("pool", {{"object", "AccountObj"}, {"id", pool}});
    const std::vector<std::string> fields{"name", "tel", "owner"};
    abi::BatchWriter batch;
    batch.begin(abi::Op::kUpdate, locked);
    batch.add(1, "1");
    batch.begin(abi::Op::kUpdate, pending);
    batch.add(1, "2");
    batch.begin(abi::Op::kUpdate, pool);
    batch.add(2, "1003");
    auto results = at.push("AccountObj", fields, batch);
    CHECK(results[0].status == "locked");
    CHECK(results[0].code == "LOCKED");
    CHECK(results[1].status == "locked");  // sent, and not in force yet
    CHECK(results[1].code == "IN_APPROVAL");
    CHECK(results[2].status == "forbidden");
    CHECK(results[2].field == "owner");
    CHECK(at.asked("update") == 1);
    batch.begin(abi::Op::kUpdate, pending);
    batch.add(1, "2");
    CHECK(at.push("AccountObj", fields, batch)[0].status == "locked");
    CHECK(at.asked("update") == 1);  // not sent again meanwhile
    at.control("approve", {{"object", "AccountObj"}, {"id", pending}});
    at.host.clock_ms += 1'000;
    at.pull("AccountObj", fields);
    CHECK(shown(at.mirror["AccountObj"][pending], 1) == "2");
}

TEST_CASE("limits: the rate is waited for, the day's quota ends the run", "[fxiaoke][peer]") {
    FxiaokeTenant at("{}", {}, 15'000);
    at.pull("ContactObj", {"name"});  // 151 pages
    CHECK(at.mirror["ContactObj"].size() == 15'000);
    CHECK(at.host.slept_ms >= 20'000);
    at.control("switch", {{"name", "daily_quota"}, {"value", "1"}});
    try {
        at.pull("ContactObj", {"name"});
        FAIL("no quota is left");
    } catch (const sdk::Error& error) {
        CHECK(error.status() == KONTOR_E_RATE_LIMITED);
        CHECK(error.retry_after_ms() > 0);
        CHECK(error.retry_after_ms() <= 86'400'000);
    }
    at.control("switch", {{"name", "no_quota"}, {"value", "true"}});
    try {
        at.pull("ContactObj", {"name"});
        FAIL("no quota was bought");
    } catch (const sdk::Error& error) {
        CHECK(error.status() == KONTOR_E_PERMISSION);
        CHECK(std::string(error.what()).find("30003") != std::string::npos);
    }
}

TEST_CASE("one bad record does not hold up the others", "[fxiaoke][peer]") {
    FxiaokeTenant at;
    at.pull("AccountObj", {"name", "tel"});
    at.control("fault",
               {{"kind", "reject_record"}, {"params", {{"field", "tel"}, {"contains", "BAD"}}}});
    abi::BatchWriter batch;
    std::vector<std::string> ids;
    for (const auto& [id, record] : at.mirror["AccountObj"]) {
        if (ids.size() == 4) break;
        batch.begin(abi::Op::kUpdate, id);
        batch.add(1, ids.size() == 1 ? "BAD" : "GOOD");
        ids.push_back(id);
    }
    batch.begin(abi::Op::kUpdate, ids[0]);
    batch.add(2, "no such field");
    const auto results = at.push("AccountObj", {"name", "tel", "nowhere"}, batch);
    CHECK(results[0].status == "ok");
    CHECK(results[1].status == "invalid");
    CHECK(results[1].code == "320099");
    CHECK(results[2].status == "ok");
    CHECK(results[3].status == "ok");
    CHECK(results[4].status == "invalid");
    CHECK(results[4].field == "nowhere");
}

TEST_CASE("a field that is gone stops the stream before anything is taken for empty",
          "[fxiaoke][peer]") {
    const bool nulls = GENERATE(true, false);
    const char* change = GENERATE("drop", "hide_field");
    CAPTURE(nulls, change);
    FxiaokeTenant at("{}", {{"include_null", nulls ? "true" : "false"}});
    at.pull("AccountObj", {"name", "tel"});
    at.host.clock_ms += 600'000;
    at.control("fault",
               {{"kind", "schema"},
                {"params", {{"change", change}, {"object", "AccountObj"}, {"field", "tel"}}}});
    at.control("edit", {{"object", "AccountObj"}, {"count", 3}, {"set", {{"name", "改"}}}});
    if (nulls && change == std::string("hide_field")) {
        // Its absence is told from emptiness: the rest goes on.
        at.pull("AccountObj", {"name", "tel"});
        REQUIRE_FALSE(at.host.records().empty());
        for (const auto& record : at.host.records()) CHECK(shown(record, 1) == "<absent>");
        return;
    }
    try {
        at.pull("AccountObj", {"name", "tel"});
        FAIL("the field is gone");
    } catch (const sdk::Error& error) {
        CHECK(error.args_json().find("\"unknown_field\":\"tel\"") != std::string::npos);
    }
    CHECK(at.host.records().empty());
}

TEST_CASE("every object is described and can be pulled and swept", "[fxiaoke][peer]") {
    FxiaokeTenant at(GENERATE("{}", R"({"api":"old"})"), {}, 100);
    const auto who = at.connector.check();
    CHECK(who.org_id == "71557");
    CHECK(who.user_name == "管理员");
    const auto streams = at.connector.describe();
    CHECK(streams.size() == 13);
    for (const auto& stream : streams) {
        CAPTURE(stream.name);
        std::vector<std::string> fields;
        for (const auto& field : stream.fields) fields.push_back(field.name);
        at.pull(stream.name, fields);
        CHECK_FALSE(at.mirror[stream.name].empty());
        std::set<std::string> pulled;
        for (const auto& [id, record] : at.mirror[stream.name]) pulled.insert(id);
        CHECK(at.sweep(stream.name) == pulled);
    }
    CHECK(at.violations() == "");
}

TEST_CASE("what cannot be read before a write is not written, and not doubtful either",
          "[fxiaoke][peer]") {
    FxiaokeTenant at;
    at.pull("AccountObj", {"name", "tel"});
    const std::string id = at.mirror["AccountObj"].begin()->first;
    at.control("fault", {{"kind", "drop_before"},
                         {"count", 1},
                         {"match", {{"path_prefix", "/cgi/crm/v2/data/query"}}}});
    abi::BatchWriter batch;
    batch.begin(abi::Op::kUpdate, id);
    batch.add(1, "1");
    batch.begin(abi::Op::kCreate, "", "", "uid-9");
    batch.add(0, "新");
    for (const auto& result : at.push("AccountObj", {"name", "tel"}, batch)) {
        CHECK(result.status == "retry");
        CHECK(result.message != "");
    }
    CHECK(at.asked("update") + at.asked("create") == 0);
}

TEST_CASE("an answer that is none is an error, never an empty list", "[fxiaoke][peer]") {
    FxiaokeTenant at;
    at.pull("AccountObj", {"name"});
    for (const char* kind : {"html_200", "malformed_json", "big_json", "status", "redirect"}) {
        CAPTURE(kind);
        at.control("fault", {{"kind", kind}, {"count", 8}});
        CHECK_THROWS_AS(at.connector.list_ids(test::request("AccountObj", {})), sdk::Error);
        at.control("fault", {{"kind", kind}, {"count", 8}});
        CHECK_THROWS_AS(at.pull("AccountObj", {"name"}), sdk::Error);
        at.tenant.handle({"DELETE", "/_control/fault", {}, "", 1});
    }
    at.control("fault", {{"kind", "unknown_field"}, {"count", 8}});
    at.sweep("AccountObj");
}
