// Many conflicts decided at once: only those that were meant, under one run, and taken back by it.
#include <catch2/catch.hpp>

#include "sync/engine/reconcile.hpp"
#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using engine::Side;

namespace {

/// Ten contacts whose phone and e-mail both sides have changed.
struct DecisionsWorld {
    FakeClock clock;
    MemoryRemote zoho{clock};
    Device device{clock};
    std::vector<std::string> people;

    DecisionsWorld() {
        zoho.streams = people_streams();
        for (int i = 0; i < 10; ++i)
            people.push_back(
                zoho.create("Contacts", {{"Last_Name", Value("Name " + std::to_string(i))},
                                         {"Phone", Value("base")},
                                         {"Email", Value("base")}}));
        device.connect("zoho", zoho, [](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups) group.policy = merge::Policy::kManual;
        });
        device.sql("UPDATE contact SET phone = 'ours', email = 'ours'");
        for (const auto& id : people)
            zoho.edit("Contacts", id, {{"Phone", Value("theirs")}, {"Email", Value("theirs")}});
        device.sync("zoho");
        REQUIRE(open() == 20);
    }
    std::int64_t open() {
        return device.number("SELECT count(*) FROM kontor_conflict WHERE state = 'open'");
    }
    std::int64_t here(const std::string& column, const std::string& value) {
        return device.number("SELECT count(*) FROM contact WHERE " + column + " = '" + value + "'");
    }
    int there(const std::string& field, const std::string& value) {
        int out = 0;
        for (const auto& id : people)
            out += zoho.value("Contacts", id, field) == Value(value) ? 1 : 0;
        return out;
    }
    engine::ManyDecided decide(const engine::ManyConflicts& which, Side side) {
        std::vector<std::pair<std::int64_t, std::int64_t>> told;
        auto done = engine::decide_many(
            device.engine_db(), clock, device.random, which, side, "uid:1",
            [&](std::int64_t at, std::int64_t total) { told.emplace_back(at, total); });
        if (!done) FAIL(done.error().message);
        CHECK(done->failed_total == 0);
        if (done->decided > 0) {
            CHECK(told.front() == std::pair{std::int64_t{0}, done->decided});
            CHECK(told.back() == std::pair{done->decided, done->decided});
        }
        return std::move(*done);
    }
    engine::Reopened reopen(std::int64_t run, bool preview = false) {
        auto done =
            engine::reopen_run(device.engine_db(), clock, device.random, run, preview, "uid:1");
        if (!done) FAIL(done.error().message);
        return std::move(*done);
    }
};

}  // namespace

TEST_CASE("a question keeps who changed the value there, whoever changes the record later",
          "[engine][conflicts]") {
    DecisionsWorld w;
    const auto asked = [&] { return engine::list_conflicts(w.device.engine_db(), {})->front(); };
    const auto version = asked().theirs_version;
    // Our own push of another field makes the record ours at the remote.
    w.device.sql("UPDATE contact SET mailing_city = 'ours'");
    for (int i = 0; i < 2; ++i) {
        w.clock.advance(std::chrono::seconds{60});
        w.device.sync("zoho");
    }
    REQUIRE(w.there("Mailing_City", "ours") == 10);
    CHECK(asked().theirs_by == "colleague");
    CHECK(asked().theirs_version == version);
}

TEST_CASE("a preview counts what would be decided and decides nothing", "[engine][conflicts]") {
    DecisionsWorld w;
    const auto preview = engine::preview_many(
        w.device.engine_db(), {.connection = {}, .entity = "contact", .field = "phone"},
        Side::kTheirs);
    REQUIRE(preview);
    CHECK(preview->decided == 10);
    CHECK(preview->run == 0);
    REQUIRE(preview->conflicts.size() == 10);
    CHECK(preview->conflicts[0].fields[0].base == Value("base"));
    CHECK(preview->conflicts[0].fields[0].theirs == Value("theirs"));
    CHECK(preview->conflicts[0].theirs_by == "colleague");
    CHECK_FALSE(preview->conflicts[0].ours_at.empty());
    CHECK(w.open() == 20);
}

TEST_CASE("an open conflict that is shown again is not asked for by id again",
          "[engine][conflicts]") {
    DecisionsWorld w;
    const int before = w.zoho.fetches;
    w.device.sync("zoho");  // what was changed last lies within the overlap
    w.device.sync("zoho");
    CHECK(w.zoho.fetches == before);
    CHECK(w.open() == 20);
    // A newer value under the same stamp is: only the record itself tells.
    w.zoho.edit("Contacts", w.people[0], {{"Phone", Value("theirs, later")}});
    w.device.sync("zoho");
    CHECK(w.device.number("SELECT count(*) FROM kontor_conflict WHERE state = 'open'") == 20);
}

TEST_CASE("only what fits is decided", "[engine][conflicts]") {
    DecisionsWorld w;
    CHECK(w.decide({.connection = "other", .entity = {}}, Side::kTheirs).run == 0);
    CHECK(w.decide({.connection = {}, .entity = "account"}, Side::kTheirs).decided == 0);
    CHECK(w.decide({.connection = {}, .entity = {}, .opened_before = "2020-01-01T00:00:00.000Z"},
                   Side::kTheirs)
              .decided == 0);
    CHECK(w.open() == 20);
    CHECK(w.decide({.connection = "zoho", .entity = "contact", .field = "email"}, Side::kTheirs)
              .decided == 10);
    CHECK(w.open() == 10);
    CHECK(w.here("email", "theirs") == 10);
    CHECK(w.here("phone", "ours") == 10);
}

TEST_CASE("decisions for theirs are taken back by their run: open again, as they were",
          "[engine][conflicts]") {
    DecisionsWorld w;
    const auto done = w.decide({}, Side::kTheirs);
    CHECK(done.decided == 20);
    CHECK(w.here("phone", "theirs") == 10);
    CHECK(w.device.text("SELECT kind || result FROM kontor_run WHERE id = " +
                        std::to_string(done.run)) == "resolveok");
    w.device.sql("UPDATE contact SET phone = 'newer' WHERE id = 1");

    CHECK(w.reopen(done.run, true).reopened == 19);
    CHECK(w.open() == 0);
    const auto back = w.reopen(done.run);
    CHECK(back.reopened == 19);
    CHECK(back.kept == 1);
    REQUIRE(back.kept_list.size() == 1);
    CHECK(back.kept_list[0].record == 1);
    CHECK(w.open() == 19);
    CHECK(w.here("phone", "ours") == 9);
    CHECK(w.here("phone", "newer") == 1);
    // Open means that nothing is sent, and that it can be decided again.
    w.device.sync("zoho");
    CHECK(w.there("Email", "theirs") == 10);
    w.decide({}, Side::kOurs);
    w.device.sync("zoho");
    CHECK(w.there("Email", "ours") == 10);
    CHECK(w.there("Phone", "ours") == 9);
}

TEST_CASE("decisions for ours are taken back until they are sent", "[engine][conflicts]") {
    DecisionsWorld w;
    const auto first = w.decide({}, Side::kOurs);
    CHECK(w.reopen(first.run).reopened == 20);
    w.device.sync("zoho");
    CHECK(w.there("Phone", "theirs") == 10);
    CHECK(w.open() == 20);
    const auto second = w.decide({}, Side::kOurs);
    w.device.sync("zoho");
    CHECK(w.there("Phone", "ours") == 10);
    const auto late = w.reopen(second.run);
    CHECK(late.reopened == 0);
    CHECK(late.kept == 20);
    CHECK(w.open() == 0);
}

TEST_CASE("what is about whole records is left to be decided one by one", "[engine][conflicts]") {
    DecisionsWorld w;
    w.device.remap("zoho", [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) stream.delete_against_edit = merge::Policy::kManual;
    });
    w.device.sql("UPDATE contact SET last_name = 'edited' WHERE id = 3");
    w.zoho.erase("Contacts", w.people[2]);
    w.device.sync("zoho");
    const auto done = w.decide({}, Side::kTheirs);
    CHECK(done.left == 1);
    CHECK(w.open() >= 1);
    CHECK(w.device.number("SELECT count(*) FROM contact") == 10);
}

TEST_CASE("a question about a deletion shows what the other side has changed",
          "[engine][conflicts]") {
    FakeClock clock;
    MemoryRemote zoho(clock);
    zoho.streams = people_streams();
    const auto make = [&](const char* name) {
        return zoho.create("Contacts", {{"Last_Name", Value(name)}, {"Phone", Value("100")}});
    };
    const auto ada = make("Ada"), bob = make("Bob"), cid = make("Cid"), dan = make("Dan");
    Device device(clock);
    device.connect("zoho", zoho, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) {
            stream.delete_against_edit = merge::Policy::kManual;
            stream.delete_here = merge::DeletePolicy::kAsk;
        }
    });
    zoho.erase("Contacts", ada);
    device.sql("UPDATE contact SET phone = '200' WHERE last_name = 'Ada'");
    zoho.edit("Contacts", bob, {{"Phone", Value("300")}}, "kim");
    zoho.edit("Contacts", bob, {{"Phone", Value("400")}}, "kim");
    device.sql("DELETE FROM contact WHERE last_name = 'Bob'");
    zoho.erase("Contacts", cid);
    device.sql("UPDATE contact SET phone = '200' WHERE last_name = 'Dan'");
    device.sql("DELETE FROM contact WHERE last_name = 'Dan'");
    zoho.edit("Contacts", dan, {{"Phone", Value("300")}}, "kim");
    device.sync("zoho");

    auto asked = *engine::list_conflicts(device.engine_db(), {});
    const auto about = [&](const std::string& remote_id) {
        const auto found = std::ranges::find(asked, device.local("Contacts", remote_id),
                                             &engine::Conflict::record);
        REQUIRE(found != asked.end());
        CHECK(found->kind == "delete");
        return *found;
    };
    CHECK(asked.size() == 4);
    const auto gone_there = about(ada);
    CHECK(gone_there.deleted == "theirs");
    REQUIRE(gone_there.fields.size() == 1);
    CHECK(gone_there.fields[0].column == "phone");
    CHECK(gone_there.fields[0].base == Value("100"));
    CHECK(gone_there.fields[0].ours == Value("200"));
    CHECK(gone_there.fields[0].theirs.is_null());
    CHECK_FALSE(gone_there.ours_at.empty());

    const auto gone_here = about(bob);
    CHECK(gone_here.deleted == "ours");
    REQUIRE(gone_here.fields.size() == 1);
    CHECK(gone_here.fields[0].column == "phone");
    CHECK(gone_here.fields[0].base == Value("100"));
    CHECK(gone_here.fields[0].ours.is_null());
    CHECK(gone_here.fields[0].theirs == Value("400"));
    CHECK(gone_here.theirs_by == "kim");
    CHECK(gone_here.theirs_version == zoho.at("Contacts", bob).version);
    CHECK_FALSE(gone_here.ours_at.empty());

    CHECK(about(cid).deleted == "theirs");
    CHECK(about(cid).fields.empty());

    // Before it was what both had, not what was typed here and never sent.
    REQUIRE(about(dan).fields.size() == 1);
    CHECK(about(dan).fields[0].base == Value("100"));
    CHECK(about(dan).fields[0].theirs == Value("300"));

    // What they have taken back is not theirs any more.
    zoho.edit("Contacts", bob, {{"Phone", Value("100")}, {"Email", Value("b@x")}}, "lee");
    device.sync("zoho");
    asked = *engine::list_conflicts(device.engine_db(), {});
    REQUIRE(about(bob).fields.size() == 1);
    CHECK(about(bob).fields[0].column == "email");
    CHECK(about(bob).theirs_by == "lee");
}

TEST_CASE("a decided deletion still shows what the other side had changed", "[engine][conflicts]") {
    const auto policy =
        GENERATE(merge::Policy::kLocal, merge::Policy::kRemote, merge::Policy::kManual);
    const bool here = GENERATE(true, false);
    CAPTURE(merge::to_string(policy), here);
    FakeClock clock;
    MemoryRemote zoho(clock);
    zoho.streams = people_streams();
    const auto id = zoho.create(
        "Contacts", {{"Last_Name", Value("Ada")}, {"Phone", Value("100")}, {"Email", Value("a@x")}},
        "kim");
    Device device(clock);
    device.connect("zoho", zoho, [&](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) stream.delete_against_edit = policy;
    });
    const auto record = device.local("Contacts", id);
    clock.advance(std::chrono::minutes(1));
    if (here) {
        zoho.edit("Contacts", id, {{"Phone", Value("300")}}, "kim");
        device.sql("DELETE FROM contact");
    } else {
        zoho.erase("Contacts", id);
        device.sql("UPDATE contact SET phone = '200'");
    }
    const auto ours_at = device.text("SELECT at FROM kontor_history ORDER BY seq DESC LIMIT 1");
    device.sync("zoho");

    using State = engine::ConflictQuery::State;
    const bool manual = policy == merge::Policy::kManual;
    auto side = (policy == merge::Policy::kLocal) == here ? Side::kTheirs : Side::kOurs;
    if (manual) {
        side = GENERATE(Side::kOurs, Side::kTheirs);
        const auto asked = *engine::list_conflicts(device.engine_db(), {});
        REQUIRE(asked.size() == 1);
        REQUIRE(engine::resolve(device.engine_db(), clock, device.random, asked[0].id, side, "me"));
    }
    clock.advance(std::chrono::minutes(1));
    device.sync("zoho");
    // What becomes of the record afterwards is no part of it.
    device.sql("UPDATE contact SET phone = '999'");
    device.sql("DELETE FROM contact");

    const auto found = *engine::list_conflicts(device.engine_db(), {.state = State::kDecided});
    REQUIRE(found.size() == 1);
    const auto& decided = found[0];
    CHECK(decided.record == record);
    CHECK(decided.kind == "delete");
    CHECK(decided.chosen == (side == Side::kOurs ? "ours" : "theirs"));
    CHECK(decided.rule == (manual                             ? "resolve"
                           : policy == merge::Policy::kRemote ? "deletion_wins"
                                                              : "edit_wins"));
    CHECK(decided.deleted == (here ? "ours" : "theirs"));
    REQUIRE(decided.fields.size() == 1);
    CHECK(decided.fields[0].column == "phone");
    CHECK(decided.fields[0].base == Value("100"));
    CHECK(decided.fields[0].ours == (here ? Value::null() : Value("200")));
    CHECK(decided.fields[0].theirs == (here ? Value("300") : Value::null()));
    if (here) CHECK(decided.theirs_by == "kim");
    CHECK_FALSE(decided.theirs_version.empty());
    CHECK(decided.ours_at == ours_at);
}

TEST_CASE("whether a remote is told of a deletion is asked, whatever they edit meanwhile",
          "[engine][conflicts]") {
    FakeClock clock;
    MemoryRemote zoho(clock);
    zoho.streams = people_streams();
    const auto id = zoho.create("Contacts", {{"Last_Name", Value("Ada")}, {"Phone", Value("100")}});
    Device device(clock);
    device.connect("zoho", zoho, [&](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) {
            stream.delete_there = merge::DeletePolicy::kAsk;
            stream.delete_against_edit = merge::Policy::kRemote;
        }
    });
    device.sql("DELETE FROM contact");
    device.sync("zoho");
    zoho.edit("Contacts", id, {{"Phone", Value("300")}}, "kim");
    device.sync("zoho");
    const auto asked = *engine::list_conflicts(device.engine_db(), {});
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].rule == "ask");
    REQUIRE(asked[0].fields.size() == 1);
    CHECK(asked[0].fields[0].theirs == Value("300"));
    CHECK(asked[0].theirs_by == "kim");
    REQUIRE(
        engine::resolve(device.engine_db(), clock, device.random, asked[0].id, Side::kOurs, "me"));
    device.sync("zoho");
    CHECK(zoho.ids("Contacts").empty());
}

TEST_CASE("what is taken back is no new edit that might win by being newest",
          "[engine][conflicts]") {
    DecisionsWorld w;
    const auto done = w.decide({}, Side::kTheirs);
    CHECK(w.reopen(done.run).reopened == 20);
    CHECK(w.device.number("SELECT count(*) FROM kontor_history WHERE rule = 'undo'") == 20);
    // The policy `newest` looks at what was edited outside of runs.
    CHECK(w.device.number("SELECT count(*) FROM kontor_history WHERE rule = 'undo' AND run IS"
                          " (SELECT id FROM kontor_run WHERE kind = 'undo' AND result = 'ok')") ==
          20);
}

TEST_CASE("keeping ours leaves what was not taken in history, with who decided",
          "[engine][conflicts]") {
    DecisionsWorld w;
    const auto conflict = engine::list_conflicts(w.device.engine_db(), {.field = "phone"})->front();
    REQUIRE(engine::resolve(w.device.engine_db(), w.clock, w.device.random, conflict.id,
                            Side::kOurs, "uid:1000"));
    CHECK(w.device.text("SELECT h.op || ' ' || h.old || ' ' || h.actor || ' ' || h.rule || ' ' ||"
                        " f.name FROM kontor_history h JOIN kontor_field f ON f.id = h.field"
                        " ORDER BY seq DESC LIMIT 1") ==
          "k theirs uid:1000 resolve:" + std::to_string(conflict.id) + " phone");
    // It is no edit: what stood here stands, and is what is sent.
    w.device.sync("zoho");
    CHECK(w.there("Phone", "ours") == 1);
    CHECK(w.here("phone", "ours") == 10);
}

TEST_CASE("conflicts are found by a field of their group, decided ones last first",
          "[engine][conflicts]") {
    DecisionsWorld w;
    using State = engine::ConflictQuery::State;
    const auto list = [&](engine::ConflictQuery query) {
        return *engine::list_conflicts(w.device.engine_db(), query);
    };
    const auto phones = list({.record = 3, .field = "phone"});
    REQUIRE(phones.size() == 1);
    CHECK(phones[0].group == "phone");
    CHECK(list({.record = 3, .field = "mailing_city"}).empty());
    // A page is one of those that are about it: of the other group there are as many before.
    const auto page = list({.field = "phone", .limit = 4, .offset = 6});
    REQUIRE(page.size() == 4);
    CHECK(std::ranges::all_of(page, [](const auto& one) { return one.group == "phone"; }));
    CHECK(list({.field = "phone", .limit = 4, .offset = 10}).empty());
    const auto known = [&](const char* connection, const char* entity, const char* field) {
        return engine::check_field(w.device.engine_db(), connection, entity, field).has_value();
    };
    CHECK(known("", "", ""));
    CHECK(known("zoho", "contact", "phone"));
    CHECK_FALSE(known("zoho", "account", "phone_nope"));
    CHECK_FALSE(known("", "contact", "phone_nope"));
    CHECK(engine::list_conflicts(w.device.engine_db(), {.entity = "contcat"})
              .error()
              .args.at("suggestion") == "contact");
    CHECK(list({.record = 3}).size() == 2);

    const auto first = list({.record = 3, .field = "email"}).front().id;
    REQUIRE(engine::resolve(w.device.engine_db(), w.clock, w.device.random, phones[0].id,
                            Side::kTheirs, "uid:1"));
    w.clock.advance(std::chrono::seconds{1});
    REQUIRE(engine::resolve(w.device.engine_db(), w.clock, w.device.random, first, Side::kOurs,
                            "uid:1"));
    const auto decided = list({.state = State::kDecided});
    REQUIRE(decided.size() == 2);
    CHECK(decided[0].id == first);
    CHECK(decided[0].chosen == "ours");
    CHECK(decided[0].decided_by == "uid:1");
    const auto all = list({.state = State::kAll});
    REQUIRE(all.size() == 20);
    CHECK(all[0].state == "open");
    CHECK(all[18].id == first);
}

TEST_CASE("a decision that was asked to stand decides what comes later, until it is taken back",
          "[engine][conflicts]") {
    DecisionsWorld w;
    w.decide({.field = "phone"}, Side::kTheirs);
    const auto stand = [&](bool stands) {
        w.device.remap("zoho", [&](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups) {
                    if (group.name != "phone") continue;
                    group.standing.reset();
                    if (stands)
                        group.standing = {.instead = group.policy, .by = "uid:1", .at = "now"};
                    group.policy = stands ? merge::Policy::kRemote : merge::Policy::kManual;
                }
        });
        REQUIRE(engine::take_policies(w.device.engine_db(), w.clock, w.device.random, "zoho",
                                      w.device.settings("zoho").mapping));
    };
    // How many records a dry run would ask about, or change the telephone number of here.
    const auto foreseen = [&](const std::string& op) {
        engine::CycleOptions dry;
        dry.dry_run = true;
        const auto report = w.device.sync("zoho", dry);
        return std::ranges::count_if(report.plan.kept(), [&](const engine::PlannedChange& change) {
            return change.side == engine::PlannedChange::Side::kHere && change.op == op &&
                   change.values.front().column == "phone";
        });
    };
    int round = 0;
    const auto edit_both = [&] {
        const auto number = std::to_string(++round);
        w.clock.advance(std::chrono::minutes{5});
        w.device.sql("UPDATE contact SET phone = 'ours " + number + "'");
        for (const auto& id : w.people)
            w.zoho.edit("Contacts", id, {{"Phone", Value("theirs " + number)}});
    };
    const auto both_change = [&] {
        edit_both();
        w.device.sync("zoho");
    };
    const auto asked = [&] {
        return w.device.number(
            "SELECT count(*) FROM kontor_conflict c JOIN kontor_group g ON g.id = c.grp"
            " WHERE c.state = 'open' AND g.name = 'phone'");
    };
    // Nothing is learned from decisions alone.
    both_change();
    CHECK(asked() == 10);
    w.decide({.field = "phone"}, Side::kTheirs);

    stand(true);
    edit_both();
    CHECK(foreseen("conflict") == 0);
    CHECK(foreseen("update") == 10);
    w.device.sync("zoho");
    CHECK(asked() == 0);
    CHECK(w.here("phone", "theirs 2") == 10);
    CHECK(w.device.number("SELECT count(*) FROM kontor_history WHERE rule = 'always:theirs'") ==
          10);
    // Of this group alone.
    CHECK(w.open() == 10);

    stand(false);
    edit_both();
    CHECK(foreseen("conflict") == 10);
    w.device.sync("zoho");
    CHECK(asked() == 10);
    CHECK(w.here("phone", "ours 3") == 10);
}
