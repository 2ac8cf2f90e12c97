#include "sync/replica/undo.hpp"

#include <catch2/catch.hpp>

#include "sync/replica/chain.hpp"
#include "tests/sync/replica/support.hpp"

namespace kontor::replica {

using test::Replica;
using Lines = std::vector<std::string>;

namespace {

struct Undoing : Replica {
    UndoResult undo_it(const UndoScope& scope) const {
        auto done = undo(db(), catalogue(), scope, "uid:7", test::nothing_only_read);
        REQUIRE(done);
        return std::move(*done);
    }
    [[nodiscard]] Lines contacts() const {
        return rows("SELECT id,last_name,phone,email FROM contact ORDER BY id");
    }
};

std::string reasons(const UndoPlan& plan) {
    std::string out;
    for (const UndoSkip& s : plan.skipped)
        out += (out.empty() ? "" : " ") + std::to_string(s.record) + "." + s.field + ":" +
               std::string(to_string(s.reason));
    return out;
}

}  // namespace

TEST_CASE("only edits made here are undone where that is asked for", "[replica][undo]") {
    Undoing replica;
    replica.run(
        "INSERT INTO contact(id,phone,email) VALUES(1,'138','a'),(2,'138','a');"
        "UPDATE contact SET phone='139' WHERE id=1; UPDATE contact SET email='b'");
    // A sync wrote the e-mail of the second.
    replica.run("UPDATE kontor_history SET run=5 WHERE record=2 AND op='u'");
    UndoScope scope = UndoScope::since(3);
    scope.local = true;
    replica.undo_it(scope);
    CHECK(replica.contacts() == Lines{"1|∅|138|a", "2|∅|138|b"});
    scope.local = false;
    scope.last = 5;
    replica.undo_it(scope);
    CHECK(replica.contacts() == Lines{"1|∅|138|a", "2|∅|138|a"});
}

TEST_CASE("a change is undone while its value is current", "[replica][undo]") {
    Undoing replica;
    replica.run(
        "INSERT INTO contact(id,phone) VALUES(1,'138'); UPDATE contact SET phone='139';"
        "UPDATE contact SET phone='140'");
    const auto later = replica.undo_it(UndoScope::change(2)).plan;
    CHECK(reasons(later) == "1.phone:changed_since");
    CHECK(later.skipped[0].now == Value("140"));
    CHECK(replica.contacts() == Lines{"1|∅|140|∅"});

    const auto preview = preview_undo(replica.db(), replica.catalogue(), UndoScope::change(3),
                                      test::nothing_only_read);
    REQUIRE(preview);
    REQUIRE(preview->steps.size() == 1);
    CHECK(preview->steps[0].now == Value("140"));
    CHECK(preview->steps[0].then == Value("139"));
    CHECK(replica.contacts() == Lines{"1|∅|140|∅"});

    const auto done = replica.undo_it(UndoScope::change(3));
    CHECK(replica.contacts() == Lines{"1|∅|139|∅"});
    CHECK(replica.one("SELECT actor,rule FROM kontor_history WHERE seq=4") == "uid:7|undo");
    const auto again = replica.undo_it(UndoScope::change(3)).plan;
    CHECK(reasons(again) == "1.phone:already_so");
    CHECK(again.skipped[0].now == Value("139"));
    // Now the value of entry 2 is current again.
    replica.undo_it(UndoScope::change(2));
    CHECK(replica.contacts() == Lines{"1|∅|138|∅"});
    CHECK(
        undo(replica.db(), replica.catalogue(), UndoScope::change(99), "t", test::nothing_only_read)
            .error()
            .code == Errc::kNotFound);
}

TEST_CASE("many records are undone in parts, and told in part", "[replica][undo]") {
    Undoing replica;
    replica.run(
        "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<2500)"
        "INSERT INTO contact(id,last_name,phone) SELECT i,iif(i%3=0,NULL,'n'||i),'138' FROM n;"
        "CREATE TEMP TABLE was AS SELECT * FROM contact;"
        "DELETE FROM contact WHERE id>1; UPDATE contact SET phone='139'");
    const auto preview = preview_undo(replica.db(), replica.catalogue(), UndoScope::since(2501),
                                      test::nothing_only_read);
    REQUIRE(preview);
    const auto done = replica.undo_it(UndoScope::since(2501));
    for (const UndoPlan* plan : {&*preview, &done.plan}) {
        CHECK(plan->undone == 2'499 + 2'499 + 1'666 + 1);  // records, phones, names; a phone
        CHECK(plan->deleted == 0);
        CHECK(plan->left == 0);
        CHECK(plan->steps.size() == kUndoListMax);
    }
    CHECK(replica.one("SELECT count(*) FROM (SELECT * FROM contact EXCEPT SELECT * FROM was)") ==
          "0");
    CHECK(replica.one("SELECT count(*) FROM contact") == "2500");
    CHECK(replica.one(
              "SELECT count(*) FROM kontor_history WHERE seq>=" + std::to_string(done.first_seq) +
              " AND NOT (actor='uid:7' AND rule='undo')") == "0");
    CHECK(done.last_seq == replica.last_seq());
    // As a whole, that can be undone as well.
    replica.undo_it(UndoScope::range(done.first_seq, done.last_seq));
    CHECK(replica.contacts() == Lines{"1|n1|139|∅"});
}

TEST_CASE("an undo can be undone", "[replica][undo]") {
    Undoing replica;
    replica.run("INSERT INTO contact(id,phone) VALUES(1,'138'); UPDATE contact SET phone='139'");
    const auto done = replica.undo_it(UndoScope::change(2));
    replica.undo_it(UndoScope::range(done.first_seq, done.last_seq));
    CHECK(replica.contacts() == Lines{"1|∅|139|∅"});
}

TEST_CASE("a deleted record returns with id, uid and odd values", "[replica][undo]") {
    Undoing replica;
    replica.run("INSERT INTO contact(id,last_name,phone,email_opt_out) VALUES(1,'Li',x'3133','?')");
    const std::string before =
        replica.one("SELECT uid,quote(phone),quote(email_opt_out) FROM contact");
    const std::int64_t first = replica.last_seq() + 1;
    replica.run("DELETE FROM contact");
    const std::int64_t seq = GENERATE(0, 1, 3);
    CHECK(replica.undo_it(UndoScope::change(first + seq)).plan.steps.size() == 4);
    CHECK(replica.one("SELECT uid,quote(phone),quote(email_opt_out) FROM contact WHERE id=1") ==
          before);
    CHECK(replica.one("SELECT count(*) FROM kontor_tombstone") == "0");
    CHECK(reasons(replica.undo_it(UndoScope::change(first)).plan) == "1.:exists");
}

TEST_CASE("an insert is undone by a delete, unless the record was edited", "[replica][undo]") {
    Undoing replica;
    replica.run(
        "INSERT INTO contact(id,phone) VALUES(1,'138'),(2,'5');"
        "UPDATE contact SET phone='139' WHERE id=1");
    CHECK(reasons(replica.undo_it(UndoScope::range(1, 2)).plan) == "1.:changed_since");
    CHECK(replica.contacts() == Lines{"1|∅|139|∅"});
    CHECK(reasons(replica.undo_it(UndoScope::change(2)).plan) == "2.:gone");
    replica.undo_it(UndoScope::range(1, 3));
    CHECK(replica.contacts().empty());
}

TEST_CASE("a deletion that was taken back is one change, at one time", "[replica][undo]") {
    Undoing replica;
    replica.run("INSERT INTO contact(id,phone,email) VALUES(1,'138','a'); DELETE FROM contact");
    const auto done = replica.undo_it(UndoScope::since(2));
    CHECK(replica.contacts() == Lines{"1|∅|138|a"});
    CHECK(replica.one(
              "SELECT count(*)>1,count(DISTINCT at) FROM kontor_history WHERE seq BETWEEN " +
              std::to_string(done.first_seq) + " AND " + std::to_string(done.last_seq)) == "1|1");
}

TEST_CASE("what a remote has filled in keeps no record that was made here", "[replica][undo]") {
    Undoing replica;
    replica.run(
        "INSERT INTO contact(id,phone) VALUES(1,'138'),(2,'5');"
        "UPDATE contact SET email='a'");
    replica.run(
        "UPDATE kontor_history SET run=5,actor='remote:crm',rule='ours_blank' WHERE op='u'");
    SECTION("nobody has changed anything") {
        UndoScope scope = UndoScope::since(1);
        scope.local = true;
        CHECK(replica.undo_it(scope).plan.deleted == 2);
        CHECK(replica.contacts().empty());
    }
    SECTION("a colleague has changed it since") {
        replica.run("UPDATE contact SET email='b' WHERE id=1");
        replica.run(
            "UPDATE kontor_history SET run=6,actor='remote:crm' WHERE run IS NULL AND op='u'");
        UndoScope scope = UndoScope::since(1);
        scope.local = true;
        CHECK(reasons(replica.undo_it(scope).plan) == "1.:changed_since");
        CHECK(replica.contacts() == Lines{"1|∅|138|b"});
    }
    SECTION("of a field that only comes in, what the first sync brought") {
        replica.run("UPDATE kontor_history SET rule='in_only' WHERE op='u'");
        // As a sync does after a colleague has written there.
        replica.run("UPDATE contact SET last_name='L' WHERE id=1");
        replica.run(
            "UPDATE kontor_history SET run=6,actor='remote:crm',rule='in_only' WHERE op='u'"
            " AND seq=(SELECT max(seq) FROM kontor_history)");
        UndoScope scope = UndoScope::since(1);
        scope.local = true;
        CHECK(reasons(replica.undo_it(scope).plan) == "1.:changed_since");
        CHECK(replica.contacts() == Lines{"1|L|138|a"});  // the other is gone
    }
}

TEST_CASE("a record that was made after a time is gone when all since then is undone",
          "[replica][undo]") {
    Undoing replica;
    replica.run("INSERT INTO contact(id,phone) VALUES(9,'9')");
    const std::int64_t first = replica.last_seq() + 1;
    const auto fill = [&](const std::string& email, int run) {
        const std::int64_t seq = replica.last_seq();
        replica.run("UPDATE contact SET email='" + email + "' WHERE id=1");
        replica.run("UPDATE kontor_history SET run=" + std::to_string(run) +
                    ",actor='remote:crm',rule='ours_blank' WHERE seq>" + std::to_string(seq));
    };
    replica.run("INSERT INTO contact(id,phone) VALUES(1,'138')");
    fill("a", 5);
    UndoScope scope = UndoScope::since(first);
    SECTION("it was deleted since") {
        replica.run("DELETE FROM contact WHERE id=1");
        SECTION("and all is undone") {}
        SECTION("and of what was done here alone is asked") {
            scope.local = true;
        }
        const auto done = replica.undo_it(scope);
        CHECK(done.plan.steps.empty());
        CHECK(reasons(done.plan).empty());
    }
    SECTION("a colleague changed it before it was deleted, and only what was done here is undone") {
        fill("b", 6);
        replica.run("UPDATE kontor_history SET rule=NULL WHERE run=6");
        replica.run("DELETE FROM contact WHERE id=1");
        scope.local = true;
        CHECK(replica.undo_it(scope).plan.steps.empty());
    }
    SECTION("it was deleted and put back") {
        replica.run("DELETE FROM contact WHERE id=1");
        replica.undo_it(UndoScope::change(replica.last_seq()));
        REQUIRE(replica.contacts().size() == 2);
        SECTION("at once") {}
        SECTION("and synced again") {
            fill("c", 7);
        }
        SECTION("and of what was done here alone is asked") {
            fill("c", 7);
            scope.local = true;
        }
        const auto done = replica.undo_it(scope);
        CHECK(done.plan.deleted == 1);
        CHECK(reasons(done.plan).empty());
    }
    CHECK(replica.contacts() == Lines{"9|∅|9|∅"});
}

TEST_CASE("a record that was made anew stays when its first making is undone", "[replica][undo]") {
    Undoing replica;
    replica.run("INSERT INTO contact(id,phone) VALUES(1,'138')");
    const std::int64_t made = replica.last_seq();
    replica.run("DELETE FROM contact");
    SECTION("with what somebody gave it") {
        replica.run("INSERT INTO contact(id,phone) VALUES(1,'139')");
        CHECK(reasons(replica.undo_it(UndoScope::range(made, made)).plan) == "1.:changed_since");
        CHECK(replica.contacts() == Lines{"1|∅|139|∅"});
    }
    SECTION("put back and edited") {
        replica.undo_it(UndoScope::change(replica.last_seq()));
        replica.run("UPDATE contact SET phone='139'");
        CHECK(reasons(replica.undo_it(UndoScope::range(made, made)).plan) == "1.:changed_since");
        CHECK(replica.contacts() == Lines{"1|∅|139|∅"});
    }
    SECTION("but not if it was only put back") {
        replica.undo_it(UndoScope::change(replica.last_seq()));
        CHECK(replica.undo_it(UndoScope::range(made, made)).plan.deleted == 1);
        CHECK(replica.contacts().empty());
    }
}

TEST_CASE("a run is undone where it is still current", "[replica][undo]") {
    Undoing replica;
    replica.run("INSERT INTO contact(id,phone,email) VALUES(1,'1','a'),(2,'2','b')");
    const std::int64_t seq = replica.last_seq();
    replica.run(
        "UPDATE contact SET phone=phone||'!',email=email||'!', full_name='F';"
        "UPDATE kontor_history SET run=5 WHERE seq>" +
        std::to_string(seq) +
        "; UPDATE contact SET email='mine' WHERE id=2; DELETE FROM contact WHERE id=1");
    const auto done = replica.undo_it(UndoScope::of_run(5));
    CHECK(reasons(done.plan) ==
          "1.phone:gone 1.email:gone 1.full_name:gone 2.email:changed_since "
          "2.full_name:read_only");
    CHECK(replica.contacts() == Lines{"2|∅|2|mine"});
}

TEST_CASE("everything since a time is undone", "[replica][undo]") {
    Undoing replica;
    replica.run(
        "INSERT INTO contact(id,last_name,phone) VALUES(1,'Li','1'),(2,'Wu','2');"
        "UPDATE kontor_history SET at='2000-01-01T00:00:00.000Z'");
    const Lines before = replica.rows("SELECT * FROM contact");
    replica.run(
        "UPDATE contact SET phone='3'; DELETE FROM contact; INSERT INTO contact(id) "
        "VALUES(1),(7); REPLACE INTO contact(id,email) VALUES(1,'x')");
    const auto first = first_seq_since(replica.db(), "2001-01-01T00:00:00.000Z");
    REQUIRE(first);
    CHECK(*first == 3);
    CHECK(replica.undo_it(UndoScope::since(*first)).plan.skipped.empty());
    CHECK(replica.rows("SELECT * FROM contact") == before);
    CHECK(undo(replica.db(), replica.catalogue(),
               UndoScope::since(*first_seq_since(replica.db(), "2999-01-01T00:00:00.000Z")), "t",
               test::nothing_only_read)
              .error()
              .code == Errc::kNotFound);
}

TEST_CASE("loads and erased values are not undone", "[replica][undo]") {
    Undoing replica;
    const std::string entity = replica.one("SELECT id FROM kontor_entity WHERE name='contact'");
    Replica::run_on(replica.open(Access::kEngine),
                    "INSERT INTO contact(id,phone) VALUES(1,'1');"
                    "INSERT INTO kontor_history(entity,record,op,old,at,run) VALUES(" +
                        entity + ",1,'l',300,'2026-01-01T00:00:00.000Z',1)");
    const auto loaded = replica.undo_it(UndoScope::of_run(1)).plan;
    CHECK(reasons(loaded) == "1.:loaded");
    CHECK(loaded.skipped.front().last == 300);
    CHECK((loaded.undone + loaded.left) == 0);
    CHECK(loaded.loaded == 300);
    replica.run("UPDATE contact SET phone='2'");
    REQUIRE(erase_history(replica.db(), std::stoll(entity), 1));
    CHECK(reasons(replica.undo_it(UndoScope::change(2)).plan) == "1.phone:erased");
    replica.run("DELETE FROM contact");
    const std::int64_t last = replica.last_seq();
    REQUIRE(erase_history(replica.db(), std::stoll(entity), 1));
    CHECK(reasons(replica.undo_it(UndoScope::change(last)).plan) == "1.:erased");
    CHECK(replica.contacts().empty());
}

TEST_CASE("a record that a remote made stays, unless it was deleted since", "[replica][undo]") {
    Undoing replica;
    replica.run("INSERT INTO contact(id,phone) VALUES(1,'1'),(2,'2'),(3,'3')");
    replica.run(
        "UPDATE kontor_history SET run=5,actor='remote:zoho:42' WHERE record=1;"
        "UPDATE kontor_history SET run=5,actor='remote:zoho',op='r' WHERE record=2;"
        "UPDATE kontor_history SET run=5,actor='uid:7' WHERE record=3");
    CHECK(reasons(replica.undo_it(UndoScope::of_run(5)).plan) == "1.:from_remote 2.:from_remote");
    CHECK(replica.contacts() == Lines{"1|∅|1|∅", "2|∅|2|∅"});
    // Changed since as well: what counts is where it came from.
    replica.run("UPDATE contact SET phone='9' WHERE id=1; DELETE FROM contact WHERE id=2");
    CHECK(reasons(replica.undo_it(UndoScope::of_run(5)).plan) == "1.:from_remote 2.:gone 3.:gone");
}

TEST_CASE("what is only read is asked for once for each kind of record", "[replica][undo]") {
    const Undoing replica;
    replica.run(
        "INSERT INTO user(id,last_name) VALUES(1,'Li'),(2,'Wu');"
        "INSERT INTO contact(id,phone,email) VALUES(1,'1','a'),(2,'2','b')");
    const std::int64_t made = replica.last_seq();
    replica.run("UPDATE contact SET phone=phone||'!',email=email||'!'");
    std::vector<std::string> asked;
    const OnlyReadOf only_read = [&](const Entity& entity) -> Result<ShownBy> {
        asked.push_back(entity.name);
        return [records = entity.name == "user"](const std::string& column) {
            return std::string(records || column == "phone" ? "crm" : "");
        };
    };
    const auto plan = [&](const UndoScope& scope) {
        auto done = undo(replica.db(), replica.catalogue(), scope, "uid:7", only_read);
        REQUIRE(done);
        return std::move(done->plan);
    };
    const auto changed = plan(UndoScope::since(made + 1));
    CHECK(reasons(changed) == "1.phone:only_read_field 2.phone:only_read_field");
    CHECK(changed.skipped[0].connection == "crm");
    CHECK(replica.contacts() == Lines{"1|∅|1!|a", "2|∅|2!|b"});
    CHECK(reasons(plan(UndoScope::range(1, 2))) == "1.:only_read_records 2.:only_read_records");
    CHECK(replica.one("SELECT count(*) FROM user") == "2");
    CHECK(asked == std::vector<std::string>{"contact", "user"});
    asked.clear();
    CHECK_FALSE(undo(
        replica.db(), replica.catalogue(), UndoScope::change(1), "t",
        [](const Entity&) -> Result<ShownBy> { return fail(Errc::kStorage, "cannot be told"); }));
}

TEST_CASE("undo needs a handle that captures it", "[replica][undo]") {
    Undoing replica;
    replica.run("INSERT INTO contact(id) VALUES(1)");
    const Database engine = replica.open(Access::kEngine);
    CHECK(undo(engine, replica.catalogue(), UndoScope::change(1), "t", test::nothing_only_read)
              .error()
              .code == Errc::kInternal);
}

}  // namespace kontor::replica
