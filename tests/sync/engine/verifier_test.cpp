// Comparing the replica with a remote: what differs without a reason is told apart from what is
// known to differ, and nothing is written, here or there.
#include <catch2/catch.hpp>

#include "sync/engine/verifier.hpp"
#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using engine::VerifyFinding;
using engine::VerifyReason;

namespace {

struct VerifierWorld {
    FakeClock clock;
    MemoryRemote zoho{clock};
    Device device{clock};
    std::vector<std::string> people;

    explicit VerifierWorld(int count = 10,
                           const std::function<void(merge::Mapping&)>& adjust = {}) {
        zoho.streams = people_streams();
        for (int i = 0; i < count; ++i)
            people.push_back(
                zoho.create("Contacts", {{"Last_Name", Value("Name " + std::to_string(i))},
                                         {"Phone", Value("+4912345" + std::to_string(i))},
                                         {"Email", Value(std::to_string(i) + "@example.com")}}));
        device.connect("zoho", zoho, adjust);
    }

    std::vector<VerifyFinding> found;
    std::atomic<bool> cancelled{false};

    Result<engine::VerifyReport> try_verify(const engine::VerifyOptions& options = {}) {
        found.clear();
        replica::OpenOptions open;
        open.access = replica::Access::kReadOnly;
        const auto db = replica::Database::open(device.path(), open);
        REQUIRE(db);
        engine::Observer observer;
        engine::Verifier verifier({.db = *db,
                                   .remote = zoho,
                                   .observer = observer,
                                   .cancelled = cancelled,
                                   .finding = [&](const auto& f) { found.push_back(f); }},
                                  device.settings("zoho"));
        return verifier.run(options);
    }
    engine::VerifyCounts verify(const engine::VerifyOptions& options = {}) {
        const auto report = try_verify(options);
        if (!report) FAIL(report.error().message);
        for (const auto& counts : report->streams)
            if (counts.stream == "Contacts") return counts;
        FAIL("Contacts is not in the report");
        return {};
    }
    /// Behind the engine's back: the replica is wrong and does not know it.
    void corrupt(const std::string& text) { REQUIRE(device.engine_db().execute(text)); }
    std::string state() {
        return device.text(
            "SELECT group_concat(cursor || coalesce(pulled_at, '') || coalesce(swept_at, ''))"
            " || (SELECT count(*) FROM kontor_run) || (SELECT count(*) FROM kontor_history)"
            " || (SELECT count(*) FROM kontor_shadow) FROM kontor_stream");
    }
};

}  // namespace

TEST_CASE("two sides that agree are equal, and verifying writes nothing", "[engine][verify]") {
    VerifierWorld w;
    const auto before = w.state();
    const auto counts = w.verify();
    CHECK(counts.compared == 10);
    CHECK(counts.equal == 10);
    CHECK(counts.values > 60);
    CHECK(counts.unexplained() == 0);
    CHECK(w.found.empty());
    CHECK(w.state() == before);
    CHECK(w.zoho.pushes == 0);
}

TEST_CASE("a value that is wrong here without a reason is found, whole and sampled",
          "[engine][verify]") {
    VerifierWorld w;
    w.corrupt("UPDATE contact SET phone = 'wrong' WHERE id = 4");
    auto counts = w.verify();
    CHECK(counts.differ == 1);
    REQUIRE(w.found.size() == 1);
    CHECK(w.found[0].reason == VerifyReason::kNone);
    CHECK(w.found[0].record == 4);
    CHECK(w.found[0].column == "phone");
    CHECK(w.found[0].ours == Value("wrong"));

    counts = w.verify({.streams = {}, .sample = 10, .seed = 1});
    CHECK(counts.compared == 10);
    CHECK(counts.differ == 1);
}

TEST_CASE("records that only one side has are found", "[engine][verify]") {
    VerifierWorld w;
    w.clock.advance(std::chrono::minutes{5});
    w.device.sync("zoho");  // the next pull begins after them
    SECTION("lost here") {
        w.corrupt(
            "DELETE FROM kontor_link WHERE record = 3; DELETE FROM contact WHERE id = 3;"
            "UPDATE kontor_stream SET records = records - 1 WHERE name = 'Contacts'");
        const auto counts = w.verify();
        CHECK(counts.only_there == 1);
        CHECK(counts.unexplained() == 1);
        CHECK(w.found.at(0).kind == VerifyFinding::Kind::kOnlyThere);
        CHECK(w.found.at(0).ext_id == w.people[2]);
    }
    SECTION("lost here, and its link leads nowhere") {
        w.corrupt("DELETE FROM contact WHERE id = 3");
        CHECK(w.verify().only_there == 1);
    }
    SECTION("lost there, and no feed told of it") {
        w.zoho.forget("Contacts", w.people[5]);
        const auto counts = w.verify();
        CHECK(counts.only_here == 1);
        CHECK(counts.compared == 9);
        CHECK(w.found.at(0).kind == VerifyFinding::Kind::kOnlyHere);
        CHECK(w.found.at(0).record == w.device.local("Contacts", w.people[5]));
    }
    SECTION("made up here: nothing ties it to the remote") {
        w.corrupt("INSERT INTO contact(id, last_name) VALUES(77, 'Nobody')");
        CHECK(w.verify().only_here == 1);
    }
}

TEST_CASE("what the next sync brings is no trouble; what it would miss is", "[engine][verify]") {
    VerifierWorld w;
    w.clock.advance(std::chrono::minutes{5});
    w.device.sync("zoho");
    w.clock.advance(std::chrono::minutes{5});
    w.zoho.edit("Contacts", w.people[1], {{"Phone", Value("+111")}});
    w.zoho.erase("Contacts", w.people[2]);
    w.zoho.create("Contacts", {{"Last_Name", Value("New")}});
    auto counts = w.verify();
    CHECK(counts.unexplained() == 0);
    CHECK(counts.explained[VerifyReason::kNotFetched] == 3);
    // The same, but the cursor has gone past it.
    w.corrupt("UPDATE kontor_stream SET cursor = '2030-01-01T00:00:00.000Z'");
    counts = w.verify();
    CHECK(counts.explained[VerifyReason::kNotFetched] == 0);
    CHECK(counts.differ == 1);
    CHECK(counts.only_here == 1);
    CHECK(counts.only_there == 1);
}

TEST_CASE("edits that have not been sent are told apart", "[engine][verify]") {
    VerifierWorld w;
    w.device.sql("UPDATE contact SET phone = 'mine' WHERE id = 1");
    w.device.sql("DELETE FROM contact WHERE id = 2");
    w.device.sql("INSERT INTO contact(last_name) VALUES('Mine')");
    const auto check = [&] {
        auto counts = w.verify();
        CHECK(counts.unexplained() == 0);
        CHECK(counts.explained[VerifyReason::kUnsent] == 3);
    };
    check();  // not even absorbed
    engine::CycleOptions pull_only;
    pull_only.push = false;
    w.device.sync("zoho", pull_only);
    check();
    w.device.sync("zoho");
    w.device.sync("zoho");
    CHECK(w.verify().explained.empty());
}

TEST_CASE(
    "a record whose deletion was sent and taken back is about to be sent, and who refers to it"
    " waits for it",
    "[engine][verify]") {
    VerifierWorld w;
    const auto acme = w.zoho.create("Accounts", {{"Account_Name", Value("Acme")}});
    w.zoho.edit("Contacts", w.people[1], {{"Account_Name", Value(acme)}});
    w.clock.advance(std::chrono::minutes{5});
    w.device.sync("zoho");
    const auto id = std::to_string(w.device.local("Accounts", acme));
    w.device.sql("DELETE FROM account WHERE id = " + id);
    w.device.sync("zoho");
    SECTION("the reference dangles there") {}
    SECTION("the remote has blanked the reference") {
        w.clock.advance(std::chrono::minutes{5});
        w.zoho.edit("Contacts", w.people[1], {{"Account_Name", Value::null()}});
        w.device.sync("zoho");
    }
    w.device.sql("INSERT INTO account(id, name) VALUES(" + id + ", 'Acme')");
    w.device.sql("UPDATE contact SET account_id = " + id + " WHERE account_id IS NULL AND id = " +
                 std::to_string(w.device.local("Contacts", w.people[1])));
    const auto report = w.try_verify();
    REQUIRE(report);
    CHECK(report->unexplained() == 0);
    const auto reasons = [&](VerifyReason reason) {
        return std::ranges::count(w.found, reason, &VerifyFinding::reason);
    };
    CHECK(reasons(VerifyReason::kUnsent) == 1);
    CHECK(reasons(VerifyReason::kWaits) == 1);
    for (int i = 0; i < 2; ++i) w.device.sync("zoho");
    CHECK(w.verify().unexplained() == 0);
    CHECK(w.found.empty());
}

TEST_CASE("a reference that dangles there is blank here, once what it led to is gone here too",
          "[engine][verify]") {
    VerifierWorld w(4, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) stream.delete_here = merge::DeletePolicy::kUnlink;
    });
    const auto acme = w.zoho.create("Accounts", {{"Account_Name", Value("Acme")}});
    w.zoho.edit("Contacts", w.people[1], {{"Account_Name", Value(acme)}});
    w.clock.advance(std::chrono::minutes{5});
    w.device.sync("zoho");
    const auto id = std::to_string(w.device.local("Accounts", acme));
    w.zoho.erase("Accounts", acme);
    w.device.sync("zoho");  // kept here, no longer synced
    w.device.sql("DELETE FROM account WHERE id = " + id);
    w.device.sync("zoho");
    const auto counts = w.verify();
    CHECK(counts.unexplained() == 0);
    REQUIRE(w.found.size() == 1);
    CHECK(w.found[0].reason == VerifyReason::kWaits);
    CHECK(w.found[0].ours.is_null());
    CHECK(w.found[0].theirs == Value(acme));
    // To who is here it would lead.
    const auto other = w.zoho.create("Accounts", {{"Account_Name", Value("Other")}});
    w.zoho.edit("Contacts", w.people[2], {{"Account_Name", Value(other)}});
    w.device.sync("zoho");
    w.corrupt("UPDATE contact SET account_id = NULL");
    CHECK(w.verify().unexplained() == 1);
}

TEST_CASE("conflicts and refusals are told apart, with what to look for", "[engine][verify]") {
    VerifierWorld w(10, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups) group.policy = merge::Policy::kManual;
    });
    w.zoho.edit("Contacts", w.people[0], {{"Phone", Value("theirs")}});
    w.device.sql("UPDATE contact SET phone = 'ours' WHERE id = 1");
    w.zoho.refuse = [](const std::string&,
                       const remote::Change&) -> std::optional<remote::PushResult> {
        remote::PushResult no;
        no.status = remote::PushStatus::kInvalid;
        no.code = "INVALID_DATA";
        return no;
    };
    w.device.sql("UPDATE contact SET email = 'refused' WHERE id = 2");
    w.device.sync("zoho");
    auto counts = w.verify();
    CHECK(counts.unexplained() == 0);
    CHECK(counts.explained[VerifyReason::kConflict] == 1);
    CHECK(counts.explained[VerifyReason::kBlocked] == 1);
    REQUIRE(w.found.size() == 2);
    for (const auto& found : w.found)
        CHECK(found.detail == (found.reason == VerifyReason::kConflict
                                   ? w.device.text("SELECT id FROM kontor_conflict")
                                   : "INVALID_DATA"));
}

TEST_CASE("what the remote keeps in another form, and what it cannot hold, is expected",
          "[engine][verify]") {
    VerifierWorld w(4, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups)
                for (auto& field : group.fields)
                    if (field.remote == "Email") field.max_length = 20;
    });
    w.zoho.normalise = [](const std::string&, const std::string& field, Value value) {
        return field == "Phone" ? Value("+" + std::string(value.text())) : value;
    };
    w.device.sql("UPDATE contact SET phone = '86105555' WHERE id = 1");
    w.device.sql("UPDATE contact SET email = 'a.very.long.name.indeed@example.com' WHERE id = 2");
    w.device.sync("zoho");
    w.device.sync("zoho");
    auto counts = w.verify();
    CHECK(counts.unexplained() == 0);
    CHECK(counts.explained[VerifyReason::kKeptOtherwise] == 1);
    CHECK(counts.explained[VerifyReason::kShortened] == 1);
}

TEST_CASE("a number in a column of text is no difference", "[engine][verify]") {
    VerifierWorld w;
    auto& described = w.device.settings("zoho").streams.front().fields;
    std::ranges::find(described, "Phone", &remote::FieldSpec::name)->type =
        remote::FieldType::kInteger;
    for (const auto& id : w.people)
        w.zoho.edit("Contacts", id, {{"Phone", Value(std::int64_t{12})}});
    w.clock.advance(seconds{3'600});
    w.device.sync("zoho");
    CHECK(w.device.text("SELECT phone FROM contact") == "12");
    const auto counts = w.verify();
    CHECK(counts.equal == 10);
    CHECK(counts.unexplained() == 0);
    CHECK(w.found.empty());
}

TEST_CASE("a field that the remote leaves out is not a difference", "[engine][verify]") {
    VerifierWorld w;
    w.zoho.hidden_fields = {"Phone"};
    const auto counts = w.verify();
    CHECK(counts.unexplained() == 0);
    CHECK(counts.not_shown == 10);
    CHECK(counts.not_shown_fields == std::map<std::string, std::int64_t>{{"Phone", 10}});
    CHECK(counts.equal == 10);
}

TEST_CASE("a list that shows old values is not believed", "[engine][verify]") {
    VerifierWorld w;
    const auto old = w.zoho.at("Contacts", w.people[0]);
    w.clock.advance(std::chrono::minutes{5});
    w.zoho.edit("Contacts", w.people[0], {{"Phone", Value("newer")}});
    w.device.sync("zoho");
    w.zoho.replay("Contacts", w.people[0], old);  // and as it is, later in the same list
    const auto counts = w.verify();
    CHECK(counts.unexplained() == 0);
    CHECK(counts.compared == 10);
    CHECK(counts.equal == 10);
}

TEST_CASE("a record that a list shows twice counts once, as it is now", "[engine][verify]") {
    VerifierWorld w;
    const auto old = w.zoho.at("Contacts", w.people[0]);
    w.clock.advance(std::chrono::minutes{5});
    w.device.sync("zoho");
    w.zoho.edit("Contacts", w.people[0], {{"Phone", Value("newer")}});
    w.zoho.replay("Contacts", w.people[0], old);
    auto counts = w.verify();
    CHECK(counts.compared == 10);
    CHECK(counts.equal == 9);
    CHECK(counts.values == 10 * 7);
    CHECK(counts.explained[VerifyReason::kNotFetched] == 1);
}

TEST_CASE("a sample is chosen by its seed alone", "[engine][verify]") {
    VerifierWorld w(60);
    w.corrupt("UPDATE contact SET phone = 'wrong'");
    const auto chosen = [&](std::uint64_t seed) {
        CHECK(w.verify({.streams = {"Contacts"}, .sample = 5, .seed = seed}).differ == 5);
        std::set<std::int64_t> out;
        for (const auto& f : w.found) out.insert(f.record);
        CHECK(out.size() == 5);
        return out;
    };
    const auto first = chosen(1);
    CHECK(chosen(1) == first);
    CHECK(chosen(2) != first);
}

TEST_CASE("a remote that cannot be read by id is compared whole, also for a sample",
          "[engine][verify]") {
    VerifierWorld w;
    for (auto& stream : w.device.settings("zoho").streams) stream.can.fetch = false;
    w.corrupt("UPDATE contact SET phone = 'wrong' WHERE id = 4");
    w.zoho.forget("Contacts", w.people[5]);
    for (const auto& options :
         {engine::VerifyOptions{}, engine::VerifyOptions{.streams = {}, .sample = 5, .seed = 1}}) {
        const auto counts = w.verify(options);
        CHECK(counts.whole);
        CHECK(counts.differ == 1);
        CHECK(counts.only_here == 1);
    }
}

TEST_CASE("verifying stops when it is told to, and at another organisation", "[engine][verify]") {
    VerifierWorld w;
    w.cancelled = true;
    auto report = w.try_verify();
    REQUIRE_FALSE(report);
    CHECK(report.error().code == Errc::kCancelled);
    w.cancelled = false;
    w.zoho.org = "another";
    report = w.try_verify();
    REQUIRE_FALSE(report);
    CHECK(report.error().code == Errc::kMismatch);
}
