// A backup is worth what can be restored from it: each test restores.
#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "daemon/messages/messages.hpp"
#include "sync/backup/chain.hpp"
#include "sync/backup/file.hpp"
#include "tests/daemon/backup/office.hpp"

namespace kontor::backup {

using test::count_in;
using test::Office;
namespace fs = std::filesystem;

TEST_CASE("a lost machine is back from the repository and the passphrase", "[backup]") {
    Office office;
    const auto backups = office.backups();
    REQUIRE(backups.create(office.target));
    const auto first = backups.run(office.target, office.loaded, {});
    REQUIRE(first);
    const auto drill = backups.drill(office.target, "");
    REQUIRE(drill);
    CHECK(drill->error.empty());
    CHECK(drill->snapshot == first->snapshot);
    CHECK(drill->bytes > 0);

    office.sql("UPDATE contact SET phone = '1' WHERE id = 7; DELETE FROM contact WHERE id = 8");
    const auto second = backups.run(office.target, office.loaded, {});
    REQUIRE(second);
    CHECK(second->bytes_added < 64 * 1024);

    const auto ledger = backups.ledger(office.target);
    REQUIRE(ledger);
    const auto all = backups.list(office.target, *ledger);
    REQUIRE(all);
    REQUIRE(all->size() == 2);
    CHECK(ledger->proven(all->at(0).snapshot.id));
    CHECK_FALSE(ledger->proven(all->at(1).snapshot.id));
    CHECK_FALSE(fs::exists(office.state + "/backup/drill-office"));

    const auto machine = office.dir.path("new-machine");
    const auto restored = office.restore_to(machine);
    REQUIRE(restored);
    CHECK(restored->set_aside.empty());
    CHECK(restored->epoch == 2);
    const auto db = machine + "/replica.db";
    CHECK(count_in(db, "SELECT count(*) FROM contact") == 299);
    CHECK(count_in(db, "SELECT phone = '1' FROM contact WHERE id = 7") == 1);
    CHECK(count_in(db, "SELECT value FROM kontor_meta WHERE key = 'epoch'") == 2);
    CHECK(read_whole(machine + "/etc/kontor.toml").value() == "# of the office\n");
    CHECK_FALSE(fs::exists(machine + "/backup/restore"));

    // As it was at a moment between the two.
    const auto between = parse_instant(first->shows);
    REQUIRE(office.restore_to(machine, between));
    CHECK(count_in(db, "SELECT count(*) FROM contact") == 300);
    const auto early = office.restore_to(machine, *between - std::chrono::hours(1));
    REQUIRE_FALSE(early);
    CHECK(early.error().args.at("reason") == "backup_too_early");
    CHECK(count_in(db, "SELECT count(*) FROM contact") == 300);
}

TEST_CASE("a drill counts the records of a backup for which not all was read", "[backup]") {
    Office office;
    const auto backups = office.backups();
    REQUIRE(backups.create(office.target));
    REQUIRE(backups.run(office.target, office.loaded, {}));
    // While somebody has it open, its log is not removed.
    const auto db =
        replica::Database::open(office.state + "/replica.db", {.access = replica::Access::kEngine});
    REQUIRE(db);
    const auto restored_records = [&] {
        REQUIRE(backups.run(office.target, office.loaded, {}));
        const auto tree = points_of(office.state + "/backup/tree/replica");
        REQUIRE(tree);
        return tree->back().records.at("contact");
    };
    office.sql("DELETE FROM contact WHERE id <= 10");
    CHECK(restored_records() == 290);
    CHECK(backups.drill(office.target, "")->error.empty());

    // Triggers are off: a record that has gone without a trace. The backup is what the replica was,
    // and it is the history that is told of.
    REQUIRE(db->execute("DELETE FROM contact WHERE id = 20"));
    CHECK(restored_records() == 290);
    const auto drill = backups.drill(office.target, "");
    REQUIRE(drill);
    CHECK(drill->error.empty());
    const std::string lacking =
        "of contact there are 289 records, and by the history there should be 290";
    REQUIRE(drill->notes.size() == 1);
    CHECK(drill->notes.front().starts_with(lacking));
    CHECK(messages::localized(messages::Language::kChinese, drill->notes.front())
              .starts_with("contact 有 289 条记录，而按历史应有 290 条"));
    CHECK(backups.ledger(office.target)->last_proof()->notes == drill->notes);
    CHECK(office.restore_to(office.dir.path("elsewhere")));

    // Where all is read, all is counted, and what should be there is compared; then that is known.
    const auto read_whole_and_drill = [&] {
        fs::remove(office.state + "/backup/pages.changed");
        const auto run = backups.run(office.target, office.loaded, {});
        REQUIRE(run);
        const auto tried = backups.drill(office.target, "");
        REQUIRE(tried);
        CHECK(tried->error.empty());
        CHECK(tried->notes.empty());
        return run->notes;
    };
    const auto told = read_whole_and_drill();
    REQUIRE(told.size() == 1);
    CHECK(told.front().starts_with(lacking));
    CHECK(read_whole_and_drill().empty());
    REQUIRE(db->execute("DELETE FROM contact WHERE id = 21"));
    office.sql("INSERT INTO contact(last_name) VALUES ('x'), ('y')");
    const auto notes = read_whole_and_drill();
    REQUIRE(notes.size() == 1);
    CHECK(notes.front().starts_with(
        "of contact there are 290 records, and by the history there should be 291"));
    CHECK(backups.ledger(office.target)->last_good_run->notes == notes);
    CHECK(read_whole_and_drill().empty());
}

TEST_CASE("any moment between two backups can be restored", "[backup]") {
    Office office;
    const auto backups = office.backups();
    REQUIRE(backups.create(office.target));
    REQUIRE(backups.run(office.target, office.loaded, {}));
    std::vector<Instant> moments;
    for (const char* phone : {"1", "2", "3"}) {
        office.sql(std::string("UPDATE contact SET phone = '") + phone +
                   "' WHERE id <= 5; DELETE FROM contact WHERE id = 10 + " + phone);
        moments.push_back(office.clock.now());
        // The next one is of a later millisecond.
        while (office.clock.now() <= moments.back() + std::chrono::milliseconds(1)) {
        }
    }
    REQUIRE(backups.run(office.target, office.loaded, {}));
    const auto machine = office.dir.path("new-machine");
    const auto db = machine + "/replica.db";
    for (std::int64_t i = 0; i < 3; ++i) {
        const auto restored = office.restore_to(machine, moments[static_cast<std::size_t>(i)]);
        REQUIRE(restored);
        CHECK(restored->shows == format_instant(moments[static_cast<std::size_t>(i)]));
        CHECK(restored->records.at("contact") == 299 - i);
        CHECK(count_in(db, "SELECT count(*) FROM contact") == 299 - i);
        CHECK(count_in(db, "SELECT sum(phone) FROM contact") == 5 * (i + 1));
        CHECK(restored->epoch == 2);
    }
    // What is newer than the newest backup is not in it: it says which moment it shows.
    const auto newest = office.restore_to(machine, office.clock.now());
    REQUIRE(newest);
    CHECK(newest->shows == newest->manifest.at);
    CHECK(count_in(db, "SELECT count(*) FROM contact") == 297);
}

TEST_CASE("restic alone restores a database that any SQLite reads", "[backup]") {
    Office office;
    const auto backups = office.backups();
    REQUIRE(backups.create(office.target));
    REQUIRE(backups.run(office.target, office.loaded, {}));
    const auto to = office.dir.path("by-hand");
    const auto said =
        test::shell("RESTIC_PASSWORD='correct horse' restic --no-cache -r " + office.target.target +
                    " restore latest --target " + to + " && sqlite3 " + to +
                    "/replica/base.db 'SELECT count(*) FROM contact'");
    INFO(said.text);
    CHECK(said.status == 0);
    CHECK(said.text.ends_with("300\n"));
}

TEST_CASE("the database in use is kept when an older one takes its place", "[backup]") {
    Office office;
    const auto backups = office.backups();
    REQUIRE(backups.create(office.target));
    REQUIRE(backups.run(office.target, office.loaded, {}));
    office.sql("DELETE FROM contact");
    {
        const auto lock = app::LockFile::acquire(office.state + "/kontord.lock");
        REQUIRE(lock);
        const auto refused = office.restore_to(office.state);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::kBusy);
        CHECK(refused.error().args.at("reason") == "restore_running");
    }
    CHECK(office.count("SELECT count(*) FROM contact") == 0);
    const auto restored = office.restore_to(office.state);
    REQUIRE(restored);
    CHECK(office.count("SELECT count(*) FROM contact") == 300);
    CHECK(count_in(restored->set_aside, "SELECT count(*) FROM contact") == 0);
    // The next backup goes on from here.
    REQUIRE(backups.run(office.target, office.loaded, {}));
    const auto drill = backups.drill(office.target, "");
    REQUIRE(drill);
    CHECK(drill->error.empty());
}

TEST_CASE("two replicas in one repository are told apart", "[backup]") {
    Office office, other;
    other.target = office.target;
    REQUIRE(office.backups().create(office.target));
    REQUIRE(office.backups().run(office.target, office.loaded, {}));
    other.sql("DELETE FROM contact WHERE id > 10");
    REQUIRE(other.backups().run(other.target, other.loaded, {}));

    const auto mine = office.backups().list(office.target, {});
    REQUIRE(mine);
    REQUIRE(mine->size() == 1);
    const auto machine = office.dir.path("new-machine");
    const auto which = office.restore_to(machine);
    REQUIRE_FALSE(which);
    CHECK(which.error().args.at("reason") == "backup_several");
    REQUIRE(office.restore_to(machine, {}, mine->front().replica_id));
    CHECK(count_in(machine + "/replica.db", "SELECT count(*) FROM contact") == 300);
}

TEST_CASE("retention never drops the last backup that is proven", "[backup]") {
    Office office;
    office.target.keep.last = 1;
    const auto backups = office.backups();
    REQUIRE(backups.create(office.target));
    std::vector<std::string> ids;
    for (int i = 0; i < 3; ++i) {
        office.sql("UPDATE contact SET phone = '" + std::to_string(i) + "'");
        const auto made = backups.run(office.target, office.loaded, {});
        REQUIRE(made);
        ids.push_back(made->snapshot);
        if (i == 0) REQUIRE(backups.drill(office.target, ""));
    }
    const auto ledger = backups.ledger(office.target);
    const auto would = backups.prune(office.target, *ledger, true);
    REQUIRE(would);
    REQUIRE(would->size() == 1);
    CHECK(would->front().snapshot.id == ids[1]);
    CHECK(backups.list(office.target, *ledger)->size() == 3);

    REQUIRE(backups.prune(office.target, *ledger, false));
    const auto left = backups.list(office.target, *ledger);
    REQUIRE(left->size() == 2);
    CHECK(left->at(0).snapshot.id == ids[0]);
    CHECK(left->at(1).snapshot.id == ids[2]);
    CHECK(backups.drill(office.target, ids[0])->error.empty());

    // Without numbers nothing goes.
    office.target.keep = {};
    CHECK(backups.prune(office.target, {}, true)->empty());
}

// restic's clock, that is: Kontor's own stamps are the history's.
TEST_CASE("a backup made while the clock was wrong is not taken for the newest", "[backup]") {
    Office office;
    REQUIRE(office.backups().create(office.target));
    std::vector<std::string> ids;
    std::vector<Instant> moments;
    for (const char* clock : {"", "2099-01-01 00:00:00", "1999-01-01 00:00:00", "", ""}) {
        office.sql("UPDATE contact SET phone = '" + std::to_string(ids.size()) + "'");
        office.wrap(*clock == '\0'
                        ? "exec restic \"$@\""
                        : "case \" $* \" in *\" backup \"*) exec restic \"$@\" --time '" +
                              std::string(clock) + "';; esac; exec restic \"$@\"");
        const auto made = office.backups().run(office.target, office.loaded, {});
        REQUIRE(made);
        ids.push_back(made->snapshot);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        moments.push_back(office.clock.now());
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    office.program = "restic";
    const auto backups = office.backups();
    const auto listed = backups.list(office.target, {});
    REQUIRE(listed);
    std::vector<std::string> order;
    for (const auto& item : *listed) order.push_back(item.snapshot.id);
    CHECK(order == ids);
    CHECK(backups.drill(office.target, "")->snapshot == ids.back());

    const auto phone_then = [&](std::optional<Instant> to) {
        const auto machine = office.dir.path("machine");
        std::filesystem::remove_all(machine);
        REQUIRE(office.restore_to(machine, to));
        return count_in(machine + "/replica.db", "SELECT min(phone) FROM contact");
    };
    CHECK(phone_then(std::nullopt) == 4);
    for (std::size_t i = 0; i < moments.size(); ++i)
        CHECK(phone_then(moments[i]) == static_cast<int>(i));

    // The one from the future is not kept in place of those that follow.
    office.target.keep.last = 1;
    REQUIRE(backups.prune(office.target, *backups.ledger(office.target), false));
    const auto left = backups.list(office.target, {});
    REQUIRE(left->size() == 2);
    CHECK(left->back().snapshot.id == ids.back());
    CHECK(phone_then(std::nullopt) == 4);

    // Nor is a backup ever newer than now.
    Ledger ledger;
    RunEntry entry;
    entry.at = entry.shows = "2099-01-01T00:00:00.000Z";
    ledger.add(entry);
    CHECK(ledger.behind(office.clock.now()) == std::chrono::seconds(0));
    CHECK(ledger.behind(*parse_instant("2099-01-02T00:00:00Z")) == std::chrono::hours(24));
}

// Without the surveys' files, and what describes a CRM, a restored replica could neither ask nor
// sync; what else lies beside them may be a secret.
TEST_CASE("all that people wrote for Kontor is in a backup, and nothing that lies beside it",
          "[backup]") {
    Office office;
    const auto etc = office.dir.path("etc/");
    const auto write = [&](const std::string& path, const std::string& text) {
        fs::create_directories(fs::path(path).parent_path());
        REQUIRE(write_whole(path, text));
    };
    for (const auto* name : {"feedback.toml", "lexicon.toml", "surveys/how.toml", "rest/crm.toml",
                             "zoho.mapping.toml"})
        write(etc + name, std::string("# ") + name + "\n");
    write(etc + "link_key", "SECRET");
    write(etc + "secrets/backup.toml", "SECRET");
    write(etc + "surveys/how.toml~", "SECRET");
    config::Connection zoho;
    zoho.name = "zoho";
    zoho.mapping = etc + "zoho.mapping.toml";
    office.loaded.config.connections = {zoho};
    // The system's file and one's own have one name.
    write(office.dir.path("system/kontor.toml"), "# of the system\n");
    office.loaded.files.push_back(office.dir.path("system/kontor.toml"));

    REQUIRE(office.backups().create(office.target));
    REQUIRE(office.backups().run(office.target, office.loaded, {}));
    const auto machine = office.dir.path("new-machine");
    REQUIRE(office.restore_to(machine));
    const auto text = [&](const std::string& name) {
        return read_whole(machine + "/etc/" + name).value_or("none");
    };
    for (const auto* name : {"feedback.toml", "lexicon.toml", "surveys/how.toml", "rest/crm.toml",
                             "zoho.mapping.toml"})
        CHECK(text(name) == std::string("# ") + name + "\n");
    CHECK(text("kontor.toml") == "# of the office\n");
    CHECK(text("elsewhere" + office.dir.path("system/kontor.toml")) == "# of the system\n");
    CHECK(test::shell("grep -r SECRET " + machine + "/etc " + office.state + "/backup").status ==
          1);

    // What was taken away is in the next one no longer.
    fs::remove(etc + "surveys/how.toml");
    REQUIRE(office.backups().run(office.target, office.loaded, {}));
    fs::remove_all(machine + "/etc");
    REQUIRE(office.restore_to(machine));
    CHECK(text("surveys/how.toml") == "none");
    CHECK(text("feedback.toml") == "# feedback.toml\n");
}

}  // namespace kontor::backup
