// Starting, stopping, and what stands in the way: nothing is ever damaged by a start that fails.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <fstream>
#include <thread>

#include "daemon/lock_file.hpp"
#include "daemon/log_sink.hpp"
#include "daemon/notify.hpp"
#include "daemon/runtime/heartbeat.hpp"
#include "sync/replica/database.hpp"
#include "tests/daemon/daemon_fixture.hpp"
#include "tests/support/eventually.hpp"

using namespace kontor;
using namespace std::chrono_literals;

namespace {

class ManualClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override { return Instant(time); }
    [[nodiscard]] std::chrono::milliseconds steady() const override { return time; }
    std::chrono::milliseconds time{1'000};
};

// The service manager's end of $NOTIFY_SOCKET.
class Manager {
public:
    explicit Manager(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        path.copy(at.sun_path, sizeof at.sun_path - 1);
        REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
        const timeval limit{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    ~Manager() { ::close(fd_); }
    // Reads messages until one begins like this; "" after ten seconds.
    std::string wait_for(const std::string& begin) {
        for (;;) {
            const auto text = next(0);
            if (text.empty() || text.rfind(begin, 0) == 0) return text;
        }
    }
    // What has come so far.
    void forget() {
        while (!next(MSG_DONTWAIT).empty()) {
        }
    }
    // Whether a message that begins like this has come; does not wait.
    bool has_heard(const std::string& begin) {
        for (;;) {
            const auto text = next(MSG_DONTWAIT);
            if (text.empty()) return false;
            if (text.rfind(begin, 0) == 0) return true;
        }
    }

private:
    std::string next(int flags) {
        char buffer[512];
        const auto got = ::recv(fd_, buffer, sizeof buffer, flags);
        return got <= 0 ? "" : std::string(buffer, static_cast<std::size_t>(got));
    }
    int fd_;
};

// Where a thread hangs until it is let go. Outlives the daemon.
class Hang {
public:
    void hang() {
        hangs_ = true;
        std::unique_lock lock(mutex_);
        free_.wait(lock, [this] { return let_go_; });
    }
    void let_go() {
        const std::lock_guard lock(mutex_);
        let_go_ = true;
        free_.notify_all();
    }
    [[nodiscard]] bool hangs() const {
        return test::eventually([this] { return hangs_.load(); });
    }

private:
    std::atomic<bool> hangs_{false};
    std::mutex mutex_;
    std::condition_variable free_;
    bool let_go_ = false;
};

// Before the daemon's end, also if a check fails: it waits for its threads.
struct LetGo {
    ~LetGo() { hang.let_go(); }
    Hang& hang;
};

std::size_t stuck_beats(const test::Daemon& daemon) {
    const auto text = daemon.log.text();
    std::size_t count = 0;
    for (auto at = text.find("daemon.stuck"); at != std::string::npos;
         at = text.find("daemon.stuck", at + 1))
        ++count;
    return count;
}

// Whether no beat comes while it says again and again that it is stuck. It may say so once because
// a loaded machine is slow, and a beat may be on its way when a thread begins to hang.
bool falls_silent(const test::Daemon& daemon, Manager& manager) {
    for (int i = 0; i < 3; ++i) {
        manager.forget();
        const auto before = stuck_beats(daemon);
        if (!test::eventually([&] { return stuck_beats(daemon) >= before + 5; })) return false;
        if (!manager.has_heard("WATCHDOG=1")) return true;
    }
    return false;
}

// Longer than any thread may be silent.
constexpr auto kLong = 16min;

std::map<std::string, std::string> watched_by(const std::string& manager) {
    return {{"NOTIFY_SOCKET", manager},
            {"WATCHDOG_USEC", "400000"},
            {"WATCHDOG_PID", std::to_string(::getpid())}};
}

}  // namespace

TEST_CASE("a second daemon is told who has the replica", "[daemon][start]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    const auto second = app::LockFile::acquire(daemon.dir.path("state/kontord.lock"));
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Errc::kBusy);
    CHECK(second.error().args.at("pid") == std::to_string(::getpid()));
}

TEST_CASE("what is no replica, damaged or newer is left as it is", "[daemon][start]") {
    test::Daemon daemon;
    const auto path = daemon.dir.write("state/replica.db", "");
    Errc wanted = Errc::kCorrupt;
    SECTION("no database at all") {
        std::ofstream(path) << std::string(8'192, 'x');
    }
    SECTION("somebody else's database") {
        std::filesystem::remove(path);
        replica::OpenOptions options;
        options.create = true;
        auto db = replica::Database::open(path, options);
        REQUIRE(db);
        REQUIRE(db->execute("CREATE TABLE theirs(a); PRAGMA wal_checkpoint(TRUNCATE)"));
    }
    SECTION("of a newer version") {
        std::filesystem::remove(path);
        {
            test::Daemon first;
            REQUIRE(first.start());
            first.stop();
            std::filesystem::copy(first.dir.path("state/replica.db"), path);
        }
        auto db = replica::Database::open(path, {});
        REQUIRE(db);
        REQUIRE(db->execute("PRAGMA user_version = 999; PRAGMA wal_checkpoint(TRUNCATE)"));
        wanted = Errc::kTooNew;
    }
    const auto before = test::content_of(path);
    const auto started = daemon.start();
    REQUIRE_FALSE(started);
    CHECK(started.error().code == wanted);
    CHECK(test::content_of(path) == before);
}

TEST_CASE("a wrong configuration starts nothing", "[daemon][start]") {
    test::Daemon daemon("[sync]\nintervall = \"1h\"\n");
    const auto started = daemon.start();
    REQUIRE_FALSE(started);
    CHECK(started.error().code == Errc::kConfig);
    CHECK_FALSE(std::filesystem::exists(daemon.dir.path("state")));
}

TEST_CASE("a socket left by a killed daemon is replaced, a living one is not", "[daemon][start]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    test::Daemon other;
    std::filesystem::create_directories(other.dir.path("run"));
    std::filesystem::create_symlink(daemon.socket(), other.socket());
    const auto started = other.start();
    REQUIRE_FALSE(started);
    std::filesystem::remove(other.socket());

    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    other.socket().copy(at.sun_path, sizeof at.sun_path - 1);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
    ::close(fd);
    CHECK(other.start());
    CHECK(other.get("/healthz").status == 200);
}

TEST_CASE("the end leaves no log behind and no socket", "[daemon][start]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    REQUIRE(
        daemon.send("POST", "/api/v1/records/contact", {{"fields", {{"last_name", "x"}}}}).status ==
        201);
    daemon.stop();
    CHECK_FALSE(std::filesystem::exists(daemon.socket()));
    std::error_code none;
    const auto wal = std::filesystem::file_size(daemon.dir.path("state/replica.db-wal"), none);
    CHECK((none || wal == 0));
}

TEST_CASE("the service manager hears of start, watch and end", "[daemon][notify]") {
    test::Daemon daemon;
    Manager manager(daemon.dir.path("notify"));
    daemon.environment = watched_by(daemon.dir.path("notify"));
    REQUIRE(daemon.start());
    CHECK_FALSE(manager.wait_for("READY=1").empty());
    CHECK_FALSE(manager.wait_for("WATCHDOG=1").empty());
    daemon.stop();
    CHECK_FALSE(manager.wait_for("STOPPING=1").empty());
}

TEST_CASE("the service manager is asked for time until all is ready, and not for ever",
          "[daemon][notify]") {
    SECTION("by a daemon that starts") {
        test::Daemon daemon;
        Manager manager(daemon.dir.path("notify"));
        daemon.environment = {{"NOTIFY_SOCKET", daemon.dir.path("notify")}};
        REQUIRE(daemon.start());
        CHECK(manager.wait_for("") == "EXTEND_TIMEOUT_USEC=60000000");
        CHECK_FALSE(manager.wait_for("READY=1").empty());
        daemon.stop();
        for (auto text = manager.wait_for(""); text != "STOPPING=1"; text = manager.wait_for("")) {
            REQUIRE_FALSE(text.empty());
            CHECK(text.rfind("EXTEND_TIMEOUT_USEC=", 0) == std::string::npos);
        }
    }
    SECTION("again and again, to an end") {
        const test::TempDir dir;
        Manager manager(dir.path("notify"));
        const app::Notify notify([&](const std::string& name) -> std::optional<std::string> {
            if (name == "NOTIFY_SOCKET") return dir.path("notify");
            return std::nullopt;
        });
        {
            const app::LongStart start(notify, {.every = 5ms, .by = 20ms, .in_all = 15ms});
            for (int i = 0; i < 3; ++i) CHECK(manager.wait_for("") == "EXTEND_TIMEOUT_USEC=20000");
            std::this_thread::sleep_for(50ms);
            CHECK_FALSE(manager.has_heard("EXTEND_TIMEOUT_USEC="));
        }
        // Its end is the start's: nothing is waited for.
        const auto begun = std::chrono::steady_clock::now();
        { const app::LongStart start(notify, {}); }
        CHECK(std::chrono::steady_clock::now() - begun < 10s);
    }
}

TEST_CASE("no beat comes from a daemon of which a connection's thread hangs", "[daemon][notify]") {
    Hang hang;
    std::string stage = "pull";
    test::Daemon daemon("[connection.a]\nplugin = \"fake\"\n");
    daemon.dir.write("a.mapping.toml", test::kMapping);
    Manager manager(daemon.dir.path("notify"));
    daemon.environment = watched_by(daemon.dir.path("notify"));
    const LetGo at_the_end{hang};
    const auto sync = [&](engine::Cycle::Ports ports, const engine::ConnectionSettings&,
                          const engine::CycleOptions&) -> Result<engine::CycleReport> {
        ports.observer.progress({stage, "People", 1, 2});
        hang.hang();
        return engine::CycleReport{};
    };
    daemon.run_cycle = sync;
    SECTION("in the midst of its work") {
        REQUIRE(daemon.start());
        REQUIRE(hang.hangs());
        CHECK_FALSE(manager.wait_for("WATCHDOG=1").empty());
        daemon.clock.slept = kLong;
        CHECK(falls_silent(daemon, manager));
        hang.let_go();
        CHECK_FALSE(manager.wait_for("WATCHDOG=1").empty());
    }
    SECTION("but from one that waits for a remote's limit, and says so") {
        stage = "wait";
        REQUIRE(daemon.start());
        REQUIRE(hang.hangs());
        daemon.clock.slept = kLong;
        manager.forget();
        for (int i = 0; i < 2; ++i) CHECK_FALSE(manager.wait_for("WATCHDOG=1").empty());
    }
}

TEST_CASE("no beat comes from a daemon whose search hangs", "[daemon][notify]") {
    Hang hang;
    test::Daemon daemon;
    Manager manager(daemon.dir.path("notify"));
    daemon.environment = watched_by(daemon.dir.path("notify"));
    const LetGo at_the_end{hang};
    // What it tells of an index that is none is where it can be held.
    daemon.dir.write("state/search.db/is/a", "folder");
    daemon.log.on_event = [&](std::string_view event) {
        if (event == "search.failed") hang.hang();
    };
    REQUIRE(daemon.start());
    REQUIRE(hang.hangs());
    CHECK_FALSE(manager.wait_for("WATCHDOG=1").empty());
    daemon.clock.slept = kLong;
    CHECK(falls_silent(daemon, manager));
    hang.let_go();
    CHECK_FALSE(manager.wait_for("WATCHDOG=1").empty());
    daemon.stop();
}

TEST_CASE("no beat comes from a daemon whose threads for brief work all wait", "[daemon][notify]") {
    test::Daemon daemon;
    Manager manager(daemon.dir.path("notify"));
    daemon.environment = watched_by(daemon.dir.path("notify"));
    REQUIRE(daemon.start());
    CHECK_FALSE(manager.wait_for("WATCHDOG=1").empty());
    // Another program has begun to write and does not end; whoever edits waits for it.
    auto other = replica::Database::open(daemon.dir.path("state/replica.db"), {});
    REQUIRE(other);
    REQUIRE(other->execute("BEGIN IMMEDIATE"));
    std::vector<std::jthread> editors;
    for (int i = 0; i < 3; ++i)
        editors.emplace_back([&] {
            (void)daemon.send("POST", "/api/v1/records/contact",
                              {{"fields", {{"last_name", "x"}}}});
        });
    CHECK(falls_silent(daemon, manager));
    REQUIRE(other->execute("ROLLBACK"));
    CHECK_FALSE(manager.wait_for("WATCHDOG=1").empty());
    editors.clear();
    daemon.stop();
}

TEST_CASE("a thread that neither moves nor sleeps is dead", "[daemon][notify]") {
    ManualClock clock;
    app::Heartbeat heartbeat(clock);
    clock.time += std::chrono::minutes(10);
    CHECK_FALSE(heartbeat.alive(std::chrono::minutes(5)));
    heartbeat.sleep();
    CHECK(heartbeat.alive(std::chrono::minutes(5)));
    heartbeat.wake();
    CHECK(heartbeat.alive(std::chrono::minutes(5)));
}

TEST_CASE("log lines are one event each, whatever is in them", "[daemon][log]") {
    CHECK(app::format_event("a.b", {{"n", 3}, {"t", "x y"}, {"e", ""}}) ==
          "a.b n=3 t=\"x y\" e=\"\"");
    CHECK(app::format_event("a", {{"t", "1\n2\x1b[31m\""}}) == "a t=\"1\\x0a2\\x1b[31m\\\"\"");
    CHECK(app::format_event("a", {{"t", std::string(10'000, 'x')}}).size() < 600);
}
