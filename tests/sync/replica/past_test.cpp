// What records were at a moment: compared with another one, looked for, and made what they were.
#include <catch2/catch.hpp>
#include <map>

#include "sync/base/clock.hpp"
#include "sync/replica/compare.hpp"
#include "sync/replica/history.hpp"
#include "sync/replica/past_query.hpp"
#include "sync/replica/put_back.hpp"
#include "tests/sync/replica/support.hpp"

namespace kontor::replica {

using test::nothing_only_read;
using test::Replica;

namespace {

struct Past : Replica {
    SeededRandom random{1};
    SystemClock clock;

    /// "7 changed phone: 1 -> 2" for each difference.
    std::vector<std::string> compared(std::int64_t first, std::int64_t last) {
        std::vector<std::string> out;
        const auto entities = catalogue();
        REQUIRE(compare(db(), *entities.entity("contact"), first, last, [&](const auto& found) {
            auto line = std::to_string(found.record) + " " + std::string(to_string(found.kind));
            for (const auto& cell : found.fields)
                line += " " + cell.field + ": " + cell.then.text() + " -> " + cell.now.text();
            out.push_back(line);
            return true;
        }));
        return out;
    }
    std::vector<std::int64_t> were(std::int64_t seq, const std::string& city) {
        const auto entities = catalogue();
        const auto found = changed_that_were(
            db(), *entities.entity("contact"), seq,
            {{.column = "title", .compare = Compare::kEqual, .values = {Value(city)}}}, random);
        REQUIRE(found);
        return *found;
    }
    Result<PutBack> back(std::vector<std::int64_t> records, std::int64_t seq,
                         const Database* source = nullptr,
                         const OnlyReadOf& only_read = nothing_only_read) {
        return put_back(db(),
                        {.source = source == nullptr ? db() : *source,
                         .entity = "contact",
                         .records = records,
                         .seq = seq,
                         .at = "2026-01-01T00:00:00.000Z"},
                        clock, "uid:1", only_read);
    }
};

std::map<std::string, int> skips_by_reason(const UndoPlan& plan) {
    std::map<std::string, int> out;
    for (const auto& skip : plan.skipped) ++out[std::string(to_string(skip.reason))];
    return out;
}

}  // namespace

TEST_CASE("two moments of a history are compared record by record", "[past]") {
    Past f;
    f.run("INSERT INTO contact(id,last_name,phone) VALUES(1,'A','1'),(2,'B','1'),(3,'C','1')");
    const auto first = f.last_seq();
    f.run("UPDATE contact SET phone='2' WHERE id=1");
    f.run("DELETE FROM contact WHERE id=2");
    f.run("INSERT INTO contact(id,last_name) VALUES(4,'D'),(5,'E')");
    f.run("UPDATE contact SET phone='x' WHERE id=3; UPDATE contact SET phone='1' WHERE id=3");
    f.run("DELETE FROM contact WHERE id=5");
    const auto second = f.last_seq();
    f.run("UPDATE contact SET phone='3' WHERE id=1; DELETE FROM contact WHERE id=4");
    CHECK(f.compared(first, second) ==
          std::vector<std::string>{"1 changed phone: 1 -> 2",
                                   "2 deleted last_name: B ->  phone: 1 -> ",
                                   "4 created last_name:  -> D"});
    CHECK(f.compared(second, f.last_seq()) ==
          std::vector<std::string>{"1 changed phone: 2 -> 3", "4 deleted last_name: D -> "});
    CHECK(f.compared(first, first).empty());
    CHECK(f.compared(0, first).size() == 3);
}

TEST_CASE("records are found by what they were, not by what they are", "[past]") {
    Past f;
    f.run(
        "INSERT INTO contact(id,last_name,title) VALUES(1,'A','Boss'),(2,'B','Boss'),"
        "(3,'C','Boss'),(4,'D','Clerk'),(5,'E','Boss')");
    const auto then = f.last_seq();
    f.run("UPDATE contact SET title='Boss' WHERE id=4");   // is one now
    f.run("UPDATE contact SET title='Clerk' WHERE id=1");  // was one
    f.run("DELETE FROM contact WHERE id=2");
    f.run("INSERT INTO contact(id,last_name,title) VALUES(6,'F','Boss')");
    f.run("UPDATE contact SET phone='1' WHERE id=3");
    CHECK(f.were(then, "Boss") == std::vector<std::int64_t>{1, 2, 3});
    CHECK(f.were(then, "Clerk") == std::vector<std::int64_t>{4});
    CHECK(f.were(f.last_seq(), "Boss").empty());
}

TEST_CASE("records are made what they were by one run, which can be undone", "[past]") {
    Past f;
    f.run("INSERT INTO contact(id,last_name,phone,title) VALUES(1,'A','1','T'),(2,'B','1',NULL)");
    const auto uid = f.one("SELECT uid FROM contact WHERE id=2");
    const auto then = f.last_seq();
    f.run("UPDATE contact SET phone='2',title=NULL WHERE id=1; DELETE FROM contact WHERE id=2");
    f.run("INSERT INTO contact(id,last_name) VALUES(3,'C')");
    const auto overwritten = f.rows("SELECT id,uid,last_name,phone,title FROM contact");
    const auto before = f.last_seq();

    const std::vector<std::int64_t> all{1, 2, 3};
    const auto plan =
        preview_put_back(f.db(), {f.db(), "contact", all, then, ""}, nothing_only_read);
    REQUIRE(plan);
    CHECK(plan->steps.size() == 5);  // phone, title; the record, its name, its phone
    CHECK(f.last_seq() == before);

    const auto done = f.back(all, then);
    REQUIRE(done);
    CHECK(done->plan.steps.size() == 5);
    CHECK(skips_by_reason(done->plan) == std::map<std::string, int>{{"not_then", 1}});
    CHECK(f.one("SELECT phone||title FROM contact WHERE id=1") == "1T");
    CHECK(f.one("SELECT uid FROM contact WHERE id=2") == uid);
    CHECK(f.one("SELECT count(*) FROM contact") == "3");
    // Local edits: what absorbs them for the remotes sees no run.
    CHECK(f.one("SELECT count(*) FROM kontor_history WHERE seq>" + std::to_string(before) +
                " AND (run IS NOT NULL OR actor IS NOT 'uid:1' OR rule IS NOT 'restored')") == "0");
    CHECK(f.back(all, then)->run == 0);  // nothing to do

    const auto scope = scope_of_run(f.db(), done->run);
    REQUIRE(scope);
    REQUIRE(undo(f.db(), f.catalogue(), *scope, "uid:1", nothing_only_read));
    CHECK(f.rows("SELECT id,uid,last_name,phone,title FROM contact") == overwritten);
}

TEST_CASE("records come from an older state of the replica, field by name", "[past]") {
    Past f, backup;
    Replica::run_on(backup.open(Access::kEngine),
                    "INSERT INTO contact(id,uid,last_name,phone) VALUES(1,'a','A','1'),"
                    "(2,'b','B','old'),(3,'c','C','1')");
    // In the time that a restore has lost, the id 3 was another's.
    Replica::run_on(f.open(Access::kEngine),
                    "INSERT INTO contact(id,uid,last_name,phone) VALUES(1,'a','A','2'),"
                    "(3,'d','D','2')");
    const auto done = f.back({1, 2, 3}, backup.last_seq(), &backup.db());
    REQUIRE(done);
    CHECK(f.rows("SELECT id,last_name,phone FROM contact") ==
          std::vector<std::string>{"1|A|1", "2|B|old", "3|D|2"});
    CHECK(skips_by_reason(done->plan) == std::map<std::string, int>{{"other_record", 1}});
}

TEST_CASE("what cannot be kept is said and left", "[past]") {
    Past f;
    f.run("INSERT INTO account(id,name) VALUES(1,'Acme'),(2,'Beta')");
    f.run("INSERT INTO contact(id,last_name,account_id,phone) VALUES(1,'A',1,'1'),(2,'B',2,'1')");
    const auto then = f.last_seq();
    f.run("UPDATE contact SET account_id=NULL,phone='2'; DELETE FROM account WHERE id=1");
    const auto gone = f.back({1, 2}, then);
    REQUIRE(gone);
    CHECK(skips_by_reason(gone->plan) == std::map<std::string, int>{{"target_gone", 1}});
    CHECK(f.rows("SELECT id,account_id,phone FROM contact") ==
          std::vector<std::string>{"1|∅|1", "2|2|1"});

    f.run("UPDATE contact SET phone='3'");
    const auto shown = f.back({1, 2}, then, nullptr, [](const Entity&) -> Result<ShownBy> {
        return ShownBy([](const std::string& column) {
            return column == "phone" ? std::string("zoho") : std::string();
        });
    });
    REQUIRE(shown);
    CHECK(skips_by_reason(shown->plan) ==
          std::map<std::string, int>{{"only_read_field", 2}, {"target_gone", 1}});
    CHECK(f.one("SELECT count(*) FROM contact WHERE phone='3'") == "2");
    CHECK(f.back({1}, then)->plan.skipped.front().record == 1);
    const auto unknown =
        preview_put_back(f.db(), {f.db(), "nothing", {}, then, ""}, nothing_only_read);
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == Errc::kNotFound);
}

}  // namespace kontor::replica
