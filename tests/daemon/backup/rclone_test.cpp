// Repositories behind rclone, from Debian's package: a server of restic's REST interface to which
// one can only add, and WebDAV.
#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "sync/backup/file.hpp"
#include "tests/daemon/backup/office.hpp"
#include "tests/daemon/backup/server.hpp"

namespace kontor::backup {

using test::Office;
using test::Server;

namespace {

std::string at(int port) {
    return "127.0.0.1:" + std::to_string(port);
}

}  // namespace

TEST_CASE("a server to which one can only add: backups arrive, none can be dropped",
          "[backup][rclone]") {
    Office office;
    office.target.keep.last = 1;
    const int port = test::free_port();
    Server server("rclone serve restic --append-only --addr " + at(port) + " " +
                      office.dir.path("store") + " 2> /dev/null",
                  port);
    office.target.target = "rest:http://" + at(port) + "/kontor";
    const auto backups = office.backups();
    REQUIRE(backups.create(office.target));
    REQUIRE(backups.run(office.target, office.loaded, {}));
    CHECK(backups.drill(office.target, "")->error.empty());

    // It dies in the middle of an upload, and is back in a moment.
    office.sql("UPDATE contact SET phone = hex(randomblob(1500))");
    office.target.upload_kib = 100;
    std::thread cut([&] {
        std::this_thread::sleep_for(std::chrono::seconds(3));
        server.kill();
        std::this_thread::sleep_for(std::chrono::seconds(1));
        server.start();
    });
    const auto second = backups.run(office.target, office.loaded, {});
    cut.join();
    // Where half a file was left, the server takes no other under its name.
    if (!second) {
        INFO(second.error().message);
        const auto& reason = second.error().args.at("reason");
        CHECK((reason == "backup_refused" || reason == "backup_unreachable"));
        CHECK(second.error().message.find("interrupt") == std::string::npos);
    }
    office.target.upload_kib = 0;
    for (const char* phone : {"1", "2"}) {
        office.sql(std::string("UPDATE contact SET phone = ") + phone);
        REQUIRE(backups.run(office.target, office.loaded, {}));
    }

    // Said at once, not after a quarter of an hour of trying.
    const auto before = office.clock.now();
    const auto pruned = backups.prune(office.target, *backups.ledger(office.target), false);
    CHECK(office.clock.now() - before < std::chrono::seconds(30));
    REQUIRE_FALSE(pruned);
    INFO(pruned.error().message);
    CHECK(pruned.error().code == Errc::kPermission);
    CHECK(pruned.error().args.at("reason") == "backup_refused");
    const auto all = backups.list(office.target, {});
    REQUIRE(all);
    CHECK(all->size() == (second ? 4 : 3));
    REQUIRE(backups.verify(office.target, true));
}

TEST_CASE("a repository behind WebDAV, by rclone", "[backup][rclone]") {
    Office office;
    const int port = test::free_port();
    Server server("rclone serve webdav --user u --pass secret --addr " + at(port) + " " +
                      office.dir.path("dav") + " 2> /dev/null",
                  port);
    const auto obscured = test::shell("rclone obscure secret");
    REQUIRE(obscured.status == 0);
    const auto settings = office.dir.path("rclone.conf");
    const auto write_settings = [&](const std::string& password) {
        return write_whole(
            settings, "[dav]\ntype = webdav\nvendor = other\nuser = u\nurl = http://" + at(port) +
                          "\npass = " + password + "\n");
    };
    REQUIRE(write_settings(obscured.text));
    office.target.target = "rclone:dav:kontor";
    office.target.options["rclone.args"] =
        "serve restic --stdio --b2-hard-delete --retries 1 --config " + settings;
    const auto backups = office.backups();
    REQUIRE(backups.create(office.target));
    REQUIRE(backups.run(office.target, office.loaded, {}));
    office.sql("UPDATE contact SET phone = '1'");
    REQUIRE(backups.run(office.target, office.loaded, {}));
    CHECK(backups.drill(office.target, "")->error.empty());
    const auto machine = office.dir.path("new-machine");
    REQUIRE(office.restore_to(machine));
    CHECK(test::count_in(machine + "/replica.db",
                         "SELECT count(*) FROM contact WHERE phone = '1'") == 300);
}

}  // namespace kontor::backup
