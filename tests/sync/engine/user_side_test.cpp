// What people do when much has gone wrong at once: an inbox of conflicts, decisions about many, a
// push that the guard stops, a comparison of all records, a sync that is taken back. Each prints
// how long it took. In CI with few records;
//
//     KONTOR_RECORDS=100000 build/release/bin/user_side_test
#include <sys/resource.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "sync/engine/only_read.hpp"
#include "sync/engine/verifier.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/undo.hpp"
#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;

namespace {

std::int64_t record_count() {
    const char* told = std::getenv("KONTOR_RECORDS");
    return told != nullptr ? std::atoll(told) : 3'000;
}

/// Runs `act` and prints what it took.
template <class Act>
auto timed(const char* what, Act act) {
    const auto began = std::chrono::steady_clock::now();
    auto out = act();
    const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began);
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    std::printf("  %-44s %8.3f s, peak %4ld MiB\n", what, took.count(), used.ru_maxrss / 1024);
    std::fflush(stdout);
    return out;
}

struct Crowd {
    explicit Crowd(std::int64_t records) : count(records), device(clock) {
        remote.streams = people_streams();
        remote.page_size = 200;
        for (auto& stream : remote.streams) stream.can.push_batch_max = 100;
        for (std::int64_t n = 0; n < count; ++n)
            ids.push_back(remote.create(
                "Contacts", {{"Last_Name", Value("Person " + std::to_string(n))},
                             {"Phone", Value("1" + std::to_string(n))},
                             {"Email", Value("p" + std::to_string(n) + "@example.com")}}));
        later();
        timed("first load", [&] {
            device.connect("crm", remote, [](merge::Mapping& mapping) {
                for (auto& stream : mapping.streams)
                    for (auto& group : stream.groups) group.policy = merge::Policy::kManual;
            });
            return 0;
        });
    }
    void later() { clock.advance(std::chrono::minutes{10}); }
    void everybody_there(const char* field, const std::string& prefix) {
        for (std::size_t n = 0; n < ids.size(); ++n)
            remote.edit("Contacts", ids[n], {{field, Value(prefix + std::to_string(n))}});
        later();
    }
    [[nodiscard]] const replica::Database& db() const { return device.engine_db(); }
    [[nodiscard]] replica::Catalogue catalogue() const { return *replica::Catalogue::load(db()); }
    [[nodiscard]] std::int64_t open() {
        return device.number("SELECT count(*) FROM kontor_conflict WHERE state = 'open'");
    }
    engine::CycleOptions confirmed() const {
        engine::CycleOptions options;
        options.confirm_mass = true;
        return options;
    }

    std::int64_t count;
    FakeClock clock;
    MemoryRemote remote{clock};
    Device device;
    std::vector<std::string> ids;
};

engine::VerifyReport compared(Crowd& crowd, std::int64_t sample, std::int64_t& findings) {
    engine::Observer nobody;
    const std::atomic<bool> cancelled{false};
    engine::Verifier verifier({.db = crowd.db(),
                               .remote = crowd.remote,
                               .observer = nobody,
                               .cancelled = cancelled,
                               .finding = [&](const engine::VerifyFinding&) { ++findings; }},
                              crowd.device.settings("crm"));
    engine::VerifyOptions options;
    options.sample = sample;
    auto report = verifier.run(options);
    REQUIRE(report);
    return *report;
}

}  // namespace

TEST_CASE("an inbox of as many conflicts as there are records is worked through", "[user_side]") {
    Crowd crowd(record_count());
    const auto all = crowd.count;
    timed("everybody changed here, by SQL", [&] {
        crowd.device.sql("UPDATE contact SET phone = '9' || phone");
        return 0;
    });
    crowd.everybody_there("Phone", "there ");
    timed("sync: each is asked about", [&] { return crowd.device.sync("crm"); });
    REQUIRE(crowd.open() == all);

    engine::ConflictQuery query;
    CHECK(timed("inbox: first page", [&] {
              return *engine::list_conflicts(crowd.db(), query);
          }).size() == 100);
    query.offset = all - 100;
    CHECK(timed("inbox: last page", [&] {
              return *engine::list_conflicts(crowd.db(), query);
          }).size() == 100);
    query.offset = 0;
    query.field = "phone";
    CHECK(timed("inbox: of one field", [&] {
              return *engine::list_conflicts(crowd.db(), query);
          }).size() == 100);

    engine::ManyConflicts which;
    which.connection = "crm";
    which.field = "phone";
    CHECK(timed("many: preview", [&] {
              return *engine::preview_many(crowd.db(), which, engine::Side::kTheirs);
          }).decided == all);
    const auto decided = timed("many: theirs", [&] {
        return *engine::decide_many(crowd.db(), crowd.clock, crowd.device.random, which,
                                    engine::Side::kTheirs, "uid:1");
    });
    CHECK(decided.decided == all);
    CHECK(crowd.open() == 0);
    CHECK(crowd.device.text("SELECT phone FROM contact ORDER BY id LIMIT 1") == "there 0");
    const auto reopen = [&](bool preview) {
        return *engine::reopen_run(crowd.db(), crowd.clock, crowd.device.random, decided.run,
                                   preview, "uid:1");
    };
    CHECK(timed("many: taken back, preview", [&] { return reopen(true); }).reopened == all);
    CHECK(timed("many: taken back", [&] { return reopen(false); }).reopened == all);
    REQUIRE(crowd.open() == all);
    crowd.later();
    CHECK(timed("many: ours", [&] {
              return *engine::decide_many(crowd.db(), crowd.clock, crowd.device.random, which,
                                          engine::Side::kOurs, "uid:1");
          }).decided == all);

    crowd.later();
    const auto stopped =
        timed("sync: the guard asks", [&] { return crowd.device.try_sync("crm"); });
    REQUIRE(stopped);
    REQUIRE(stopped->problem);
    CHECK(stopped->problem->code == Errc::kGuard);
    CHECK(crowd.remote.changes_sent == 0);
    timed("sync: confirmed, all are sent",
          [&] { return crowd.device.sync("crm", crowd.confirmed()); });
    CHECK(crowd.remote.changes_sent == all);
    CHECK(crowd.remote.value("Contacts", crowd.ids.back(), "Phone") ==
          Value("91" + std::to_string(all - 1)));
}

TEST_CASE("a replica is compared with its remote, in part and as a whole", "[user_side]") {
    Crowd crowd(record_count());
    crowd.everybody_there("Email", "new ");
    std::int64_t findings = 0;
    CHECK(timed("verify: 1,000 of them, and all have changed", [&] {
              return compared(crowd, 1'000, findings);
          }).unexplained() == 0);
    CHECK(timed("verify: all, and each has changed there", [&] {
              findings = 0;
              return compared(crowd, 0, findings);
          }).unexplained() == 0);
    CHECK(findings == crowd.count);  // not fetched yet
    crowd.device.sync("crm");
    crowd.later();
    findings = 0;
    CHECK(timed("verify: all, and nothing differs", [&] {
              return compared(crowd, 0, findings);
          }).unexplained() == 0);
    CHECK(timed("verify: 1,000 of them, and nothing differs", [&] {
              return compared(crowd, 1'000, findings);
          }).unexplained() == 0);
    CHECK(findings == 0);
}

TEST_CASE("a sync that changed all records is taken back, and deletions are asked about",
          "[user_side]") {
    Crowd crowd(record_count());
    const auto all = static_cast<std::size_t>(crowd.count);
    const auto before = crowd.device.number("SELECT max(seq) FROM kontor_history");
    crowd.everybody_there("Email", "wrong ");
    const auto run =
        timed("sync: all are changed here", [&] { return crowd.device.sync("crm").run; });
    const auto only_read = engine::only_read_of(crowd.db());
    const auto preview = [&](const replica::UndoScope& scope) {
        return *replica::preview_undo(crowd.db(), crowd.catalogue(), scope, only_read);
    };
    CHECK(timed("undo of the run: preview", [&] {
              return preview(replica::UndoScope::of_run(run));
          }).undone == all);
    CHECK(timed("undo since then: preview", [&] {
              return preview(replica::UndoScope::since(before + 1));
          }).undone == all);
    replica::OpenOptions options;
    auto local = replica::Database::open(crowd.device.path(), options);
    REQUIRE(local);
    const auto take_back = [&](const replica::UndoScope& scope) {
        return *replica::undo(*local, crowd.catalogue(), scope, "uid:1", only_read);
    };
    CHECK(timed("undo of the run", [&] {
              return take_back(replica::UndoScope::of_run(run));
          }).plan.undone == all);
    CHECK(crowd.device.text("SELECT email FROM contact ORDER BY id LIMIT 1") == "p0@example.com");

    timed("all deleted here, by SQL", [&] {
        crowd.device.sql("DELETE FROM contact");
        return 0;
    });
    const auto deleted = crowd.device.number("SELECT max(seq) FROM kontor_history");
    crowd.later();
    const auto stopped =
        timed("sync: the guard asks", [&] { return crowd.device.try_sync("crm"); });
    REQUIRE(stopped);
    REQUIRE(stopped->problem);
    CHECK(stopped->problem->code == Errc::kGuard);
    CHECK(crowd.remote.ids("Contacts").size() == all);
    const auto since = crowd.device.number(
        "SELECT min(seq) FROM kontor_history WHERE op = 'd' AND seq <= " + std::to_string(deleted));
    CHECK(timed("undo since the deletion", [&] {
              return take_back(replica::UndoScope::since(since));
          }).plan.undone >= all);
    CHECK(crowd.device.number("SELECT count(*) FROM contact") == crowd.count);
}
