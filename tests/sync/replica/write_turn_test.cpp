// Who writes when several threads of a process want to: edits before the engine, and nobody twice
// at once. Threads are held at known points; nothing waits for time to pass.
#include "sync/replica/write_turn.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/sync/replica/support.hpp"

namespace kontor::replica {

using std::chrono::milliseconds;

namespace {
constexpr milliseconds kLong{60'000};
}  // namespace

TEST_CASE("an edit that waits goes before the engine", "[replica][turn]") {
    WriteTurn turn;
    REQUIRE(turn.take(true, kLong));
    CHECK_FALSE(turn.wanted());
    std::string order;
    std::thread edit([&] {
        if (!turn.take(false, kLong)) return;
        order += "edit ";
        turn.give();
    });
    while (!turn.wanted()) std::this_thread::yield();
    // The engine ends its transaction and wants the next at once.
    turn.give();
    REQUIRE(turn.take(true, kLong));
    order += "engine";
    turn.give();
    edit.join();
    CHECK(order == "edit engine");
}

TEST_CASE("whoever is not given the turn in time has nothing to give back", "[replica][turn]") {
    WriteTurn turn;
    REQUIRE(turn.take(true, kLong));
    CHECK_FALSE(turn.take(false, milliseconds{1}));
    CHECK_FALSE(turn.wanted());
    turn.give();
    CHECK(turn.take(false, kLong));
}

TEST_CASE("edits without end do not keep the engine from its turn", "[replica][turn]") {
    WriteTurn turn;
    std::atomic<bool> engine_done{false};
    std::vector<std::thread> editors;
    for (int i = 0; i < 2; ++i)
        editors.emplace_back([&] {
            while (!engine_done)
                if (turn.take(false, kLong)) turn.give();
        });
    for (int i = 0; i < 3; ++i) {
        REQUIRE(turn.take(true, kLong));
        turn.give();
    }
    engine_done = true;
    for (auto& editor : editors) editor.join();
}

TEST_CASE("an engine that has written for long leaves the file to other processes",
          "[replica][turn]") {
    // Any work is long here.
    WriteTurn turn({.work = milliseconds{0}, .rest = milliseconds{20}});
    REQUIRE(turn.take(true, kLong));
    turn.give();
    const auto given = WriteTurn::Clock::now();
    // Edits of this process need not wait for that.
    REQUIRE(turn.take(false, milliseconds{0}));
    turn.give();
    REQUIRE(turn.take(true, kLong));
    CHECK(WriteTurn::Clock::now() - given >= milliseconds{19});
    turn.give();
}

TEST_CASE("transactions on handles of one file take turns", "[replica][turn]") {
    test::Replica replica;
    WriteTurn turn;
    constexpr int kEdits = 50;
    std::atomic<int> failed{0};
    const auto write = [&](bool yields) {
        OpenOptions options;
        options.turn = &turn;
        options.yields = yields;
        options.busy_timeout = kLong;
        auto db = Database::open(replica.path(), options);
        for (int i = 0; db && i < kEdits; ++i) {
            auto transaction = Transaction::begin(*db);
            if (!transaction || !db->execute("INSERT INTO contact(phone) VALUES('1')")) ++failed;
            if (i % 2 == 0 && transaction && !transaction->commit()) ++failed;
        }
    };
    std::thread engine([&] { write(true); });
    std::thread edits([&] { write(false); });
    engine.join();
    edits.join();
    CHECK(failed == 0);
    CHECK(replica.one("SELECT count(*) FROM contact") == std::to_string(kEdits));
    CHECK(turn.take(false, milliseconds{0}));
}

}  // namespace kontor::replica
