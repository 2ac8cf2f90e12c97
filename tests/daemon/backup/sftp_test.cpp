// A repository behind OpenSSH's server on loopback, with keys and a configuration of its own.
#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "sync/backup/file.hpp"
#include "tests/daemon/backup/office.hpp"
#include "tests/daemon/backup/server.hpp"
#include "tests/support/eventually.hpp"

namespace kontor::backup {

using test::Office;
namespace fs = std::filesystem;

namespace {

class SshServer {
public:
    SshServer() : port_(test::free_port()) {
        const auto made = test::shell("cd " + dir_.path("") +
                                      " && ssh-keygen -q -t ed25519 -N '' -f host && ssh-keygen -q "
                                      "-t ed25519 -N '' -f user && ssh-keygen -q -t ed25519 -N '' "
                                      "-f other && mkdir -p store /run/sshd");
        INFO(made.text);
        REQUIRE(made.status == 0);
        REQUIRE(write_whole(dir_.path("sshd_config"),
                            "Port " + std::to_string(port_) +
                                "\nListenAddress 127.0.0.1\nHostKey " + dir_.path("host") +
                                "\nPidFile " + dir_.path("pid") + "\nAuthorizedKeysFile " +
                                dir_.path("user.pub") +
                                "\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n"
                                "Subsystem sftp internal-sftp\n"));
        trust("host");
        start();
    }
    ~SshServer() { stop(); }
    SshServer(const SshServer&) = delete;
    SshServer& operator=(const SshServer&) = delete;

    void start() {
        REQUIRE(
            test::shell("/usr/sbin/sshd -f " + dir_.path("sshd_config") + " -E " + dir_.path("log"))
                .status == 0);
        // It writes the file once it listens; a file without a whole line is still being written.
        std::string line;
        REQUIRE(test::eventually([&] {
            line = read_whole(dir_.path("pid")).value_or("");
            return line.ends_with('\n');
        }));
        pid_ = std::stoi(line);
    }
    /// With all who are connected.
    void stop() {
        if (pid_ <= 0) return;
        const auto children = test::shell("pgrep -P " + std::to_string(pid_));
        ::kill(std::exchange(pid_, 0), SIGTERM);
        static_cast<void>(test::shell("for p in $(echo " + one_line(children.text) +
                                      "); do kill $(pgrep -P $p) $p; done"));
        // A destructor can fail no test; whoever starts again finds the old file.
        static_cast<void>(test::eventually([&] { return !fs::exists(dir_.path("pid")); }));
    }
    /// Whose key the client expects.
    void trust(const std::string& key) {
        const auto text = read_whole(dir_.path(key + ".pub")).value();
        REQUIRE(write_whole(dir_.path("known_hosts"),
                            "[127.0.0.1]:" + std::to_string(port_) + " " + text));
    }
    void use_for(config::Backup& target) const {
        target.target = "sftp:127.0.0.1:" + dir_.path("store/kontor");
        target.options["sftp.command"] =
            "ssh -p " + std::to_string(port_) + " -i " + dir_.path("user") +
            " -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes"
            " -o UserKnownHostsFile=" +
            dir_.path("known_hosts") + " 127.0.0.1 -s sftp";
    }

private:
    static std::string one_line(std::string text) {
        for (char& c : text)
            if (c == '\n') c = ' ';
        return text;
    }
    replica::test::TempDir dir_;
    int port_;
    pid_t pid_ = 0;
};

}  // namespace

TEST_CASE("a repository behind SSH; the network goes and comes back", "[backup][sftp]") {
    SshServer server;
    Office office;
    server.use_for(office.target);
    const auto backups = office.backups();
    REQUIRE(backups.create(office.target));
    REQUIRE(backups.run(office.target, office.loaded, {}));
    REQUIRE(backups.drill(office.target, "")->error.empty());

    server.trust("other");
    const auto stranger = backups.run(office.target, office.loaded, {});
    REQUIRE_FALSE(stranger);
    INFO(stranger.error().message);
    // restic may end before it has passed on what ssh said.
    const auto reason = stranger.error().args.at("reason");
    CHECK((reason == "backup_host_key" || reason == "backup_no_ssh"));
    server.trust("host");

    server.stop();
    office.sql("UPDATE contact SET phone = '1'");
    const auto offline = backups.run(office.target, office.loaded, {});
    REQUIRE_FALSE(offline);
    INFO(offline.error().message);
    const auto why = offline.error().args.at("reason");
    CHECK((why == "backup_unreachable" || why == "backup_no_ssh"));
    const auto while_offline = office.clock.now();
    office.sql("UPDATE contact SET phone = '2'");
    server.start();

    // What was kept meanwhile arrives with the next one: also that moment can be restored.
    REQUIRE(backups.run(office.target, office.loaded, {}));
    const auto machine = office.dir.path("new-machine");
    REQUIRE(office.restore_to(machine, while_offline));
    CHECK(test::count_in(machine + "/replica.db",
                         "SELECT count(*) FROM contact WHERE phone = '1'") == 300);
}

TEST_CASE("a connection that is cut in the middle leaves what is there good", "[backup][sftp]") {
    SshServer server;
    Office office;
    server.use_for(office.target);
    REQUIRE(office.backups().create(office.target));
    REQUIRE(office.backups().run(office.target, office.loaded, {}));
    office.sql("UPDATE contact SET phone = hex(randomblob(2000))");
    office.target.upload_kib = 50;
    std::thread cut([&] {
        std::this_thread::sleep_for(std::chrono::seconds(3));
        server.stop();
    });
    const auto failed = office.backups().run(office.target, office.loaded, {});
    cut.join();
    REQUIRE_FALSE(failed);
    server.start();
    office.target.upload_kib = 0;
    REQUIRE(office.backups().run(office.target, office.loaded, {}));
    REQUIRE(office.backups().verify(office.target, true));
    CHECK(office.backups().drill(office.target, "")->error.empty());
}

}  // namespace kontor::backup
