// Reading: the connector against the simulated organisation. The oracle is the peer's own dump.
#include <catch2/catch.hpp>

#include "tests/plugins/salesforce/organisation.hpp"

using namespace kontor;
using test::SalesforceOrganisation;
using test::shown;

namespace {

const std::vector<std::string> kContact{"LastName",  "Email",        "Birthdate",
                                        "AccountId", "Languages__c", "HasOptedOutOfEmail"};

void check_equal(SalesforceOrganisation& at, const std::string& object = "Contact",
                 const char* field = "LastName") {
    const auto theirs = at.dump(object);
    const auto& ours = at.mirror[object];
    CHECK(ours.size() == theirs.size());
    for (const auto& [id, record] : theirs) {
        const auto found = ours.find(id);
        if (found == ours.end() || shown(found->second, 0) != record[field].get<std::string>())
            FAIL(object << " " << id << " is not as theirs: " << record.dump());
    }
}

}  // namespace

TEST_CASE("a load and increments give what the organisation has", "[salesforce][peer]") {
    SalesforceOrganisation at("{}", {}, 2'500);
    at.pull("Contact", kContact);
    check_equal(at);
    CHECK(at.asked("/query") == 3);  // a count and two pages

    // More than a page in one second, and one that is edited while it is read.
    at.host.clock_ms += 3'600'000;
    at.control("edit", {{"object", "Contact"}, {"count", 2'300}, {"set", {{"LastName", "改"}}}});
    at.host.clock_ms += 60'000;
    const std::string last = at.dump("Contact").rbegin()->first;
    bool once = true;
    at.host.on_emit = [&](const test::EmittedBatch&) {
        if (once)
            at.control("edit",
                       {{"object", "Contact"}, {"id", last}, {"set", {{"LastName", "中"}}}});
        once = false;
        return KONTOR_OK;
    };
    at.pull("Contact", kContact);
    at.host.on_emit = nullptr;
    at.host.clock_ms += 60'000;
    at.pull("Contact", kContact);
    check_equal(at);

    // Nothing new for longer than we look back: what is in the bin, what changed.
    at.host.clock_ms += 1'800'000;
    at.pull("Contact", kContact);
    at.host.clock_ms += 1'000;
    at.pull("Contact", kContact);
    CHECK(at.host.records().empty());
    CHECK(at.host.requests.size() == 2);
}

TEST_CASE("changes that become visible late are found", "[salesforce][peer]") {
    SalesforceOrganisation at;
    at.pull("Contact", kContact);
    at.host.clock_ms += 1'000'000;
    at.control("fault", {{"kind", "late_visible"}, {"params", {{"seconds", 500}}}});
    at.control("create", {{"object", "Contact"}, {"set", {{"LastName", "late"}}}});
    at.host.clock_ms += 10'000;
    at.pull("Contact", kContact);
    CHECK(at.mirror["Contact"].size() == 250);
    at.host.clock_ms += 500'000;
    at.pull("Contact", kContact);
    check_equal(at);
}

TEST_CASE("loads and increments go on where they stopped", "[salesforce][peer]") {
    const bool loading = GENERATE(true, false);
    CAPTURE(loading);
    SalesforceOrganisation at("{}", {}, 4'500);
    if (!loading) {
        at.pull("Contact", kContact);
        at.host.clock_ms += 3'600'000;
        at.control("edit", {{"object", "Contact"}, {"set", {{"LastName", "改"}}}});
        at.host.clock_ms += 60'000;
    }
    std::string checkpoint = at.cursors["Contact"];
    int batches = 0;
    at.host.on_emit = [&](const test::EmittedBatch& batch) {
        if (++batches == 2) return KONTOR_E_CANCELLED;
        checkpoint = batch.checkpoint;
        return KONTOR_OK;
    };
    CHECK_THROWS_AS(at.connector.pull(test::request("Contact", kContact), checkpoint), sdk::Error);
    at.host.on_emit = nullptr;
    at.host.clear();
    at.cursors["Contact"] = checkpoint;
    at.pull("Contact", kContact);
    CHECK(at.host.records().size() == 2'500);
}

TEST_CASE("a large object is loaded by a bulk job, and gives the same values",
          "[salesforce][peer]") {
    const std::vector<std::string> fields{"LastName",     "Birthdate",          "Score__c",
                                          "Met__c",       "HasOptedOutOfEmail", "AccountId",
                                          "Languages__c", "Description"};
    SalesforceOrganisation at(R"({"bulk_from": 100})"), plain(R"({"bulk_from": 0})");
    const sdk::Json odd{
        {"object", "Contact"},
        {"set", {{"LastName", "a,\"b\""}, {"Description", "x\ny"}, {"Score__c", 12345678.5}}}};
    for (SalesforceOrganisation* each : {&at, &plain}) {
        each->control("create", odd);
        each->pull("Contact", fields);
    }
    CHECK(at.asked("/jobs/query") == 3);  // order, state, results
    CHECK(plain.asked("/jobs") == 0);
    REQUIRE(at.mirror["Contact"].size() == 251);
    for (const auto& [id, record] : at.mirror["Contact"]) {
        const auto& other = plain.mirror["Contact"].at(id);
        CHECK(record.version == other.version);
        CHECK(record.actor == other.actor);
        if (record.fields != other.fields) FAIL(id << " differs from what a list shows");
    }
    // The changes since the job was ordered come next.
    at.host.clock_ms += 60'000;
    at.control("edit", {{"object", "Contact"}, {"count", 1}, {"set", {{"LastName", "改"}}}});
    at.pull("Contact", fields);
    check_equal(at);
}

TEST_CASE("a bulk load goes on with its job, or anew if the job is gone", "[salesforce][peer]") {
    const bool forgotten = GENERATE(true, false);
    CAPTURE(forgotten);
    SalesforceOrganisation at(R"({"bulk_from": 100})");
    std::string checkpoint;
    at.host.on_emit = [&](const test::EmittedBatch& batch) {
        if (!batch.records.empty()) return KONTOR_E_CANCELLED;
        checkpoint = batch.checkpoint;
        return KONTOR_OK;
    };
    CHECK_THROWS_AS(at.connector.pull(test::request("Contact", kContact), ""), sdk::Error);
    REQUIRE_FALSE(checkpoint.empty());
    at.host.on_emit = nullptr;
    if (forgotten) at.control("fault", {{"kind", "forget_jobs"}});
    at.cursors["Contact"] = checkpoint;
    at.pull("Contact", kContact);
    check_equal(at);
    CHECK(at.asked("/results") == (forgotten ? 0 : 1));
}

TEST_CASE("deletions, merges and what is restored are followed", "[salesforce][peer]") {
    SalesforceOrganisation at;
    at.pull("Contact", kContact);
    const auto rows = at.dump("Contact");
    const auto id = [&](int n) { return std::next(rows.begin(), n)->first; };
    at.host.clock_ms += 7'200'000;
    at.control("delete", {{"object", "Contact"}, {"id", id(0)}});
    at.control("merge", {{"object", "Contact"}, {"loser", id(1)}, {"winner", id(2)}});
    at.control("purge", {{"object", "Contact"}, {"id", id(3)}});  // never in the bin for us
    at.host.clock_ms += 60'000;
    at.pull("Contact", kContact);
    check_equal(at);
    CHECK(at.merged == std::map<std::string, std::string>{{id(1), id(2)}});
    const auto missing = at.fetch("Contact", kContact, {id(0), id(1), id(4), "no id' --"});
    std::map<std::string, abi::Op> ops;
    for (const auto& each : missing) ops[each.id] = each.op;
    CHECK(ops == std::map<std::string, abi::Op>{{id(0), abi::Op::kMissing},
                                                {id(1), abi::Op::kMerged},
                                                {id(4), abi::Op::kRecord},
                                                {"no id' --", abi::Op::kMissing}});
    at.control("undelete", {{"object", "Contact"}, {"id", id(0)}});
    at.host.clock_ms += 60'000;
    at.pull("Contact", kContact);
    check_equal(at);
}

TEST_CASE("a field that is gone is named, and a new one is described", "[salesforce][peer]") {
    SalesforceOrganisation at;
    at.connector.describe();
    at.pull("Contact", kContact);
    at.control("fault",
               {{"kind", "schema"},
                {"params", {{"change", "drop"}, {"object", "Contact"}, {"field", "Email"}}}});
    try {
        at.pull("Contact", kContact);
        FAIL("the field is gone");
    } catch (const sdk::Error& error) {
        CHECK(error.args_json().find("\"Email\"") != std::string::npos);
    }
    at.control("fault",
               {{"kind", "schema"},
                {"params", {{"change", "add"}, {"object", "Contact"}, {"field", "N__c"}}}});
    std::size_t found = 0;
    for (const auto& stream : at.connector.describe())
        for (const auto& field : stream.fields) found += field.name == "N__c" ? 1 : 0;
    CHECK(found == 1);
}

TEST_CASE("more fields than an address has room for are read in two steps", "[salesforce][peer]") {
    SalesforceOrganisation at;
    std::vector<std::string> fields{"LastName"};
    for (int i = 0; i < 400; ++i) {
        fields.push_back("A_field_with_a_long_name_" + std::to_string(i) + "__c");
        at.control(
            "fault",
            {{"kind", "schema"},
             {"params", {{"change", "add"}, {"object", "Contact"}, {"field", fields.back()}}}});
    }
    at.pull("Contact", fields);
    check_equal(at);
    at.control("edit", {{"object", "Contact"}, {"count", 3}, {"set", {{fields[400], "x"}}}});
    at.host.clock_ms += 1'000;
    at.pull("Contact", fields);
    CHECK(shown(at.mirror["Contact"].begin()->second, 400) == "x");
}

TEST_CASE("what it says of itself and of its streams", "[salesforce][peer]") {
    SalesforceOrganisation at;
    const auto who = at.connector.check();
    CHECK(who.org_id == at.peer.credentials().org_id);
    CHECK(who.user_id == at.peer.credentials().user_id);
    CHECK(who.org_name == "示例公司 Ltd");
    CHECK(who.credits_left > 0);
    std::map<std::string, sdk::StreamSpec> streams;
    for (auto& each : at.connector.describe()) streams[each.name] = each;
    CHECK(streams.size() == 11);
    CHECK(streams["Visit__c"].custom);
    CHECK_FALSE(streams["User"].capabilities.create);
    CHECK(streams["Contact"].capabilities.key_field == "Kontor_Id__c");
    CHECK(streams["Contact"].capabilities.cas == "single");
    CHECK(streams["Contact"].capabilities.deleted_feed);
    at.pull("Task", {"WhoId"});
    bool seen = false;
    for (const auto& [id, task] : at.mirror["Task"])
        seen = seen || shown(task, 0).starts_with("Contact:003");
    CHECK(seen);
}

TEST_CASE("found by key and by address, quotes and all", "[salesforce][peer]") {
    SalesforceOrganisation at;
    auto wanted = test::request("Contact", kContact);
    wanted.field = "LastName";
    wanted.values = {"O'Neill", "x') OR (LastName != '"};
    at.connector.find(wanted);
    for (const auto& each : at.host.records()) CHECK(shown(each, 0) == "O'Neill");
    CHECK(at.host.records().size() > 20);
}

TEST_CASE("trouble is told as what it is", "[salesforce][peer]") {
    SalesforceOrganisation at;
    const auto status_of_pull = [&] {
        try {
            at.pull("Contact", kContact);
        } catch (const sdk::Error& error) {
            return error.status();
        }
        return KONTOR_OK;
    };
    const auto order = [&](const char* kind, sdk::Json params) {
        at.control("fault", {{"kind", kind},
                             {"count", 1},
                             {"params", std::move(params)},
                             {"match", {{"path_prefix", "/services/data/v60.0/query"}}}});
    };
    at.pull("Contact", kContact);
    order("html_200", sdk::Json::object());
    CHECK(status_of_pull() == KONTOR_E_PROTOCOL);
    order("malformed_json", sdk::Json::object());
    CHECK(status_of_pull() == KONTOR_E_PROTOCOL);
    order("status", {{"status", 403}, {"code", "REQUEST_LIMIT_EXCEEDED"}});
    CHECK(status_of_pull() == KONTOR_E_RATE_LIMITED);
    order("status", {{"status", 503}});
    CHECK(status_of_pull() == KONTOR_E_UNAVAILABLE);
    order("lost_answer", sdk::Json::object());
    CHECK(status_of_pull() == KONTOR_E_UNAVAILABLE);
    order("unknown_field", sdk::Json::object());
    CHECK(status_of_pull() == KONTOR_OK);
    at.control("fault", {{"kind", "expire_access_tokens"}});
    CHECK(status_of_pull() == KONTOR_OK);
    check_equal(at);
}
