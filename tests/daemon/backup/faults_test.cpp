// What goes wrong with the real restic: each time a clear error, an untouched replica, and a last
// good backup that still is one.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "sync/backup/file.hpp"
#include "tests/daemon/backup/office.hpp"

namespace kontor::backup {

using test::Office;
namespace fs = std::filesystem;

namespace {

/// An office with one proven backup, and a change since.
struct Backed : Office {
    explicit Backed(const std::string& repository = {}) {
        if (!repository.empty()) target.target = repository;
        const auto made = backups();
        REQUIRE(made.create(target));
        REQUIRE(made.run(target, loaded, {}));
        REQUIRE(made.drill(target, "")->error.empty());
        sql("WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<2000)"
            " INSERT INTO lead(last_name,email) SELECT hex(randomblob(200)), i FROM n");
    }

    /// The files with the data, largest first.
    [[nodiscard]] std::vector<fs::path> packs() const {
        std::vector<fs::path> out;
        for (const auto& file : fs::recursive_directory_iterator(target.target + "/data"))
            if (file.is_regular_file()) out.push_back(file.path());
        std::sort(out.begin(), out.end(), [](const fs::path& a, const fs::path& b) {
            return fs::file_size(a) > fs::file_size(b);
        });
        return out;
    }

    void check_reason(const Error& error, const std::string& reason) const {
        INFO(error.message);
        const auto found = error.args.find("reason");
        REQUIRE(found != error.args.end());
        CHECK(found->second == reason);
    }
    void check_untouched() {
        program = "restic";
        CHECK(count("SELECT count(*) FROM contact") == 300);
        CHECK(count("SELECT count(*) FROM lead") == 2'000);
        const auto made = backups();
        REQUIRE(made.run(target, loaded, {}));
        const auto verified = made.verify(target, true);
        INFO((verified ? std::string() : verified.error().message));
        REQUIRE(verified);
        const auto drill = made.drill(target, "");
        REQUIRE(drill);
        CHECK(drill->error.empty());
    }
};

}  // namespace

TEST_CASE("a wrong passphrase is said", "[backup][faults]") {
    Backed office;
    office.secrets.text = "wrong";
    const auto failed = office.backups().run(office.target, office.loaded, {});
    REQUIRE_FALSE(failed);
    office.check_reason(failed.error(), "backup_passphrase");
    CHECK(failed.error().code == Errc::kUnauthenticated);
    // The failure is noted, and the good one is not forgotten for it.
    const auto ledger = office.backups().ledger(office.target);
    REQUIRE(ledger->last_run);
    CHECK_FALSE(ledger->last_run->error.empty());
    CHECK(ledger->last_good_run);
    const auto gone = office.restore_to(office.dir.path("new-machine"));
    REQUIRE_FALSE(gone);
    office.check_reason(gone.error(), "backup_passphrase");
    CHECK_FALSE(fs::exists(office.dir.path("new-machine") + "/replica.db"));
}

TEST_CASE("a place without a repository gets none by itself", "[backup][faults]") {
    Office office;  // as when the disk is not mounted
    const auto failed = office.backups().run(office.target, office.loaded, {});
    REQUIRE_FALSE(failed);
    CHECK(failed.error().args.at("reason") == "backup_no_repository");
    CHECK_FALSE(fs::exists(office.target.target));
    office.program = "/no/such/restic";
    CHECK(office.backups().create(office.target).error().args.at("reason") == "backup_program");
}

TEST_CASE("a damaged pack fails the drill, not the replica", "[backup][faults]") {
    Backed office;
    const auto pack = office.packs().front();
    fs::permissions(pack, fs::perms::owner_all);
    std::fstream file(pack, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(1'000);
    file.put('x');
    file.put('y');
    file.close();
    const auto drill = office.backups().drill(office.target, "");
    REQUIRE(drill);
    CHECK_FALSE(drill->error.empty());
    CHECK_FALSE(office.backups().ledger(office.target)->proven(drill->snapshot));
    const auto verified = office.backups().verify(office.target, true);
    REQUIRE_FALSE(verified);
    office.check_reason(verified.error(), "backup_damaged");
    REQUIRE_FALSE(office.restore_to(office.state));
    CHECK(office.count("SELECT count(*) FROM lead") == 2'000);
}

// By its structure alone: restic tries for most of a minute to read what is not there.
TEST_CASE("a missing pack is found without reading the data", "[backup][faults]") {
    Backed office;
    fs::remove(office.packs().front());
    const auto verified = office.backups().verify(office.target, false);
    REQUIRE_FALSE(verified);
    office.check_reason(verified.error(), "backup_damaged");
}

TEST_CASE("a full target is said, and what is there stays good", "[backup][faults]") {
    const replica::test::TempDir dir;
    const auto disk = dir.path("disk");
    fs::create_directories(disk);
    if (test::shell("mount -t tmpfs -o size=1m none " + disk).status != 0) {
        WARN("not tested: a disk that is full wants root, to mount a small one");
        return;
    }
    {
        Backed office(disk + "/repository");
        office.sql("UPDATE lead SET email = hex(randomblob(1000))");
        const auto failed = office.backups().run(office.target, office.loaded, {});
        REQUIRE_FALSE(failed);
        office.check_reason(failed.error(), "backup_full");
        REQUIRE(test::shell("mount -o remount,size=64m " + disk).status == 0);
        office.check_untouched();
    }
    CHECK(test::shell("umount " + disk).status == 0);
}

TEST_CASE("a run that is killed leaves nothing to repair", "[backup][faults]") {
    Backed office;
    office.wrap(
        "if [[ \" $* \" == *' backup '* ]]; then restic --limit-upload=100 \"$@\" & pid=$!;"
        " until compgen -G '" +
        office.target.target +
        "/locks/*' > /dev/null; do sleep 0.05; done; sleep 0.3; kill -9 $pid; wait $pid; exit 137; "
        "fi;"
        " exec restic \"$@\"");
    const auto failed = office.backups().run(office.target, office.loaded, {});
    REQUIRE_FALSE(failed);
    // Its lock is still there, and of a process that is not.
    CHECK_FALSE(fs::is_empty(office.target.target + "/locks"));
    office.check_untouched();
}

TEST_CASE("the space of what a killed prune has forgotten is freed by the next",
          "[backup][faults]") {
    constexpr std::size_t kLarge = 3'000'000;
    Office office;
    const auto stored_bytes = [&] {
        std::uintmax_t out = 0;
        for (const auto& file : fs::recursive_directory_iterator(office.target.target + "/data"))
            if (file.is_regular_file()) out += file.file_size();
        return out;
    };
    const auto prune = [&] {
        const auto made = office.backups();
        return made.prune(office.target, *made.ledger(office.target), false);
    };
    REQUIRE(office.backups().create(office.target));
    std::string noise(kLarge, ' ');  // that cannot be compressed
    for (auto& c : noise) c = static_cast<char>(office.random.next());
    REQUIRE(write_whole(office.loaded.files.front(), noise));
    REQUIRE(office.backups().run(office.target, office.loaded, {}));
    REQUIRE(write_whole(office.loaded.files.front(), "# of the office\n"));
    REQUIRE(office.backups().run(office.target, office.loaded, {}));
    office.target.keep.last = 1;
    office.wrap(
        "if [[ \" $* \" == *' --prune '* ]]; then restic \"${@/--prune/--quiet}\"; exit 137; fi;"
        " exec restic \"$@\"");
    REQUIRE_FALSE(prune());
    CHECK(stored_bytes() > kLarge);
    // Nothing is left to be dropped; where nothing is to be dropped at all, nothing is done.
    const auto pruned = office.dir.path("pruned");
    office.wrap("if [[ \" $* \" == *' prune '* ]]; then touch " + pruned +
                "; fi; exec restic \"$@\"");
    office.target.keep = {};
    CHECK(prune()->empty());
    CHECK_FALSE(fs::exists(pruned));
    office.target.keep.last = 1;
    CHECK(prune()->empty());
    CHECK(stored_bytes() < kLarge);
    CHECK(fs::remove(pruned));
    CHECK(prune()->empty());
    CHECK_FALSE(fs::exists(pruned));
}

TEST_CASE("a lock that another machine left is said, with whose it is", "[backup][faults]") {
    Backed office;
    const auto locks = office.target.target + "/locks";
    // Checks alone, slowly, and is killed meanwhile.
    const auto left = test::shell(
        "unshare --uts bash -c 'hostname other-laptop && { RESTIC_PASSWORD=\"correct horse\" restic"
        " --no-cache --limit-download=10 -r " +
        office.target.target + " check --read-data > /dev/null 2>&1 & }; pid=$!; until ls " +
        locks +
        " | grep -qv tmp; do kill -0 $pid || exit 1; sleep 0.02; done; sleep 0.3;"
        " kill -9 $pid'");
    if (left.text.find("unshare failed") != std::string::npos) {
        WARN("not tested: a name of another machine wants root");
        return;
    }
    REQUIRE(left.status == 0);
    REQUIRE_FALSE(fs::is_empty(locks));
    const auto failed = office.backups().run(office.target, office.loaded, {});
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == Errc::kBusy);
    office.check_reason(failed.error(), "backup_locked");
    CHECK(failed.error().args.at("said").find(" on other-laptop by ") != std::string::npos);
    CHECK(failed.error().args.at("said").find("created at 20") != std::string::npos);
    // Nobody here can know that it is dead, so it stays until it is old.
    CHECK_FALSE(fs::is_empty(locks));
    REQUIRE(test::shell("RESTIC_PASSWORD='correct horse' restic -q --no-cache -r " +
                        office.target.target + " unlock --remove-all")
                .status == 0);
    office.check_untouched();
}

TEST_CASE("a lock that went while restic wanted to read it holds nothing up", "[backup][faults]") {
    Office office;
    REQUIRE(office.backups().create(office.target));
    office.wrap("if [[ \" $* \" == *' backup '* ]] && mkdir " + office.dir.path("once") +
                "; then echo 'Load(<lock/745c101313>, 0, 0) returned error, retrying after 7.6s: "
                "The specified key does not exist.' >&2; exit 1; fi; exec restic \"$@\"");
    CHECK(office.backups().run(office.target, office.loaded, {}));
    CHECK(fs::exists(office.dir.path("once")));
}

TEST_CASE("what restic says may be odd: that is told, and ends nothing else", "[backup][faults]") {
    Backed office;
    office.wrap(
        "[[ \" $* \" != *' backup '* ]] || echo '{\"message_type\":5}'; exec restic \"$@\"");
    const auto odd = office.backups().run(office.target, office.loaded, {});
    REQUIRE_FALSE(odd);
    CHECK(odd.error().code == Errc::kProtocol);
    CHECK(odd.error().message == "restic's answer cannot be read: {\"message_type\":5}");
    // Names of files need not be UTF-8.
    office.wrap("printf 'Fatal: caf\\xe9 is odd\\n' >&2; exit 1");
    const auto failed = office.backups().run(office.target, office.loaded, {});
    REQUIRE_FALSE(failed);
    office.check_reason(failed.error(), "backup_failed");
    const auto ledger = office.backups().ledger(office.target);
    REQUIRE(ledger->last_run);
    CHECK(ledger->last_run->error == "restic ended with 1: Fatal: caf\xef\xbf\xbd is odd");
    office.check_untouched();
}

TEST_CASE("Ctrl-C ends a run at once", "[backup][faults]") {
    Backed office;
    office.wrap("exec restic --limit-upload=20 \"$@\"");
    office.cancel = true;
    const auto failed = office.backups().run(office.target, office.loaded, {});
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == Errc::kCancelled);
    office.cancel = false;
    office.check_untouched();
}

}  // namespace kontor::backup
