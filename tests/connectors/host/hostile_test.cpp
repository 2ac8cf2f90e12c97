// Connectors that attack, each in a real process: all are contained, the reason is told, and the
// next process is as good as new. Each runs with Landlock, if this kernel has it, and without.

#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "connectors/host/connection.hpp"
#include "connectors/sandbox/landlock.hpp"
#include "tests/connectors/host/support.hpp"

using namespace kontor;
using namespace kontor::host;
using namespace kontor::host::test;

namespace {

const std::string kPlugins = KONTOR_TEST_PLUGINS;

class NoRecords final : public remote::RecordSink {
public:
    Result<> accept(std::span<const remote::RecordView>, std::string_view) override { return {}; }
};

struct Setup {
    TempDir dir;
    FakeClock clock;
    FakeSleeper sleeper{clock};
    SeededRandom random{7};
    CapturingLogger log;
    MemorySecrets secrets;
    ScriptedHttp http;
    ConnectionSettings settings;

    explicit Setup(int landlock) {
        settings.name = "crm";
        settings.plugin_path = kPlugins + "/hostile.so";
        settings.auth.kind = "none";
        settings.state_folder = dir / "state";
        settings.isolation.program = KONTOR_CONNECTOR_PROGRAM;
        // As if the kernel had no more than this.
        settings.isolation.landlock = [landlock]() -> long {
            return std::min<long>(landlock, sandbox::query_landlock());
        };
        settings.isolation.memory_mb = 128;
    }
    Result<std::unique_ptr<remote::Remote>> open() {
        return open_connection(settings, {.clock = clock,
                                          .random = random,
                                          .log = log,
                                          .secrets = secrets,
                                          .http = &http,
                                          .sleeper = &sleeper});
    }
    std::unique_ptr<remote::Remote> opened() {
        auto remote = open();
        if (!remote) FAIL(remote.error().message);
        return std::move(*remote);
    }
};

Error attacked(remote::Remote& remote, const std::string& how) {
    NoRecords sink;
    const std::vector<std::string> fields = {"Name"};
    auto done = remote.pull(how, fields, "", sink);
    REQUIRE_FALSE(done);
    return done.error();
}

// What the process is restricted by: system calls alone, or files by Landlock as well.
int levels() {
    return GENERATE(0, 2, sandbox::kLandlockKnown);
}

}  // namespace

TEST_CASE("a connector that crashes is named with the signal that ended it") {
    Setup s(levels());
    const auto [how, signal] = GENERATE(table<std::string, std::string>(
        {{"segv", "11 (SIGSEGV)"}, {"abort", "6 (SIGABRT)"}, {"stack", "11 (SIGSEGV)"}}));
    auto remote = s.opened();
    const auto error = attacked(*remote, how);
    CHECK(error.code == Errc::kConnector);
    CHECK(error.message == "connection crm: the connector was ended by signal " + signal);
    CHECK(error.args.at("reason") == "connector_signal");
    CHECK(error.args.at("signal") == signal);
    CHECK(error.args.at("connection") == "crm");
    CHECK(error.retryable());

    // It stays ended, and says the same of it; a new one is as good as new.
    CHECK(remote->check().error().message == error.message);
    CHECK(s.opened()->check());
}

TEST_CASE("a system call that a connector has no use for is refused, and named") {
    Setup s(levels());
    const auto [how, call] = GENERATE(table<std::string, std::string>({
        {"passwd", "openat"},
        {"create", "openat"},
        {"socket", "socket"},
        {"unix", "socket"},
        {"exec", "execve"},
        {"fork", "clone"},
        {"thread", "clone"},
        {"ptrace", "ptrace"},
        {"kill", "kill"},
        {"peek", "process_vm_readv"},
        {"unshare", "unshare"},
        {"chmod", "chmod"},
        {"unlink", "unlink"},
        {"code", "mmap"},
        {"rewrite", "mprotect"},
        {"unblocked", "socket"},
        {"pause", "pause"},
    }));
    CAPTURE(how);
    auto remote = s.opened();
    const auto error = attacked(*remote, how);
    CHECK(error.code == Errc::kConnector);
    CHECK(error.args.at("reason") == "connector_sandbox");
    CHECK(error.args.at("call").starts_with(call));
    CHECK(error.message.starts_with("connection crm: the connector was ended by the sandbox: " +
                                    call));
    struct stat status {};
    CHECK(::stat("/tmp/kontor-hostile", &status) != 0);
}

TEST_CASE("a connector that takes more than its share is ended, and the limit named") {
    Setup s(0);
    const auto [how, reason] = GENERATE(table<std::string, std::string>({
        {"leak", "connector_memory"},
        {"huge", "connector_memory"},
        {"unlimited", "connector_memory"},
        {"sleep", "connector_silent"},
        {"half", "connector_silent"},
        {"spin", "connector_processor"},
    }));
    const bool memory = reason == "connector_memory";
#ifdef KONTOR_SANITIZED
    if (memory) return;  // its shadow takes terabytes of address space: there is no limit
#endif
    if (reason == "connector_silent") s.settings.isolation.silence = 1s;
    if (reason == "connector_processor") s.settings.isolation.processor = 1s;
    CAPTURE(how);
    auto remote = s.opened();
    const auto error = attacked(*remote, how);
    CHECK(error.code == Errc::kConnector);
    CHECK(error.args.at("reason") == reason);
    CHECK(error.args.at("limit") == (memory ? "128" : "1"));
}

TEST_CASE("what is no frame, or out of turn, ends the connector") {
    Setup s(0);
    const auto [how, what] = GENERATE(table<std::string, std::string>({
        {"garbage", "it is no frame"},
        {"version", "a frame of another version"},
        {"oversize", "a frame that is too large"},
        {"order", "a frame that has no place here"},
        {"service", "it asked for a service that there is not"},
        {"talk", "it asks without end and hands nothing over"},
        {"last_word", "a last word that makes no sense"},
    }));
    CAPTURE(how);
    auto remote = s.opened();
    const auto error = attacked(*remote, how);
    CHECK(error.code == Errc::kConnector);
    CHECK(error.message == "connection crm: the connector broke the protocol: " + what);
    CHECK(error.args.at("how") == what);
    CHECK(s.opened()->check());
}

TEST_CASE("an answer that was not asked for is not taken for the next one") {
    Setup s(0);
    auto remote = s.opened();
    NoRecords sink;
    // The forged answer is taken for the real one; which is then found in the place of the next.
    REQUIRE(remote->pull("returns_twice", std::vector<std::string>{"Name"}, "", sink));
    const auto next = remote->check();
    REQUIRE_FALSE(next);
    CHECK(next.error().args.at("how") == "it spoke without being asked");
}

TEST_CASE("a connector that ends by itself, or hangs up, is ended") {
    Setup s(0);
    auto remote = s.opened();
    CHECK(attacked(*remote, "exit").message ==
          "connection crm: the connector ended by itself, with code 7");
    remote = s.opened();
    CHECK(attacked(*remote, "close").args.at("reason") == "connector_closed");
}

TEST_CASE("records that nobody takes any more are not offered for ever") {
    Setup s(0);
    auto remote = s.opened();
    struct Full final : remote::RecordSink {
        Result<> accept(std::span<const remote::RecordView>, std::string_view) override {
            return fail(Errc::kFull, "no more");
        }
    } sink;
    const auto done = remote->pull("flood_records", std::vector<std::string>{"Name"}, "", sink);
    REQUIRE_FALSE(done);
    CHECK(done.error().args.at("how") == "it asks without end and hands nothing over");
}

TEST_CASE("a constructor that attacks while the plugin is loaded meets the sandbox") {
    Setup s(levels());
    const auto [attack, call] = GENERATE(
        table<std::string, std::string>({{"early_socket", "socket"}, {"early_passwd", "openat"}}));
    s.settings.plugin_path = kPlugins + "/early/" + attack + ".so";
    const auto error = s.open().error();
    CHECK(error.code == Errc::kConnector);
    CHECK(error.args.at("call") == call);
    CHECK(error.args.at("connection") == "crm");
}

TEST_CASE("a cancelled connector that does not end is ended after a moment") {
    Setup s(0);
    auto remote = s.opened();
    s.sleeper.cancel_after = 1;
    CHECK(attacked(*remote, "deaf").code == Errc::kCancelled);
}

TEST_CASE("without Landlock a connector runs only if the configuration lets it") {
    Setup s(0);
    CHECK(s.open());
    s.settings.isolation.require_landlock = true;
    const auto error = s.open().error();
    CHECK(error.code == Errc::kUnsupported);
    CHECK(error.args.at("reason") == "no_landlock");
    CHECK(error.args.at("connection") == "crm");
}

TEST_CASE("a kernel's answer about Landlock is understood") {
    CHECK(sandbox::landlock_level([] { return -1L; }) == 0);  // not built in, switched off, hidden
    CHECK(sandbox::landlock_level([] { return 1L; }) == 1);
    CHECK(sandbox::landlock_level([] { return 2L; }) == 2);
    CHECK(sandbox::landlock_level([] { return 99L; }) == sandbox::kLandlockKnown);
}
