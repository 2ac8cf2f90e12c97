#include <sys/resource.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "sync/backup/file.hpp"
#include "tests/sync/backup/kept.hpp"

namespace kontor::backup {

using replica::Access;
using test::kAt;
using test::Kept;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

/// Changes one byte of a file.
void damage(const std::string& path, std::int64_t at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const auto was = static_cast<char>(file.get());
    file.seekp(at);
    file.put(static_cast<char>(was ^ 1));
}

}  // namespace

TEST_CASE("each point holds what the replica held then", "[backup][chain]") {
    Kept kept;
    kept.contacts(1, 2'000);
    const auto base = kept.extend();
    REQUIRE(base);
    CHECK(base->new_base);
    CHECK(base->manifest.records.at("contact") == 2'000);
    CHECK(base->manifest.at == kAt);

    kept.replica.run("UPDATE contact SET phone = '1' WHERE id = 1000");
    const auto one = kept.extend();
    REQUIRE(one);
    CHECK_FALSE(one->new_base);
    CHECK(one->manifest.point == 1);
    CHECK(one->manifest.chain == base->manifest.chain);
    CHECK(one->bytes_written < 64 * 1024);
    kept.contacts(2'001, 2'100);
    REQUIRE(kept.extend());

    CHECK(kept.at_point(0, "SELECT count(phone) + count(*) FROM contact") == 2'000);
    CHECK(kept.at_point(1, "SELECT count(phone) + count(*) FROM contact") == 2'001);
    CHECK(kept.at_point(std::nullopt, "SELECT count(*) FROM contact") == 2'100);
    const auto points = points_of(kept.folder());
    REQUIRE(points);
    CHECK(points->size() == 3);
    CHECK(points->front().records.at("contact") == 2'000);
}

TEST_CASE("without a change nothing is stored", "[backup][chain]") {
    Kept kept;
    kept.contacts(1, 10);
    const auto first = kept.extend();
    const auto second = kept.extend();
    REQUIRE(second);
    CHECK(second->pages_changed == 0);
    CHECK(second->bytes_written == 0);
    CHECK(second->manifest.point == 0);
    CHECK(second->manifest.content == first->manifest.content);
}

TEST_CASE("a file that has become smaller is so again", "[backup][chain]") {
    Kept kept;
    kept.contacts(1, 5'000);
    const auto base = kept.extend();
    REQUIRE(base);
    kept.replica.run("DELETE FROM contact WHERE id > 10; DELETE FROM kontor_history; VACUUM");
    const auto less = kept.extend();
    REQUIRE(less);
    CHECK(less->manifest.size.pages < base->manifest.size.pages);
    CHECK(kept.at_point(std::nullopt, "SELECT count(*) FROM contact") == 10);
    CHECK(fs::file_size(kept.dir.path("out.db")) ==
          std::uintmax_t{less->manifest.size.pages} * less->manifest.size.page_bytes);
}

TEST_CASE("a point is of one moment though others write", "[backup][chain]") {
    Kept kept;
    kept.contacts(1, 3'000);
    REQUIRE(kept.extend());
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        const auto db = kept.replica.open(Access::kLocal);
        // Two tables move together; a torn image would show one without the other. Hundreds of
        // times while a point is made, and not so often that it has ever more to read.
        for (; !stop; std::this_thread::sleep_for(1ms)) {
            auto transaction = replica::Transaction::begin(db);
            if (!transaction) continue;
            static_cast<void>(
                db.execute("INSERT INTO lead(last_name) VALUES('x');"
                           "INSERT INTO account(name) VALUES('x')"));
            static_cast<void>(transaction->commit());
        }
    });
    for (int i = 0; i < 10; ++i) {
        REQUIRE(kept.extend());
        CHECK(kept.at_point(std::nullopt,
                            "SELECT (SELECT count(*) FROM lead)"
                            " - (SELECT count(*) FROM account)") == 0);
    }
    stop = true;
    writer.join();
}

TEST_CASE("a damaged byte or a missing delta is noticed", "[backup][chain]") {
    Kept kept;
    kept.contacts(1, 500);
    REQUIRE(kept.extend());
    kept.contacts(501, 510);
    REQUIRE(kept.extend());
    kept.contacts(511, 520);
    REQUIRE(kept.extend());
    const auto delta = kept.folder() + "/deltas/00000/00000001.pages";
    const auto out = kept.dir.path("out.db");

    SECTION("in the base") {
        damage(kept.folder() + "/base.db", 50'000);
        const auto failed = assemble(kept.folder(), std::nullopt, out);
        REQUIRE_FALSE(failed);
        CHECK(failed.error().code == Errc::kCorrupt);
        CHECK(failed.error().args.at("reason") == "backup_damaged");
        CHECK_FALSE(fs::exists(out));
    }
    SECTION("in a delta") {
        damage(delta, static_cast<std::int64_t>(fs::file_size(delta)) - 200);
        CHECK_FALSE(assemble(kept.folder(), 1, out));
    }
    SECTION("a delta that ends early") {
        fs::resize_file(delta, fs::file_size(delta) - 1);
        CHECK_FALSE(assemble(kept.folder(), std::nullopt, out));
    }
    SECTION("no delta") {
        fs::remove(delta);
        CHECK_FALSE(assemble(kept.folder(), std::nullopt, out));
        CHECK_FALSE(points_of(kept.folder()));
    }
    SECTION("an older point does not need it") {
        fs::remove(kept.folder() + "/deltas/00000/00000002.pages");
        CHECK(assemble(kept.folder(), 1, out));
    }
}

TEST_CASE("what a killed run left behind harms nothing", "[backup][chain]") {
    Kept kept;
    kept.contacts(1, 500);
    REQUIRE(kept.extend());
    kept.replica.run("UPDATE contact SET phone = '1'");
    const auto folder = kept.folder() + "/deltas/00000";

    SECTION("before the manifest was replaced") {
        const auto before = read_whole(kept.folder() + "/manifest.json").value();
        REQUIRE(kept.extend());
        REQUIRE(write_whole(kept.folder() + "/manifest.json", before));
        CHECK(kept.at_point(std::nullopt, "SELECT count(phone) FROM contact") == 0);
    }
    SECTION("in the middle of a delta") {
        fs::create_directories(folder);
        REQUIRE(write_whole(folder + "/00000001.pages", "half"));
        REQUIRE(write_whole(folder + "/00000001.pages.part", "half"));
        CHECK(kept.at_point(std::nullopt, "SELECT count(phone) FROM contact") == 0);
    }
    SECTION("in the middle of a base") {
        fs::remove(kept.folder() + "/manifest.json");
        CHECK_FALSE(points_of(kept.folder()));
    }
    REQUIRE(kept.extend());
    CHECK(kept.at_point(std::nullopt, "SELECT count(phone) FROM contact") == 500);
}

TEST_CASE("a full disk leaves the points that were there", "[backup][chain]") {
    Kept kept;
    kept.contacts(1, 500);
    REQUIRE(kept.extend());
    kept.replica.run("UPDATE contact SET phone = '1'");
    ::signal(SIGXFSZ, SIG_IGN);
    struct rlimit was {};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &was) == 0);
    struct rlimit little = was;
    little.rlim_cur = 32 * 1024;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &little) == 0);
    const auto failed = kept.extend();
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &was) == 0);

    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == Errc::kFull);
    CHECK(kept.at_point(std::nullopt, "SELECT count(phone) FROM contact") == 0);
    REQUIRE(kept.extend());
    CHECK(kept.at_point(1, "SELECT count(phone) FROM contact") == 500);
}

TEST_CASE("deltas that have grown to half of the base begin a new one", "[backup][chain]") {
    Kept kept;
    kept.contacts(1, 500);
    const auto first = kept.extend();
    REQUIRE(first);
    kept.contacts(501, 20'000);
    REQUIRE_FALSE(kept.extend()->new_base);
    const auto next = kept.extend();
    REQUIRE(next);
    CHECK(next->new_base);
    CHECK(next->manifest.chain != first->manifest.chain);
    CHECK(points_of(kept.folder())->size() == 1);
    CHECK(kept.at_point(std::nullopt, "SELECT count(*) FROM contact") == 20'000);
}

}  // namespace kontor::backup
