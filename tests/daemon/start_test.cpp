// Starting, stopping, and what stands in the way: nothing is ever damaged by a start that fails.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "daemon/lock_file.hpp"
#include "daemon/log_sink.hpp"
#include "daemon/notify.hpp"
#include "daemon/runtime/heartbeat.hpp"
#include "sync/replica/database.hpp"
#include "tests/daemon/daemon_fixture.hpp"

using namespace kontor;

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
        char buffer[512];
        for (;;) {
            const auto got = ::recv(fd_, buffer, sizeof buffer, 0);
            if (got <= 0) return "";
            const std::string text(buffer, static_cast<std::size_t>(got));
            if (text.rfind(begin, 0) == 0) return text;
        }
    }

private:
    int fd_;
};

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
    daemon.environment = {{"NOTIFY_SOCKET", daemon.dir.path("notify")},
                          {"WATCHDOG_USEC", "100000"},
                          {"WATCHDOG_PID", std::to_string(::getpid())}};
    REQUIRE(daemon.start());
    CHECK_FALSE(manager.wait_for("READY=1").empty());
    CHECK_FALSE(manager.wait_for("WATCHDOG=1").empty());
    daemon.stop();
    CHECK_FALSE(manager.wait_for("STOPPING=1").empty());
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
