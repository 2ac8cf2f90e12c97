// Events: numbered without gaps, also from one start of the daemon to the next; a loss is said.
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>

#include "daemon/event_log.hpp"
#include "tests/daemon/daemon_fixture.hpp"

using namespace kontor;

namespace {

constexpr std::int64_t kClock = 1'000'000;

// One start of the daemon on this machine, as far as events are concerned.
struct Start {
    explicit Start(const test::TempDir& dir, const std::string& boot = "b1",
                   std::size_t capacity = 8, std::int64_t clock_ms = kClock)
        : store(dir.path("events"), boot, log), events(store, clock_ms, capacity) {}
    void publish(int count) {
        for (int i = 0; i < count; ++i) events.publish("t", R"({"text":"a b"})");
    }
    test::MemoryLog log;
    app::EventStore store;
    app::EventLog events;
};

std::size_t files_in(const std::string& folder) {
    std::size_t out = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        out += entry.path().extension() == ".events" ? 1 : 0;
    return out;
}

}  // namespace

TEST_CASE("events are numbered without gaps and a loss is said", "[daemon][events]") {
    app::EventLog log(100, 3);
    CHECK(log.newest() == 99);
    CHECK_FALSE(log.after(99, 10).gap);
    for (int i = 0; i < 5; ++i) log.publish("t", "{}");
    const auto page = log.after(103, 10);
    REQUIRE(page.events.size() == 1);
    CHECK(page.events[0].id == 104);
    CHECK(log.after(99, 10).gap);
    CHECK(log.after(99, 10).events.size() == 3);
    CHECK(log.after(9'999, 10).gap);
}

TEST_CASE("events outlive an orderly end", "[daemon][events]") {
    const test::TempDir dir;
    std::int64_t last = 0;
    {
        Start first(dir);
        CHECK(first.events.newest() == kClock - 1);
        first.publish(3);
        last = first.events.newest();
    }
    Start second(dir, "b2");  // an orderly end holds for another start of the machine too
    CHECK(second.events.newest() == last);
    second.publish(1);
    const auto page = second.events.after(last - 1, 10);
    CHECK_FALSE(page.gap);
    REQUIRE(page.events.size() == 2);
    CHECK(page.events[0].id == last);
    CHECK(page.events[0].type == "t");
    CHECK(page.events[0].json == R"({"text":"a b"})");
    CHECK(page.events[1].id == last + 1);
}

TEST_CASE("events outlive a killed process, and a line cut by it is no event", "[daemon][events]") {
    const test::TempDir dir;
    const test::TempDir copy;
    Start first(dir);
    first.publish(3);
    // What a kill leaves is what lies there now.
    std::filesystem::copy(dir.path("events"), copy.path("events"));
    for (const auto& entry : std::filesystem::directory_iterator(copy.path("events")))
        if (entry.path().extension() == ".events")
            std::ofstream(entry.path(), std::ios::app) << first.events.newest() + 1 << " t {\"cu";
    Start second(copy);
    CHECK(second.events.newest() == first.events.newest());
    second.publish(1);
    const auto page = second.events.after(first.events.newest() - 3, 10);
    CHECK_FALSE(page.gap);
    CHECK(page.events.size() == 4);
    CHECK(page.events.back().id == first.events.newest() + 1);
}

TEST_CASE("after a power cut numbers jump and the gap is said", "[daemon][events]") {
    const test::TempDir dir;
    const test::TempDir copy;
    Start first(dir);
    first.publish(3);
    std::filesystem::copy(dir.path("events"), copy.path("events"));
    // Three more were handed out, and the cut took them from the disk.
    Start second(copy, "b2", 8, kClock + 60'000);
    CHECK(second.events.newest() == kClock + 60'000 - 1);
    second.publish(1);
    const auto page = second.events.after(first.events.newest() + 3, 10);
    CHECK(page.gap);
    CHECK(page.events.size() == 1);
    // A clock that was set back gives no number twice.
    std::filesystem::remove(copy.path("events/mark"));
    const Start third(copy, "b3", 8, 5);
    CHECK(third.events.newest() >= second.events.newest());
}

TEST_CASE("a start without events leaves what was there, also to a power cut", "[daemon][events]") {
    const test::TempDir dir;
    std::int64_t last = 0;
    {
        Start first(dir);
        first.publish(3);
        last = first.events.newest();
    }
    {
        const test::TempDir copy;
        const Start second(dir, "b2");
        std::filesystem::copy(dir.path("events"), copy.path("events"));
        const Start third(copy, "b3", 8, kClock + 60'000);
        CHECK(third.events.newest() == last);
        CHECK_FALSE(third.events.after(last - 3, 10).gap);
    }
    // The first event ends that: nobody knows how many there were after it.
    const test::TempDir copy;
    Start second(dir, "b2");
    second.publish(1);
    std::filesystem::copy(dir.path("events"), copy.path("events"));
    const Start third(copy, "b3", 8, kClock + 60'000);
    CHECK(third.events.newest() == kClock + 60'000 - 1);
}

TEST_CASE("files that are put together speak for themselves no longer", "[daemon][events]") {
    const test::TempDir dir;
    for (int i = 0; i < 13; ++i) Start(dir, "b1", 100).publish(1);
    const test::TempDir copy;
    const Start together(dir, "b1", 100);
    REQUIRE(files_in(dir.path("events")) == 1);
    std::filesystem::copy(dir.path("events"), copy.path("events"));
    const Start cut(copy, "b2", 100, kClock + 60'000);
    CHECK(cut.events.newest() == kClock + 60'000 - 1);
}

TEST_CASE("the ring on disk is bounded", "[daemon][events]") {
    const test::TempDir dir;
    {
        Start start(dir);
        start.publish(1'000);
        CHECK(files_in(dir.path("events")) <= 6);
    }
    {
        const Start next(dir);
        CHECK(next.events.after(next.events.newest() - 8, 100).events.size() == 8);
        CHECK(next.events.after(next.events.newest() - 9, 100).gap);
    }
    // Each start begins a file; many starts do not leave many files.
    for (int i = 0; i < 30; ++i) Start(dir).publish(1);
    CHECK(files_in(dir.path("events")) <= 14);
    const Start last(dir);
    CHECK(last.events.after(last.events.newest() - 8, 100).events.size() == 8);
}

TEST_CASE("a disk that takes no events stops nothing, and the next start says the gap",
          "[daemon][events]") {
    const test::TempDir dir;
    ::signal(SIGXFSZ, SIG_IGN);
    std::int64_t last = 0;
    {
        Start start(dir);
        start.publish(1);
        rlimit before{};
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
        rlimit none = before;
        none.rlim_cur = 1;
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
        start.publish(2);
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
        CHECK(start.log.text().find("events.not_kept") != std::string::npos);
        last = start.events.newest();
        CHECK(start.events.after(last - 2, 10).events.size() == 2);
    }
    Start next(dir, "b1", 8, kClock + 60'000);
    CHECK(next.events.newest() > last);
    next.publish(1);
    CHECK(next.events.after(last, 10).gap);
}

TEST_CASE("when the disk takes events again, numbers go on", "[daemon][events]") {
    const test::TempDir dir;
    ::signal(SIGXFSZ, SIG_IGN);
    std::int64_t last = 0;
    {
        Start start(dir);
        rlimit before{};
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
        rlimit none = before;
        none.rlim_cur = 1;
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
        start.publish(1);
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
        start.publish(2);
        CHECK(start.log.text().find("events.kept_again") != std::string::npos);
        last = start.events.newest();
    }
    const Start next(dir);
    CHECK(next.events.newest() == last);
    CHECK(next.events.after(last - 2, 10).events.size() == 2);
    CHECK(next.events.after(last - 3, 10).gap);
}

TEST_CASE("a client that comes back after a restart is given what it missed", "[daemon][events]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    const auto before = daemon.json("/api/v1/status")["event_id"].get<std::int64_t>();
    REQUIRE(daemon.send("POST", "/api/v1/reload", nullptr).status == 200);
    const auto newest = daemon.json("/api/v1/status")["event_id"].get<std::int64_t>();
    CHECK(newest > before);
    daemon.stop();
    REQUIRE(daemon.start());
    test::RawConnection client(daemon.socket());
    client.send("GET /api/v1/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: " +
                std::to_string(before) + "\r\n\r\n");
    const auto missed = client.read_until("config.reloaded");
    CHECK(missed.find("id: " + std::to_string(before + 1) + "\n") != std::string::npos);
    CHECK(missed.find("event: gap") == std::string::npos);
}
