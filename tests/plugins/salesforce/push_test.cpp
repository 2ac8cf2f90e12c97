// Writing: what the connector makes of changes, and what it says of them.
#include <catch2/catch.hpp>

#include "tests/plugins/salesforce/organisation.hpp"

using namespace kontor;
using test::SalesforceOrganisation;
using test::shown;

namespace {

const std::vector<std::string> kWritten{
    "LastName",     "Email",  "Birthdate", "AccountId",
    "Languages__c", "Met__c", "Score__c",  "HasOptedOutOfEmail"};

}  // namespace

TEST_CASE("values come back the same", "[salesforce][peer]") {
    SalesforceOrganisation at;
    const std::string account = at.dump("Account").begin()->first;
    const std::vector<std::string> values{"欧阳",
                                          "a@example.cn",
                                          "1990-02-28",
                                          account,
                                          R"(["Chinese","German"])",
                                          "2026-01-02T03:04:05.000Z",
                                          "12.5"};
    abi::BatchWriter batch;
    batch.begin(abi::Op::kCreate, "", "", "uid-1");
    for (std::size_t i = 0; i < values.size(); ++i)
        batch.add(static_cast<std::uint16_t>(i), std::string_view(values[i]));
    batch.add(7, std::int64_t{1});
    const auto results = at.push("Contact", kWritten, batch);
    CAPTURE(results[0].message);
    REQUIRE(results[0].status == "ok");
    const auto stored = at.dump("Contact").at(results[0].id);
    CHECK(stored["Kontor_Id__c"] == "uid-1");
    CHECK(stored["Languages__c"] == "Chinese;German");
    const auto back = at.fetch("Contact", kWritten, {results[0].id});
    REQUIRE(back.size() == 1);
    CHECK(back[0].version == results[0].version);
    for (std::size_t i = 0; i < values.size(); ++i)
        CHECK(shown(back[0], static_cast<std::uint16_t>(i)) == values[i]);
    CHECK(shown(back[0], 7) == "1");
    // Emptied again.
    batch.begin(abi::Op::kUpdate, results[0].id);
    for (std::uint16_t i = 1; i < 8; ++i) batch.add_null(i);
    REQUIRE(at.push("Contact", kWritten, batch)[0].status == "ok");
    const auto emptied = at.fetch("Contact", kWritten, {results[0].id});
    for (std::uint16_t i = 1; i < 7; ++i) CHECK(shown(emptied[0], i) == "<null>");
    CHECK(shown(emptied[0], 7) == "0");
}

TEST_CASE("a create whose answer is lost happens once", "[salesforce][peer]") {
    SalesforceOrganisation at;
    const auto create = [&] {
        abi::BatchWriter batch;
        batch.begin(abi::Op::kCreate, "", "", "uid-1");
        batch.add(0, "once");
        return at.push("Contact", kWritten, batch)[0];
    };
    at.control("fault", {{"kind", "lost_answer"}, {"count", 1}, {"match", {{"method", "PATCH"}}}});
    CHECK(create().status == "unknown");
    const auto again = create();
    CHECK(again.status == "ok");
    CHECK(at.dump("Contact").size() == 251);
    CHECK(at.dump("Contact").at(again.id)["LastName"] == "once");
}

TEST_CASE("collections of 200, one result for each record", "[salesforce][peer]") {
    SalesforceOrganisation at;
    abi::BatchWriter batch;
    for (int i = 0; i < 450; ++i) {
        batch.begin(abi::Op::kCreate, "", "", "uid-" + std::to_string(i));
        if (i % 10 != 3) batch.add(0, "n");
        if (i % 10 == 5) batch.add(1, "no address");
        if (i % 10 == 7) batch.add(2, "yesterday");
    }
    const auto results = at.push("Contact", kWritten, batch);
    REQUIRE(results.size() == 450);
    for (std::size_t i = 0; i < results.size(); ++i) {
        CAPTURE(i, results[i].message);
        const std::size_t kind = i % 10;
        CHECK(results[i].status == (kind == 3 || kind == 5 || kind == 7 ? "invalid" : "ok"));
        if (kind == 3) CHECK(results[i].field == "LastName");
        if (kind == 5) CHECK(results[i].code == "INVALID_EMAIL_ADDRESS");
        if (kind == 7) CHECK(results[i].field == "Birthdate");
        if (results[i].status == "ok") CHECK_FALSE(results[i].version.empty());
    }
    CHECK(at.asked("/composite/sobjects/Contact/Kontor_Id__c") == 3);
}

TEST_CASE("an update of an old version is refused, alone and among many", "[salesforce][peer]") {
    const int others = GENERATE(0, 30);
    CAPTURE(others);
    SalesforceOrganisation at;
    at.pull("Contact", kWritten);
    const auto rows = at.mirror["Contact"];
    const std::string id = rows.begin()->first;
    at.host.clock_ms += 5'000;
    at.control("edit", {{"object", "Contact"}, {"id", id}, {"set", {{"LastName", "theirs"}}}});
    at.host.clock_ms += 5'000;
    at.host.clear();
    abi::BatchWriter batch;
    auto next = rows.begin();
    for (int i = 0; i <= others; ++i, ++next) {
        batch.begin(abi::Op::kUpdate, next->first, next->second.version);
        batch.add(0, "ours");
    }
    const auto results = at.push("Contact", kWritten, batch);
    CHECK(results[0].status == "changed");
    CHECK(at.dump("Contact").at(id)["LastName"] == "theirs");
    for (int i = 1; i <= others; ++i) CHECK(results[static_cast<std::size_t>(i)].status == "ok");
    CHECK(at.asked("/sobjects/Contact/003") == 0);  // many go together
}

TEST_CASE("an edit between our look and our write is not overwritten", "[salesforce][peer]") {
    SalesforceOrganisation at;
    at.pull("Contact", kWritten);
    const auto row = *at.mirror["Contact"].begin();
    at.host.clock_ms += 5'000;
    const auto through = at.host.handler;
    at.host.handler = [&](const test::FakeRequest& asked) {
        if (asked.method == "PATCH") {
            CHECK(asked.headers.count("If-Unmodified-Since") == 1);
            at.control(
                "edit",
                {{"object", "Contact"}, {"id", row.first}, {"set", {{"LastName", "theirs"}}}});
        }
        return through(asked);
    };
    abi::BatchWriter batch;
    batch.begin(abi::Op::kUpdate, row.first, row.second.version);
    batch.add(0, "ours");
    CHECK(at.push("Contact", kWritten, batch)[0].status == "changed");
    CHECK(at.dump("Contact").at(row.first)["LastName"] == "theirs");
}

TEST_CASE("a full day's requests end a push before anything is sent", "[salesforce][peer]") {
    SalesforceOrganisation at;
    at.pull("Contact", kWritten);
    at.control("switch", {{"name", "daily_limit"}, {"value", 1}});
    abi::BatchWriter batch;
    batch.begin(abi::Op::kDelete, at.mirror["Contact"].begin()->first);
    CHECK_THROWS_AS(at.push("Contact", kWritten, batch), sdk::Error);
    CHECK(at.dump("Contact").size() == 250);
}

TEST_CASE("what the company's rules say reaches the person; locks are tried again",
          "[salesforce][peer]") {
    SalesforceOrganisation at;
    const auto update_with = [&](const char* code) {
        at.control("fault",
                   {{"kind", "reject_record"}, {"count", 1}, {"params", {{"code", code}}}});
        abi::BatchWriter batch;
        batch.begin(abi::Op::kUpdate, at.dump("Contact").begin()->first);
        batch.add(0, "x");
        return at.push("Contact", kWritten, batch)[0];
    };
    const auto refused = update_with("FIELD_CUSTOM_VALIDATION_EXCEPTION");
    CHECK(refused.status == "invalid");
    CHECK(refused.message == "refused by a rule of the company");
    CHECK(update_with("UNABLE_TO_LOCK_ROW").status == "retry");
    CHECK(update_with("ENTITY_IS_LOCKED").status == "locked");
}

TEST_CASE("after a lost answer what was to follow is surely not carried out",
          "[salesforce][peer]") {
    SalesforceOrganisation at;
    const auto rows = at.dump("Contact");
    at.control("fault", {{"kind", "lost_answer"}, {"count", 1}, {"match", {{"method", "PATCH"}}}});
    abi::BatchWriter batch;
    batch.begin(abi::Op::kUpdate, rows.begin()->first);
    batch.add(0, "x");
    batch.begin(abi::Op::kDelete, std::next(rows.begin())->first);
    const auto results = at.push("Contact", kWritten, batch);
    CHECK(results[0].status == "unknown");
    CHECK(results[1].status == "retry");
    CHECK(at.dump("Contact").size() == 250);
}
