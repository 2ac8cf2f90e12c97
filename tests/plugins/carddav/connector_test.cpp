// The connector against an address book in memory: loads, increments, deletions, writes, races,
// lost answers, and servers that do things their own way.
#include <catch2/catch.hpp>

#include "plugins/carddav/versions.hpp"
#include "tests/plugins/carddav/cards.hpp"
#include "tests/plugins/carddav/fake_book.hpp"

using namespace kontor;
using namespace kontor::test;
using abi::Op;

namespace {

std::string card(const std::string& uid, const std::string& lines) {
    return crlf("BEGIN:VCARD\nVERSION:3.0\nUID:" + uid + "\n" + lines + "END:VCARD\n");
}

std::string person(const std::string& uid, const std::string& name) {
    return card(uid, "FN:" + name + "\nN:" + name + ";;;;\nX-OTHER;P=1:kept\n");
}

std::map<std::string, EmittedRecord> by_id(const std::vector<EmittedRecord>& records) {
    std::map<std::string, EmittedRecord> out;
    for (const auto& each : records) out[each.id] = each;
    return out;
}

}  // namespace

TEST_CASE("a load gives every card once, in batches that can be resumed", "[carddav][pull]") {
    FakeBook book;
    for (int i = 0; i < 120; ++i) {
        const std::string id = std::to_string(1000 + i);
        book.put(id + ".vcf", person(id, "n" + id));
    }
    std::string cursor;
    const auto records = book.pull(cursor);
    CHECK(by_id(records).size() == 120);
    CHECK(records.size() == 120);
    CHECK(field(records[7], "family_name") == "n" + records[7].id.substr(0, 4));
    REQUIRE(book.host.batches.size() == 3);

    // Cut off after the first batch: the rest follows, and what changed meanwhile by the old token.
    std::string resumed = book.host.batches[0].checkpoint;
    REQUIRE_FALSE(resumed.empty());
    book.put("1000.vcf", person("1000", "later"));
    const auto rest = book.pull(resumed);
    CHECK(rest.size() == 70);
    CHECK_FALSE(by_id(rest).contains("1000.vcf"));
    const auto increment = book.pull(resumed);
    REQUIRE(increment.size() == 1);
    CHECK(field(increment[0], "family_name") == "later");
}

TEST_CASE("an increment tells changes and deletions, and at rest nothing", "[carddav][pull]") {
    FakeBook book;
    book.put("a.vcf", person("a", "A"));
    book.put("b.vcf", person("b", "B"));
    std::string cursor;
    const auto first = by_id(book.pull(cursor));
    book.put("b.vcf", person("b", "B2"));
    book.put("c@d.vcf", person("c", "C"));
    book.remove("a.vcf");
    const auto second = by_id(book.pull(cursor));
    REQUIRE(second.size() == 3);
    CHECK(second.at("a.vcf").op == Op::kDeleted);
    CHECK(field(second.at("b.vcf"), "family_name") == "B2");
    CHECK(field(second.at("c@d.vcf"), "family_name") == "C");
    CHECK(second.at("b.vcf").version > first.at("b.vcf").version);
    CHECK(second.at("a.vcf").version > first.at("a.vcf").version);
    CHECK(book.pull(cursor).empty());
    CHECK(book.host.requests.size() == 1);
}

TEST_CASE("changes that come in pieces are all told", "[carddav][pull]") {
    FakeBook book;
    book.page = 3;
    for (int i = 0; i < 10; ++i) book.put(std::to_string(i) + ".vcf", person("u", "x"));
    std::string cursor;
    CHECK(book.pull(cursor).size() == 10);
    for (int i = 0; i < 8; ++i) book.remove(std::to_string(i) + ".vcf");
    CHECK(book.pull(cursor).size() == 8);
}

TEST_CASE("a token that the server has forgotten leads to a load", "[carddav][pull]") {
    FakeBook book;
    book.put("a.vcf", person("a", "A"));
    book.put("b.vcf", person("b", "B"));
    std::string cursor;
    (void)book.pull(cursor);
    book.remove("b.vcf");
    book.tokens_from = 3;
    const auto records = book.pull(cursor);
    REQUIRE(records.size() == 1);
    CHECK(records[0].id == "a.vcf");
    // The deletion is found by the list of ids.
    book.host.clear();
    CHECK(book.connector().list_ids(FakeBook::request()));
    REQUIRE(book.host.records().size() == 1);
    CHECK(book.host.records()[0].id == "a.vcf");
    CHECK(book.host.records()[0].version.empty());
    book.tokens_from = 0;
    CHECK(book.pull(cursor).empty());
}

TEST_CASE("without tokens the book is read when its tag has changed", "[carddav][pull]") {
    FakeBook book;
    book.has_tokens = false;
    book.put("a.vcf", person("a", "A"));
    CHECK_FALSE(book.connector().describe().at(0).capabilities.deleted_feed);
    std::string cursor;
    CHECK(book.pull(cursor).size() == 1);
    CHECK(book.pull(cursor).empty());
    book.put("b.vcf", person("b", "B"));
    CHECK(book.pull(cursor).size() == 2);
}

TEST_CASE("a card that cannot be read holds up no other", "[carddav][pull]") {
    FakeBook book;
    book.put("a.vcf", "no card at all");
    book.put("b.vcf", person("b", "B"));
    std::string cursor;
    const auto records = book.pull(cursor);
    REQUIRE(records.size() == 1);
    CHECK(records[0].id == "b.vcf");
    REQUIRE(book.host.logs.size() == 1);
    CHECK(book.host.logs[0].event == "carddav.unreadable_card");
    // Asked for by id it is there, but not to be seen: nothing of ours may take its place.
    const auto fetched = by_id(book.fetch({"a.vcf", "b.vcf", "c.vcf"}));
    CHECK(fetched.at("a.vcf").op == Op::kForbidden);
    CHECK(fetched.at("b.vcf").op == Op::kRecord);
    CHECK(fetched.at("c.vcf").op == Op::kMissing);
}

TEST_CASE("a page of somebody who stands between is no unreadable card", "[carddav][pull]") {
    FakeBook book;
    std::string cursor;
    (void)book.pull(cursor);
    book.put("a.vcf", person("a", "A"));
    const auto usual = book.host.handler;
    book.host.handler = [&](const FakeRequest& request) {
        if (request.body.find("multiget") == std::string::npos) return usual(request);
        FakeResponse page;
        page.status = 200;
        page.body = "<html>Sign in to this network</html>";
        return page;
    };
    CHECK_THROWS_AS(book.pull(cursor), sdk::Error);
    book.host.handler = usual;
    CHECK(book.pull(cursor).size() == 1);
}

TEST_CASE("an answer that is too large is asked for in halves", "[carddav][pull]") {
    FakeBook book;
    for (const char* id : {"a", "b", "c", "d"}) book.put(std::string(id) + ".vcf", person(id, id));
    const auto usual = book.host.handler;
    book.host.handler = [&](const FakeRequest& request) {
        const bool huge = request.body.find("multiget") != std::string::npos &&
                          request.body.find("/c.vcf") != std::string::npos;
        if (!huge) return usual(request);
        FakeResponse out;
        out.transport = KONTOR_E_PROTOCOL;
        return out;
    };
    std::string cursor;
    const auto records = by_id(book.pull(cursor));
    CHECK(records.size() == 3);
    CHECK_FALSE(records.contains("c.vcf"));
}

TEST_CASE("an update keeps every other byte and is bound to what was read", "[carddav][push]") {
    FakeBook book;
    book.put("a.vcf", sample_card("ios"));
    std::string cursor;
    const auto record = book.pull(cursor).at(0);
    const auto result = book.push(Op::kUpdate, "a.vcf", record.version, {{"title", "总经理"}});
    CHECK(result.status == "ok");
    CHECK(result.action == "update");
    CHECK(result.version > record.version);
    std::string expected = sample_card("ios");
    expected.replace(expected.find("销售总监"), std::string("销售总监").size(), "总经理");
    const auto rev = expected.find("REV:");
    const std::string written = book.cards.at("a.vcf");
    CHECK(written.substr(0, rev) == expected.substr(0, rev));
    CHECK(written.substr(written.find("\r\n", rev)) == expected.substr(expected.find("\r\n", rev)));
    // Our own write comes back under the version that we were told.
    const auto own = book.pull(cursor).at(0);
    CHECK(own.version == result.version);
    CHECK(field(own, "title") == "总经理");
}

TEST_CASE("somebody else's write in between is not overwritten", "[carddav][push]") {
    FakeBook book;
    book.put("a.vcf", person("a", "A"));
    std::string cursor;
    const auto record = book.pull(cursor).at(0);
    book.put("a.vcf", card("a", "FN:A\nN:A;;;;\nTITLE:theirs\n"));
    CHECK(book.push(Op::kUpdate, "a.vcf", record.version, {{"note", "ours"}}).status == "changed");
    CHECK(book.push(Op::kDelete, "a.vcf", record.version, {}).status == "changed");
    CHECK(book.requests("PUT") == 0);

    // Between our reading and our writing.
    const auto now = book.pull(cursor).at(0);
    const auto usual = book.host.handler;
    book.host.handler = [&](const FakeRequest& request) {
        if (request.method == "PUT") book.put("a.vcf", card("a", "FN:A\nTITLE:quicker\n"));
        return usual(request);
    };
    CHECK(book.push(Op::kUpdate, "a.vcf", now.version, {{"note", "ours"}}).status == "changed");
    CHECK(book.cards.at("a.vcf").find("quicker") != std::string::npos);
}

TEST_CASE("a content that comes back later is newer all the same", "[carddav][push]") {
    FakeBook book;
    book.tells_times = GENERATE(true, false);
    book.put("a.vcf", person("a", "A"));
    std::string cursor;
    const auto first = book.pull(cursor).at(0);
    const auto ours = book.push(Op::kUpdate, "a.vcf", first.version, {{"note", "n"}});
    const std::string written = book.cards.at("a.vcf");
    book.put("a.vcf", person("a", "B"));
    const auto theirs = book.pull(cursor).at(0);
    CHECK(theirs.version > ours.version);
    book.put("a.vcf", written);
    CHECK(book.pull(cursor).at(0).version > theirs.version);
}

TEST_CASE("a card has the same version wherever it is read", "[carddav][versions]") {
    FakeBook book;
    book.put("a.vcf", person("a", "A"));
    std::string cursor;
    const auto pulled = book.pull(cursor).at(0);
    CHECK(pulled.version.starts_with(sdk::format_instant(book.modified_ms.at("a.vcf"))));
    CHECK(book.fetch({"a.vcf"}).at(0).version == pulled.version);
    const auto written = book.push(Op::kUpdate, "a.vcf", pulled.version, {{"note", "n"}});
    CHECK(book.fetch({"a.vcf"}).at(0).version == written.version);
}

TEST_CASE("times that reports do not tell are asked for", "[carddav][versions]") {
    FakeBook book;
    book.times_in_reports = false;
    for (int i = 0; i < 120; ++i)
        book.put(std::to_string(i) + ".vcf", person(std::to_string(i), "A"));
    std::string cursor;
    const auto pulled = by_id(book.pull(cursor));
    // Of many at once,
    CHECK(book.requests("PROPFIND") < 10);
    for (const auto& [id, record] : pulled)
        CHECK(record.version.starts_with(sdk::format_instant(book.modified_ms.at(id))));
    // and of few each.
    CHECK(book.fetch({"7.vcf"}).at(0).version == pulled.at("7.vcf").version);
    CHECK(book.requests("PROPFIND") == 1);
}

TEST_CASE("a page of somebody who stands between is no success", "[carddav][push]") {
    FakeBook book;
    book.put("a.vcf", person("a", "A"));
    const auto usual = book.host.handler;
    const bool carried_out = GENERATE(false, true);
    book.host.handler = [&](const FakeRequest& request) {
        const bool write = request.method == "PUT" || request.method == "DELETE";
        if (!write) return usual(request);
        if (carried_out) (void)usual(request);
        FakeResponse page;
        page.status = 200;
        page.body = "<html>Sign in to this network</html>";
        return page;
    };
    const std::string told = carried_out ? "ok" : "unknown";
    CHECK(book.push(Op::kUpdate, "a.vcf", "", {{"note", "n"}}).status == told);
    CHECK(book.push(Op::kCreate, "", "", {{"family_name", "B"}}, "key").status == told);
    CHECK(book.push(Op::kDelete, "a.vcf", "", {}).status == told);
    CHECK(book.cards.contains("a.vcf") != carried_out);
}

TEST_CASE("changes within one second are in order, restarts included", "[carddav][versions]") {
    FakeHost host;
    sdk::Host raw(host.raw());
    std::string last;
    const std::int64_t second = host.clock_ms;
    for (int start = 0; start < 3; ++start) {
        carddav::Versions versions(raw);
        for (int i = 5; i > 0; --i) {
            const std::string etag = "\"" + std::to_string(start) + std::to_string(i) + "\"";
            const std::string version = versions.seen("a", etag, second);
            CHECK(version > last);
            CHECK(versions.seen("a", etag, second) == version);
            last = version;
        }
        versions.save();
    }
    carddav::Versions versions(raw);
    CHECK(versions.seen("a", "\"x\"", second + 1000) > last);
}

TEST_CASE("without times a version is when a tag was seen, and no clock sets it back",
          "[carddav][versions]") {
    FakeHost host;
    sdk::Host raw(host.raw());
    std::string last;
    for (int start = 0; start < 3; ++start) {
        carddav::Versions versions(raw);
        for (int i = 0; i < 5; ++i) {
            const std::string version = versions.seen("a", "\"e\"", std::nullopt);
            CHECK(version > last);
            last = version;
        }
        versions.save();
        host.clock_ms -= 1000;  // set back
    }
    CHECK(carddav::etag_in(last) == "\"e\"");
    CHECK(carddav::etag_in("").empty());
    // The latest writes only, and never more than the host keeps.
    carddav::Versions versions(raw);
    for (int i = 0; i < 1000; ++i)
        (void)versions.wrote(std::string(250, 'x') + std::to_string(i), std::string(190, 'e'),
                             host.clock_ms + i);
    versions.save();
    CHECK(host.state.size() < 65'536);
}

TEST_CASE("a name that is none of the book's becomes no address", "[carddav][push]") {
    FakeBook book;
    book.put("a.vcf", person("a", "A"));
    std::string cursor;
    (void)book.pull(cursor);
    const std::vector<std::string> names{"", ".", "..", "a\nb", std::string(300, 'x')};
    for (const std::string& id : names) {
        CHECK(book.push(Op::kDelete, id, "", {}).status == "missing");
        CHECK(book.push(Op::kUpdate, id, "", {{"note", "x"}}).status == "missing");
        CHECK(book.host.requests.empty());
        CHECK(book.fetch({id}).at(0).op == Op::kMissing);
    }
    CHECK(book.cards.size() == 1);
}

TEST_CASE("a create whose answer was lost makes no second card", "[carddav][push]") {
    FakeBook book;
    const auto usual = book.host.handler;
    book.host.handler = [&](const FakeRequest& request) {
        FakeResponse out = usual(request);
        if (request.method == "PUT") out.transport = KONTOR_E_TIMEOUT;
        return out;
    };
    CHECK(book.push(Op::kCreate, "", "", {{"family_name", "王"}}, "key1").status == "unknown");
    book.host.handler = usual;
    // The engine asks for the key,
    book.host.clear();
    sdk::Request wanted = FakeBook::request();
    wanted.field = "uid";
    wanted.values = {"key1", "key2"};
    book.connector().find(wanted);
    REQUIRE(book.host.records().size() == 1);
    CHECK(book.host.records()[0].id == "key1.vcf");
    // and if it did not, the second create would be an update of the first.
    const auto again =
        book.push(Op::kCreate, "", "", {{"family_name", "王"}, {"given_name", "五"}}, "key1");
    CHECK(again.status == "ok");
    CHECK(again.action == "create");
    CHECK(again.id == "key1.vcf");
    CHECK(book.cards.size() == 1);
    CHECK(book.cards.at("key1.vcf").find("\r\nFN:王五\r\n") != std::string::npos);
}

TEST_CASE("an address that somebody else's card has is told", "[carddav][push]") {
    FakeBook book;
    book.put("key1.vcf", person("other", "X"));
    const auto result = book.push(Op::kCreate, "", "", {{"family_name", "王"}}, "key1");
    CHECK(result.status == "duplicate");
    CHECK(result.id == "key1.vcf");
    CHECK(book.cards.at("key1.vcf") == person("other", "X"));
}

TEST_CASE("deletions: carried out, already done", "[carddav][push]") {
    FakeBook book;
    book.put("a.vcf", person("a", "A"));
    std::string cursor;
    const auto record = book.pull(cursor).at(0);
    CHECK(book.push(Op::kDelete, "a.vcf", record.version, {}).status == "ok");
    CHECK(book.cards.empty());
    CHECK(book.push(Op::kDelete, "a.vcf", "", {}).status == "missing");
    CHECK(book.push(Op::kUpdate, "a.vcf", record.version, {{"note", "x"}}).status == "missing");
}

TEST_CASE("entity tags that a proxy changes are asked for again", "[carddav][push]") {
    FakeBook book;
    book.weak_etags = true;
    book.etag_of_put = false;
    book.put("a.vcf", person("a", "A"));
    std::string cursor;
    const auto record = book.pull(cursor).at(0);
    const auto result = book.push(Op::kUpdate, "a.vcf", record.version, {{"note", "x"}});
    CHECK(result.status == "ok");
    CHECK(carddav::etag_in(result.version) == book.etag("a.vcf"));
}

TEST_CASE("a server that tidies cards up is known to have kept our write", "[carddav][push]") {
    FakeBook book;
    book.tells_times = GENERATE(true, false);
    book.tidy = "X-SERVER:was here";
    book.put("a.vcf", person("a", "A"));
    std::string cursor;
    const auto record = book.pull(cursor).at(0);
    const auto result = book.push(Op::kUpdate, "a.vcf", record.version, {{"note", "x"}});
    CHECK(book.pull(cursor).at(0).version == result.version);
}

TEST_CASE("of a server that converts cards the stored form is edited", "[carddav][push]") {
    FakeBook book;
    book.converts = true;
    book.put("a.vcf", sample_card("android"));
    std::string cursor;
    const auto record = book.pull(cursor).at(0);
    CHECK(book.push(Op::kUpdate, "a.vcf", record.version, {{"fax", "1"}}).status == "ok");
    std::string expected = sample_card("android");
    expected.insert(expected.find("END:VCARD"), "TEL;TYPE=FAX,WORK:1\r\n");
    expected.replace(expected.find("20260102T030405Z"), 16, "20231114T221321Z");
    CHECK(book.cards.at("a.vcf") == expected);
}

TEST_CASE("an update that changes nothing is not sent", "[carddav][push]") {
    FakeBook book;
    book.put("a.vcf", card("a", "FN:A\nN:A;;;;\nNOTE:x\n"));
    std::string cursor;
    const auto record = book.pull(cursor).at(0);
    const auto result = book.push(Op::kUpdate, "a.vcf", record.version, {{"note", "x"}});
    CHECK(result.status == "ok");
    CHECK(result.action == "none");
    CHECK(book.requests("PUT") == 0);
}

TEST_CASE("what cannot be written is refused with its reason", "[carddav][push]") {
    FakeBook book;
    book.put("old.vcf", sample_card("outlook"));
    std::string cursor;
    const auto record = book.pull(cursor).at(0);
    const auto old = book.push(Op::kUpdate, "old.vcf", record.version, {{"note", "x"}});
    CHECK(old.status == "invalid");
    CHECK(old.code == "OLD_VCARD");
    CHECK(book.cards.at("old.vcf") == sample_card("outlook"));
    book.put("bad.vcf", "no card");
    CHECK(book.push(Op::kUpdate, "bad.vcf", "", {{"note", "x"}}).code == "UNREADABLE_CARD");
    book.put("a.vcf", person("a", "A"));
    const auto nameless = book.push(Op::kUpdate, "a.vcf", "", {{"family_name", ""}});
    CHECK(nameless.code == "NAME_REQUIRED");
    CHECK(nameless.field == "family_name");
    CHECK(book.push(Op::kUpdate, "a.vcf", "", {{"family_name", ""}, {"given_name", "B"}}).status ==
          "ok");

    const auto usual = book.host.handler;
    const auto answering = [&](int status, const std::string& body) {
        book.host.handler = [&usual, status, body](const FakeRequest& request) {
            if (request.method != "PUT") return usual(request);
            FakeResponse out;
            out.status = status;
            out.body = body;
            return out;
        };
        return book.push(Op::kCreate, "", "", {{"family_name", "x"}}, "k");
    };
    CHECK(answering(403, "").status == "forbidden");
    CHECK(answering(415, "").status == "invalid");
    CHECK(answering(423, "").status == "locked");
    CHECK(answering(507, "").status == "retry");
    CHECK(answering(503, "").status == "unknown");
    const auto taken = answering(
        409,
        R"(<d:error xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav"><c:no-uid-conflict>
           <d:href>/dav/alice/people/z.vcf</d:href></c:no-uid-conflict></d:error>)");
    CHECK(taken.status == "duplicate");
    CHECK(taken.id == "z.vcf");
    CHECK_THROWS_AS(answering(401, ""), sdk::Error);
    book.host.handler = [](const FakeRequest&) {
        FakeResponse out;
        out.status = 403;
        return out;
    };
    CHECK(book.push(Op::kUpdate, "old.vcf", record.version, {{"note", "x"}}).status == "forbidden");
}
