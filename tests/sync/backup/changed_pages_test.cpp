// An increment that does not read the whole must still hold each page that has changed. Whatever
// happens in between, what it says of the content is compared with the whole, read page by page.
#include "sync/backup/changed_pages.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "sync/backup/file.hpp"
#include "sync/backup/image.hpp"
#include "sync/backup/page_hashes.hpp"
#include "tests/sync/backup/kept.hpp"

namespace kontor::backup {

using replica::Access;
using replica::Database;
using test::Kept;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

std::string content_of(const Database& db) {
    PageHashes hashes;
    const auto size = read_image(db, [&](std::uint32_t page, std::string_view bytes) -> Result<> {
        hashes.put(page, bytes);
        return {};
    });
    REQUIRE(size);
    hashes.resize(size->pages);
    return hashes.content();
}

/// As kontord does it: it is there all the time, looks after writes, and writes the log back.
struct Followed : Kept {
    Database writer = replica.open(Access::kLocal);
    Database reader = replica.open(Access::kReadOnly);

    explicit Followed(int records = 5'000) {
        contacts(1, records);
        writes_back_all();
        REQUIRE(checked().whole);
    }
    /// Adds a point, and compares it with the replica.
    Extended checked() {
        const auto out = extend();
        REQUIRE(out);
        CHECK(out->pages_missed == 0);
        const auto db = replica.open(Access::kReadOnly);
        CHECK(out->manifest.content == content_of(db));
        CHECK(out->manifest.records == count_records(db).value());
        return *out;
    }
    void edit(int id, const std::string& phone = "1") const {
        replica.run("UPDATE contact SET phone = '" + phone + "' WHERE id = " + std::to_string(id));
    }
    void writes_back() const { REQUIRE(changes().write_back(writer, reader)); }
    void writes_back_all() const {
        writes_back();
        checkpoint(writer, SQLITE_CHECKPOINT_TRUNCATE);
    }
    static void checkpoint(const Database& db, int mode) {
        sqlite3_wal_checkpoint_v2(db.raw(), nullptr, mode, nullptr, nullptr);
    }
    /// Another program, which knows nothing of what is noted.
    void others(const std::string& sql) const {
        int status = -1;
        INFO(replica.sqlite3(".timeout 5000\n" + sql, &status));
        REQUIRE(status == 0);
    }
};

}  // namespace

TEST_CASE("an increment reads the pages that were written, and no others",
          "[backup][changed_pages]") {
    Followed kept(20'000);
    kept.edit(10'000);
    kept.changes().look();
    const auto one = kept.checked();
    CHECK_FALSE(one.whole);
    CHECK(one.pages_changed > 0);
    CHECK(one.pages_read < 40);
    CHECK(one.manifest.size.pages > 400);
    CHECK(kept.at_point(std::nullopt, "SELECT count(phone) FROM contact") == 1);

    SECTION("nothing written, nothing read") {
        const auto none = kept.checked();
        CHECK_FALSE(none.whole);
        CHECK(none.pages_read == 0);
        CHECK(none.pages_changed == 0);
        CHECK(none.manifest.point == one.manifest.point);
    }
    SECTION("by another program as well, without a look in between") {
        kept.others("UPDATE contact SET phone='2' WHERE id IN (1, 19999)");
        CHECK_FALSE(kept.checked().whole);
        CHECK(kept.at_point(std::nullopt, "SELECT count(phone) FROM contact") == 3);
    }
    SECTION("whatever SQL made and removed records") {
        kept.others(
            "DELETE FROM contact WHERE id IN (5, 6, 7);"
            "INSERT INTO contact(id, last_name) VALUES (6, 'back'), (90000, 'new');"
            "INSERT OR REPLACE INTO contact(id, last_name) VALUES (8, 'replaced'), (90001, 'new');"
            "PRAGMA recursive_triggers=1;"
            "INSERT OR REPLACE INTO contact(id, last_name) VALUES (9, 'replaced'), (90002, 'new');"
            "INSERT INTO contact(id, last_name) VALUES (10, 'there')"
            " ON CONFLICT(id) DO UPDATE SET last_name = 'updated';"
            "INSERT OR IGNORE INTO contact(id, last_name) VALUES (11, 'there');"
            "INSERT INTO account(name) VALUES ('one'), ('two')");
        const auto next = kept.checked();
        CHECK_FALSE(next.whole);
        CHECK(next.manifest.records.at("contact") == 20'001);
        CHECK(next.manifest.records.at("account") == 2);
    }
    SECTION("where entries of the history are gone, nobody knows how many records there are") {
        kept.others("DELETE FROM kontor_history WHERE seq > 10");
        const auto next = kept.extend();
        REQUIRE(next);
        CHECK_FALSE(next->whole);
        CHECK(next->manifest.records.empty());
    }
    SECTION("after the log was written back and emptied") {
        kept.edit(1);
        kept.writes_back_all();
        kept.edit(2);
        CHECK_FALSE(kept.checked().whole);
        kept.writes_back_all();
        CHECK_FALSE(kept.checked().whole);
    }
    SECTION("again and again, while the log begins anew") {
        for (int i = 1; i < 20; ++i) {
            kept.edit(i, std::to_string(i));
            kept.changes().look();
            kept.writes_back();
            kept.edit(i + 1);  // the log begins anew
            kept.changes().look();
            if (i % 5 == 0) CHECK_FALSE(kept.checked().whole);
        }
    }
    SECTION("also if the last run failed") {
        kept.edit(1);
        // A snapshot of which no point is made.
        const auto db = kept.replica.open(Access::kReadOnly);
        REQUIRE(kept.changes().begin(db, one.manifest.content, "failed"));
        kept.edit(2);
        const auto next = kept.checked();
        CHECK_FALSE(next.whole);
        CHECK(kept.at_point(std::nullopt, "SELECT count(phone) FROM contact") == 3);
    }
}

TEST_CASE("what is written while a point is made belongs to the next", "[backup][changed_pages]") {
    Followed kept;
    const auto db = kept.replica.open(Access::kReadOnly);
    auto moment = kept.changes().begin(db, kept.checked().manifest.content, "t");
    REQUIRE(moment);
    REQUIRE(moment->in_file);
    const auto before = content_of(kept.replica.open(Access::kReadOnly));
    kept.edit(7);
    kept.writes_back();  // as far as the snapshot allows
    // The file still holds the moment.
    PageHashes hashes;
    const auto size = read_pages(
        db, [](std::uint32_t) { return true; },
        [&](std::uint32_t page, std::string_view bytes) -> Result<> {
            hashes.put(page, bytes);
            return {};
        });
    REQUIRE(size);
    CHECK(hashes.content() == before);
}

TEST_CASE("what nobody can prove to be complete is read as a whole", "[backup][changed_pages]") {
    Followed kept;
    kept.edit(1);
    kept.changes().look();

    std::string why;
    SECTION("the log began anew twice unseen") {
        why = "the log began anew twice unseen";
        kept.others("UPDATE contact SET phone='2' WHERE id=2; PRAGMA wal_checkpoint(RESTART)");
        kept.others("UPDATE contact SET phone='2' WHERE id=3; PRAGMA wal_checkpoint(RESTART)");
        kept.others("UPDATE contact SET phone='2' WHERE id=4");
    }
    SECTION("another program has emptied the log after a write") {
        why = "another program has emptied the log after a write";
        kept.others("UPDATE contact SET phone='2' WHERE id=2; PRAGMA wal_checkpoint(TRUNCATE)");
    }
    SECTION("it was written without a log") {
        why = "it was written without a log";
        kept.writes_back_all();
        // Nobody else may have it open.
        { const Database closed[] = {std::move(kept.reader), std::move(kept.writer)}; }
        kept.replica.while_closed([&] {
            kept.others(
                "PRAGMA journal_mode=DELETE; UPDATE contact SET phone='2' WHERE id=2;"
                "PRAGMA journal_mode=WAL");
        });
        kept.writer = kept.replica.open(Access::kLocal);
        kept.reader = kept.replica.open(Access::kReadOnly);
    }
    SECTION("the machine was restarted") {
        why = "the machine was restarted";
        const auto file = kept.files().changed;
        auto notes = nlohmann::json::parse(read_whole(file).value());
        notes["boot"] = "another";
        REQUIRE(write_whole(file, notes.dump()));
    }
    SECTION("the notes are gone, or damaged") {
        why = "the notes are gone, or damaged";
        REQUIRE(write_whole(kept.files().changed, "{\"boot\":"));
    }
    SECTION("somebody writes for so long that the backup does not wait") {
        why = "somebody writes for so long that the backup does not wait";
        const auto other = kept.replica.open(Access::kLocal);
        auto held = replica::Transaction::begin(other);
        REQUIRE(held);
        CHECK(kept.checked().whole);
        held->rollback();
        return;
    }
    SECTION("nobody has looked at the whole for a day") {
        kept.now = "2026-03-02T10:00:00.000Z";
        const auto whole = kept.checked();
        CHECK(whole.whole);
        CHECK_FALSE(whole.manifest.records.empty());
        CHECK_FALSE(kept.checked().whole);
        return;
    }
    SECTION("the clock was set back") {
        kept.now = "2026-02-28T10:00:00.000Z";
    }
    INFO(why);
    CHECK(kept.checked().whole);
    CHECK(kept.at_point(std::nullopt, "SELECT count(phone) FROM contact") ==
          kept.replica.db().scalar("SELECT count(phone) FROM contact").value());
    // From there on it is known again.
    kept.edit(5);
    kept.changes().look();
    CHECK_FALSE(kept.checked().whole);
}

TEST_CASE("times that prove nothing are not believed", "[backup][changed_pages]") {
    Followed kept;
    kept.edit(2);
    kept.changes().look();
    // A file written in the future: a later write may have an earlier time.
    const timespec future[] = {{4'000'000'000, 1}, {4'000'000'000, 1}};
    REQUIRE(::utimensat(AT_FDCWD, kept.replica.path().c_str(), future, 0) == 0);
    kept.edit(1);
    kept.changes().look();
    SECTION("the log that goes on does prove") {
        CHECK_FALSE(kept.checked().whole);
    }
    SECTION("the log that began anew does not") {
        Followed::checkpoint(kept.writer, SQLITE_CHECKPOINT_TRUNCATE);
        REQUIRE(::utimensat(AT_FDCWD, kept.replica.path().c_str(), future, 0) == 0);
        CHECK(kept.checked().whole);
    }
}

TEST_CASE("another file in the replica's place is read as a whole", "[backup][changed_pages]") {
    Followed kept;
    kept.writes_back_all();
    const auto copy = kept.dir.path("copy.db");
    fs::copy_file(kept.replica.path(), copy);
    kept.edit(1);
    CHECK_FALSE(kept.checked().whole);
    kept.writes_back_all();
    { const Database closed[] = {std::move(kept.reader), std::move(kept.writer)}; }
    // As a restore does it.
    fs::remove(kept.replica.path() + "-wal");
    fs::remove(kept.replica.path() + "-shm");
    fs::rename(copy, kept.replica.path());
    const auto now = Database::open(kept.replica.path(), {.access = Access::kReadOnly});
    REQUIRE(now);
    const auto point = extend_chain(kept.files(), *now, {kept.now, "1.0", std::string(32, 'a')});
    REQUIRE(point);
    CHECK(point->whole);
    CHECK(kept.at_point(std::nullopt, "SELECT count(phone) FROM contact") == 0);
}

TEST_CASE("a process that is killed while it writes makes nothing be missed",
          "[backup][changed_pages]") {
    Followed kept;
    for (int round = 0; round < 4; ++round) {
        const auto child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            const auto db = Database::open(kept.replica.path(), {.access = Access::kLocal});
            const ChangedPages changes(kept.replica.path(), kept.files().changed);
            for (int i = 1; db; i = i % 5'000 + 1) {
                static_cast<void>(db->execute("UPDATE contact SET phone = random() WHERE id = " +
                                              std::to_string(i)));
                if (i % 3 == 0) changes.look();
                if (i % 50 == 0) Followed::checkpoint(*db, SQLITE_CHECKPOINT_PASSIVE);
            }
            ::_exit(1);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(30 + 7 * round));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        kept.checked();
    }
}

TEST_CASE("a look waits for nobody", "[backup][changed_pages]") {
    Followed kept;
    kept.edit(1);
    const int other = ::open((kept.files().changed + ".lock").c_str(), O_RDWR | O_CLOEXEC);
    REQUIRE(other >= 0);
    REQUIRE(::flock(other, LOCK_EX) == 0);  // as a backup that begins
    kept.changes().look();
    kept.writes_back();
    kept.edit(2);
    ::close(other);
    kept.checked();  // whatever of it is known: nothing is missed
    CHECK(kept.at_point(std::nullopt, "SELECT count(phone) FROM contact") == 2);
}

TEST_CASE("a commit that SQLite does not know is none", "[backup][changed_pages]") {
    // As a writer leaves it that is killed after its frames are in the log and before the others
    // are told of them. They are made in a copy, whose log goes on as this one's would.
    Followed kept;
    kept.edit(1);
    const auto wal = kept.replica.path() + "-wal";
    const auto copy = kept.dir.path("copy.db");
    fs::copy_file(kept.replica.path(), copy);
    fs::copy_file(wal, copy + "-wal");
    const auto known = fs::file_size(wal);
    std::string unknown;
    {
        const auto db = Database::open(copy, {.access = Access::kLocal});
        REQUIRE(db);
        REQUIRE(db->execute("UPDATE contact SET phone = '9' WHERE id BETWEEN 2000 AND 4000"));
        unknown = read_whole(copy + "-wal").value().substr(known);
    }
    REQUIRE(unknown.size() > 10 * 4096);
    {
        std::ofstream log(wal, std::ios::app | std::ios::binary);
        log << unknown;
    }
    kept.changes().look();
    SECTION("it may become one by a recovery") {
        CHECK(kept.checked().whole);
    }
    SECTION("the next one overwrites a part of it") {
        kept.edit(3);
        REQUIRE(fs::file_size(wal) == known + unknown.size());
        CHECK(kept.checked().whole);
    }
    CHECK(kept.at_point(std::nullopt, "SELECT count(phone) FROM contact") ==
          kept.replica.db().scalar("SELECT count(phone) FROM contact").value());
}

TEST_CASE("a page that changed behind SQLite's back is found, and no notes are trusted any more",
          "[backup][changed_pages]") {
    Followed kept;
    kept.replica.run("CREATE TABLE spare(x); INSERT INTO spare VALUES(zeroblob(40000));");
    kept.replica.run("DROP TABLE spare");  // pages whose content is nobody's
    kept.writes_back_all();
    REQUIRE_FALSE(kept.extend()->whole);
    const auto free_page = kept.replica.db().scalar("PRAGMA page_count").value();
    // While the log goes on, nobody asks when the file was written.
    kept.edit(1);
    kept.changes().look();
    {
        std::fstream file(kept.replica.path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp((free_page - 1) * 4096 + 100);
        file << "x";
    }
    CHECK_FALSE(kept.extend()->whole);
    kept.now = "2026-03-02T10:00:00.000Z";
    const auto whole = kept.extend();
    REQUIRE(whole);
    CHECK(whole->whole);
    CHECK(whole->pages_missed == 1);
    CHECK(whole->manifest.content == content_of(kept.replica.open(Access::kReadOnly)));
    CHECK(kept.checked().whole);
    CHECK(kept.checked().whole);
}

TEST_CASE("nothing is missed while others write, look and write back", "[backup][changed_pages]") {
    Followed kept;
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    threads.emplace_back([&] {
        const auto db = kept.replica.open(Access::kLocal);
        for (int i = 1; !stop; i = i % 5'000 + 1) {
            static_cast<void>(
                db.execute("UPDATE contact SET phone = random() WHERE id = " + std::to_string(i)));
            std::this_thread::sleep_for(1ms);
        }
    });
    threads.emplace_back([&] {
        for (; !stop; std::this_thread::sleep_for(1ms)) kept.changes().look();
    });
    threads.emplace_back([&] {
        const auto one = kept.replica.open(Access::kLocal);
        const auto two = kept.replica.open(Access::kReadOnly);
        for (; !stop; std::this_thread::sleep_for(1ms)) {
            static_cast<void>(kept.changes().write_back(one, two));
            Followed::checkpoint(one, SQLITE_CHECKPOINT_TRUNCATE);
        }
    });
    for (int i = 0; i < 8; ++i) {
        REQUIRE(kept.extend());
        // Each point says the content that it was made from.
        CHECK(kept.at_point(std::nullopt, "SELECT count(*) FROM contact") == 5'000);
    }
    stop = true;
    for (auto& thread : threads) thread.join();
    // Read as a whole once more: what the last point says is compared page by page.
    kept.now = "2026-03-02T10:00:00.000Z";
    CHECK(kept.checked().whole);
}

TEST_CASE("whatever happens between two backups, no page is missed", "[backup][changed_pages]") {
    const char* wanted = std::getenv("KONTOR_SEEDS");
    const int seeds = wanted != nullptr ? std::atoi(wanted) : 4;
    int in_part = 0;
    for (int seed = 0; seed < seeds; ++seed) {
        std::mt19937 dice(static_cast<unsigned>(seed));
        const auto roll = [&](int sides) { return static_cast<int>(dice() % sides); };
        Followed kept(800);
        std::string story;
        for (int step = 0; step < 40; ++step) {
            const int what = roll(15);
            story += " " + std::to_string(what);
            INFO("seed " << seed << ":" << story);
            const auto id = std::to_string(roll(800) + 1);
            switch (what) {
                case 0:
                case 1:
                    kept.edit(roll(800) + 1, std::to_string(step));
                    break;
                case 2:
                    kept.others("UPDATE contact SET email=random() WHERE id=" + id);
                    break;
                case 3:
                    kept.others("PRAGMA wal_checkpoint(PASSIVE)");
                    break;
                case 4:
                    kept.others("PRAGMA wal_checkpoint(TRUNCATE)");
                    break;
                case 5:
                    kept.writes_back();
                    break;
                case 6:
                    kept.writes_back_all();
                    break;
                case 7:
                    kept.replica.run("DELETE FROM contact WHERE id > 700");
                    break;
                case 8:
                    kept.contacts(10'000 * (step + 1), 10'000 * (step + 1) + roll(300));
                    break;
                case 9:
                    if (roll(3) == 0) kept.others("VACUUM");
                    break;
                case 10:  // a table comes and goes: pages that are written nowhere
                    kept.replica.run(
                        "CREATE TABLE spare(x);"
                        "INSERT INTO spare VALUES(zeroblob(50000)); DROP TABLE spare");
                    break;
                case 11:
                case 12:
                    kept.changes().look();
                    break;
                case 13: {
                    // Two writes between which the log may begin anew.
                    kept.edit(roll(800) + 1, "a");
                    Followed::checkpoint(kept.writer, SQLITE_CHECKPOINT_PASSIVE);
                    kept.edit(roll(800) + 1, "b");
                    break;
                }
                default:
                    if (!kept.checked().whole) ++in_part;
            }
        }
        if (!kept.checked().whole) ++in_part;
    }
    CHECK(in_part > seeds / 2);  // else nothing was tested
}

}  // namespace kontor::backup
