#include "sync/search/search_index.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "sync/base/random.hpp"
#include "sync/replica/migrations.hpp"

using namespace kontor;
using namespace std::chrono_literals;
using search::SearchIndex;
using search::SearchOptions;

namespace {

/// A replica in a folder of its own, written through its triggers as any SQL program would.
struct Fixture {
    Fixture() : replica(make_replica()) {}
    ~Fixture() { std::filesystem::remove_all(folder); }

    std::string make_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "kontor-search-XXXXXX");
        REQUIRE(mkdtemp(name.data()) != nullptr);
        return name;
    }
    replica::Database make_replica() {
        replica::OpenOptions options;
        options.create = true;
        auto db = replica::Database::open(folder + "/replica.db", options);
        REQUIRE(db);
        SeededRandom random(1);
        REQUIRE(replica::migrate(*db, random));
        return std::move(*db);
    }
    SearchIndex open() {
        auto index = SearchIndex::open(path(), replica, clock);
        if (!index) FAIL(index.error().message);
        return std::move(*index);
    }
    [[nodiscard]] std::string path() const { return folder + "/search.db"; }

    void sql(const std::string& text) {
        const auto done = replica.execute(text);
        if (!done) FAIL(done.error().message);
    }
    std::int64_t contact(const std::string& last, const std::string& first = "",
                         const std::string& more = "") {
        auto insert = replica.prepare(
            "INSERT INTO contact(last_name, first_name, description) VALUES(?1, ?2, ?3)");
        REQUIRE(insert);
        insert->bind(1, last);
        insert->bind(2, first);
        insert->bind(3, more);
        REQUIRE(insert->run());
        return replica.last_insert_id();
    }

    std::string folder = make_folder();
    SystemClock clock;
    replica::Database replica;
};

void update(SearchIndex& index) {
    for (;;) {
        const auto done = index.update(10s);
        if (!done) FAIL(done.error().message);
        if (done->complete) return;
    }
}

std::vector<std::int64_t> ids(SearchIndex& index, std::string_view text,
                              const SearchOptions& options = {}) {
    const auto hits = index.search(text, options);
    if (!hits) FAIL(hits.error().message);
    std::vector<std::int64_t> out;
    for (const auto& hit : *hits) out.push_back(hit.record);
    return out;
}

using Ids = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("Chinese, mixed and English words find contacts", "[search]") {
    Fixture f;
    const auto wei = f.contact("张", "伟", "Acme 公司采购");
    const auto ming = f.contact("张伟明", "", "Other company");
    const auto ada = f.contact("Byron", "Ada", "Café owner, 中关村");
    auto index = f.open();
    update(index);

    CHECK(ids(index, "张伟") == Ids{wei, ming});  // the whole name first
    CHECK(ids(index, "張偉") == Ids{wei, ming});
    CHECK(ids(index, "张伟 Acme") == Ids{wei});
    CHECK(ids(index, "张伟acme") == Ids{wei});
    CHECK(ids(index, "ＡＣＭＥ") == Ids{wei});
    CHECK(ids(index, "明") == Ids{ming});
    CHECK(ids(index, "公司") == Ids{wei});
    CHECK(ids(index, "关村") == Ids{ada});
    CHECK(ids(index, "cafe") == Ids{ada});
    CHECK(ids(index, "\"ada byron\"") == Ids{ada});
    CHECK(ids(index, "\"byron ada\"").empty());
    CHECK(ids(index, "comp") == Ids{ming});  // the beginning of a word
    CHECK(ids(index, "伟张").empty());
}

TEST_CASE("phones and e-mails are found by their parts", "[search]") {
    Fixture f;
    f.sql(
        "INSERT INTO contact(last_name, mobile, email) VALUES('Li', '+86 138-0013-8000', "
        "'li.lei@acme-corp.com'), ('Han', '+86 138-0014-9000', 'han@acme.com')");
    auto index = f.open();
    update(index);
    CHECK(ids(index, "0013") == Ids{1});
    CHECK(ids(index, "13800138000") == Ids{1});
    CHECK(ids(index, "138 0014 9000") == Ids{2});
    CHECK(ids(index, "8613800") == Ids{2, 1});
    CHECK(ids(index, "0099").empty());
    CHECK(ids(index, "li.lei@acme-corp.com") == Ids{1});
    CHECK(ids(index, "acme-corp.com") == Ids{1});
    CHECK(ids(index, "lei") == Ids{1});
}

TEST_CASE("a hit says where and what it found", "[search]") {
    Fixture f;
    const auto id = f.contact("Byron", "Ada", std::string(300, '.') + "meets\n张伟 often");
    auto index = f.open();
    update(index);
    const auto hits = index.search("张伟");
    REQUIRE(hits);
    REQUIRE(hits->size() == 1);
    const auto& hit = hits->front();
    CHECK(hit.record == id);
    CHECK(hit.entity_name == "contact");
    CHECK(hit.title == "Ada Byron");
    CHECK(hit.field == "description");
    REQUIRE(hit.highlights.size() == 1);
    const auto at = hit.highlights.front();
    CHECK(hit.snippet.substr(at.begin, at.end - at.begin) == "张伟");
    CHECK(hit.snippet.find('\n') == std::string::npos);
    CHECK(hit.snippet.size() < 200);
}

TEST_CASE("the entity filter, limit and offset choose among the hits", "[search]") {
    Fixture f;
    for (int i = 0; i < 5; ++i) f.contact("Smith");
    f.sql("INSERT INTO account(name) VALUES('Smith')");
    auto index = f.open();
    update(index);
    CHECK(ids(index, "smith").size() == 6);
    SearchOptions contacts;
    contacts.entity = "contact";
    CHECK(ids(index, "smith", contacts) == Ids{5, 4, 3, 2, 1});
    contacts.limit = 2;
    contacts.offset = 1;
    CHECK(ids(index, "smith", contacts) == Ids{4, 3});
    contacts.offset = 100;
    CHECK(ids(index, "smith", contacts).empty());
    contacts.entity = "no_such";
    const auto unknown = index.search("smith", contacts);
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == Errc::kNotFound);
}

TEST_CASE("edits, deletes and replacements are followed", "[search]") {
    Fixture f;
    auto index = f.open();
    update(index);
    const auto a = f.contact("Alpha", "", "first");
    const auto b = f.contact("Beta");
    update(index);
    CHECK(ids(index, "alpha") == Ids{a});

    f.sql("UPDATE contact SET last_name = 'Gamma' WHERE id = 1");
    f.sql("DELETE FROM contact WHERE id = 2");
    const auto c = f.contact("张三");
    f.sql("UPDATE contact SET last_name = '李四' WHERE last_name = '张三'");
    CHECK(ids(index, "alpha").empty());  // not indexed yet, but the row is looked at
    update(index);
    CHECK(ids(index, "gamma") == Ids{a});
    CHECK(ids(index, "first") == Ids{a});
    CHECK(ids(index, "beta").empty());
    CHECK(ids(index, "张三").empty());
    CHECK(ids(index, "李四") == Ids{c});

    f.sql("INSERT OR REPLACE INTO contact(id, last_name) VALUES(1, 'Delta')");
    f.sql("INSERT INTO contact(id, last_name) VALUES(2, 'Beta again')");
    update(index);
    CHECK(ids(index, "delta") == Ids{a});
    CHECK(ids(index, "first").empty());
    CHECK(ids(index, "beta") == Ids{b});
}

TEST_CASE("a first load logged as a batch is indexed from the table", "[search]") {
    Fixture f;
    auto index = f.open();
    update(index);
    // The engine loads with triggers off and logs one row for all.
    replica::OpenOptions options;
    options.access = replica::Access::kEngine;
    auto engine = replica::Database::open(f.folder + "/replica.db", options);
    REQUIRE(engine);
    REQUIRE(
        engine->execute("BEGIN; INSERT INTO contact(last_name) "
                        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n "
                        "WHERE i < 1500) SELECT 'Loaded' || i FROM n;"
                        "INSERT INTO kontor_history(entity, record, op, old, at) "
                        "SELECT id, 1, 'l', 1500, '' FROM kontor_entity "
                        "WHERE name = 'contact'; COMMIT"));
    f.sql("UPDATE contact SET last_name = 'Changed' WHERE id = 7");
    f.sql("DELETE FROM contact WHERE id = 8");
    update(index);
    CHECK(ids(index, "loaded1499") == Ids{1499});
    CHECK(ids(index, "changed") == Ids{7});
    CHECK(ids(index, "loaded7").size() > 1);  // as a prefix: itself is gone
    CHECK(ids(index, "loaded8").front() != 8);
}

TEST_CASE("a first load is indexed in large portions, and brought together at its end",
          "[search]") {
    Fixture f;
    auto index = f.open();
    update(index);
    replica::OpenOptions options;
    options.access = replica::Access::kEngine;
    const auto engine = replica::Database::open(f.folder + "/replica.db", options);
    REQUIRE(engine);
    f.sql(
        "INSERT INTO kontor_stream(connection, name, entity, cursor) VALUES(1, 'Contacts', 1, "
        "'x')");
    int loaded = 0;
    const auto load = [&](int stretches) {
        for (const int end = loaded + stretches; loaded < end; ++loaded) {
            const auto first = std::to_string(loaded * 2000 + 1);
            const auto last = std::to_string(loaded * 2000 + 2000);
            REQUIRE(engine->execute(
                "BEGIN; INSERT INTO contact(last_name) WITH RECURSIVE n(i) AS (SELECT " + first +
                " UNION ALL SELECT i+1 FROM n WHERE i < " + last +
                ") SELECT 'Loaded' || i FROM n; INSERT INTO kontor_history(entity, record, op, old,"
                " at) SELECT id, " +
                first + ", 'l', " + last +
                ", '' FROM kontor_entity WHERE name = 'contact'; COMMIT"));
        }
    };
    const auto file = replica::Database::open(f.path(), {});
    REQUIRE(file);
    const auto parts = [&] { return *file->scalar("SELECT count(DISTINCT segid) FROM terms_idx"); };
    const auto automerge = [&] {
        return *file->scalar("SELECT v FROM terms_config WHERE k = 'automerge'");
    };

    load(1);  // small: as usual
    update(index);
    CHECK(automerge() == 4);
    for (int portion = 0; portion < 6; ++portion) {
        load(3);
        update(index);
        CHECK(automerge() == 0);
        CHECK(ids(index, "loaded" + std::to_string(loaded * 2000)).size() == 1);
    }
    CHECK(parts() >= 6);
    f.sql("UPDATE kontor_stream SET loaded = 1");
    update(index);
    CHECK(automerge() == 4);
    CHECK(parts() == 1);
    CHECK(ids(index, "loaded2001") == Ids{2001});
    CHECK(ids(index, "loaded38000") == Ids{38000});
    const auto status = index.status();
    REQUIRE(status);
    CHECK(status->progress.complete);
    CHECK(status->records == 38'000);
}

TEST_CASE("a phrase is found among many records with the same words", "[search]") {
    Fixture f;
    const auto wanted = f.contact("x", "", "red blue");
    for (int i = 0; i < 300; ++i) f.contact("x", "", "blue red");
    auto index = f.open();
    update(index);
    CHECK(ids(index, "\"red blue\"") == Ids{wanted});
}

TEST_CASE("secret columns are not searchable, new searchable columns become so", "[search]") {
    Fixture f;
    f.contact("Li", "", "hidden");
    auto index = f.open();
    update(index);
    CHECK(ids(index, "hidden") == Ids{1});
    const std::string of_contact = "entity = (SELECT id FROM kontor_entity WHERE name = 'contact')";
    f.sql("UPDATE kontor_field SET class = 'secret' WHERE name = 'description' AND " + of_contact);
    CHECK(ids(index, "hidden").empty());
    update(index);
    CHECK(ids(index, "li") == Ids{1});
    f.sql("UPDATE kontor_field SET class = 'internal' WHERE name = 'description' AND " +
          of_contact);
    update(index);
    CHECK(ids(index, "hidden") == Ids{1});
}

TEST_CASE("another epoch, another replica and a damaged file are built anew", "[search]") {
    Fixture f;
    f.contact("Alpha");
    {
        auto index = f.open();
        update(index);
        f.sql("UPDATE kontor_meta SET value = 2 WHERE key = 'epoch'");
        const auto progress = index.update(0ms);
        REQUIRE(progress);
        CHECK_FALSE(progress->complete);
        update(index);
        CHECK(ids(index, "alpha") == Ids{1});
    }
    {
        std::fstream file(f.path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(16);
        file << std::string(4000, 'x');
    }
    auto index = f.open();
    update(index);
    CHECK(ids(index, "alpha") == Ids{1});
}

TEST_CASE("a file that is not an index is left alone", "[search]") {
    Fixture f;
    { std::ofstream(f.path()) << "somebody's notes, long enough not to be an empty database"; }
    CHECK_FALSE(SearchIndex::open(f.path(), f.replica, f.clock));
    CHECK(std::filesystem::file_size(f.path()) > 20);
    const auto own = SearchIndex::open(f.folder + "/replica.db", f.replica, f.clock);
    REQUIRE_FALSE(own);
    CHECK(own.error().code == Errc::kInvalid);
}

TEST_CASE("no query is an error", "[search][hostile]") {
    Fixture f;
    f.contact("张伟", "Ada", "notes \"quoted\" 13800138000 a@b.c");
    auto index = f.open();
    update(index);
    const std::vector<std::string> pieces{
        "\"",   "'",    "*",      "(",    ")",      "{",     "}",        "^",     ":",  "-",
        "+",    " ",    "AND",    "OR",   "NOT",    "NEAR(", "title:",   "张",    "伟", "张伟",
        "1380", "0013", "@",      "a@b",  "\xFF",   "\xE5",  "\xF0\x9F", "“",     "”",  "\\",
        ";",    "--",   "Ada",    "ｱ",    "\u0301", "1",     "%",        "_",     "\n", "\t",
        "138",  "/*",   "\u202E", "'\"'", "é",      "ß",     "㍿",       "\u200B"};
    SeededRandom random(42);
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        const auto length = random.next() % 12;
        for (std::uint64_t i = 0; i < length; ++i) text += pieces[random.next() % pieces.size()];
        if (round % 10 == 0) text += std::string(1, '\0') + "x";
        INFO(text);
        CHECK(index.search(text));
    }
    CHECK(ids(index, std::string(100'000, '"')).empty());
    CHECK(ids(index, std::string(100'000, '(')).empty());
    CHECK(index.search(std::string(100'000, '7')));
}

TEST_CASE("an index that followed a random history equals one built from the end", "[search]") {
    Fixture f;
    const std::vector<std::string> words{"张伟", "李娜", "Acme", "red",  "blue", "13800138000",
                                         "公司", "北京", "伟大", "data", "Zoë",  "li.lei@x.cn"};
    SeededRandom random(7);
    const auto word = [&] { return words[random.next() % words.size()]; };
    auto index = f.open();
    for (int round = 0; round < 600; ++round) {
        const auto id = std::to_string(1 + random.next() % 60);
        switch (random.next() % 6) {
            case 0:
            case 1:
                f.contact(word(), word(), word() + " " + word());
                break;
            case 2:
            case 3:
                f.sql("UPDATE contact SET description = '" + word() + "', last_name = '" + word() +
                      "' WHERE id = " + id);
                break;
            case 4:
                f.sql("DELETE FROM contact WHERE id = " + id);
                break;
            default:
                f.sql("INSERT OR REPLACE INTO contact(id, last_name) VALUES(" + id + ", '" +
                      word() + "')");
        }
        if (random.next() % 5 == 0) REQUIRE(index.update(0ms));
    }
    update(index);
    SearchOptions options;
    options.limit = search::kLimitMax;
    std::vector<Ids> followed;
    for (const auto& text : words) followed.push_back(ids(index, text, options));
    const auto records = index.status();
    REQUIRE(records);

    REQUIRE(index.rebuild());
    CHECK(ids(index, "red").empty());
    update(index);
    for (std::size_t i = 0; i < words.size(); ++i) {
        INFO(words[i]);
        CHECK(ids(index, words[i], options) == followed[i]);
        CHECK_FALSE(followed[i].empty());
    }
    const auto rebuilt = index.status();
    REQUIRE(rebuilt);
    CHECK(rebuilt->records == records->records);
    CHECK(rebuilt->progress.complete);
}

TEST_CASE("a build goes on where it stopped, while the replica changes", "[search]") {
    Fixture f;
    f.sql("BEGIN");
    for (int i = 0; i < 2500; ++i) f.contact("Name" + std::to_string(i));
    f.sql("COMMIT");
    int steps = 0;
    for (bool complete = false; !complete; ++steps) {
        auto index = f.open();  // as after a crash
        const auto done = index.update(0ms);
        REQUIRE(done);
        complete = done->complete;
        if (steps < 4) {
            f.sql("UPDATE contact SET last_name = 'Later" + std::to_string(steps) +
                  "' WHERE id = 2400 - 10 * " + std::to_string(steps));
            f.sql("DELETE FROM contact WHERE id = 100 + " + std::to_string(steps));
        }
        REQUIRE(steps < 100);
    }
    CHECK(steps > 4);
    auto index = f.open();
    CHECK(ids(index, "later2") == Ids{2380});
    CHECK(ids(index, "name2399").empty());
    CHECK(ids(index, "name2499") == Ids{2500});
    CHECK(ids(index, "name99").front() != 100 + 0);
    const auto status = index.status();
    REQUIRE(status);
    CHECK(status->records == 2496);
}

TEST_CASE("readers with a handle of their own see what the writer indexed", "[search]") {
    Fixture f;
    auto writer = f.open();
    auto other = f.make_replica();
    auto reader = SearchIndex::open(f.path(), other, f.clock);
    REQUIRE(reader);
    CHECK_FALSE(reader->current().value());
    CHECK(ids(*reader, "alpha").empty());
    f.contact("Alpha");
    update(writer);
    CHECK(reader->current().value());
    f.contact("Beta");
    CHECK_FALSE(reader->current().value());
    update(writer);
    CHECK(reader->current().value());
    CHECK(ids(*reader, "alpha") == Ids{1});
    REQUIRE(writer.rebuild());
    update(writer);
    CHECK(ids(*reader, "alpha") == Ids{1});
}

TEST_CASE("progress is reported and can stop an update", "[search]") {
    Fixture f;
    for (int i = 0; i < 10; ++i) f.contact("x");
    auto index = f.open();
    int calls = 0;
    const auto stopped = index.update(10s, [&](const search::Progress& p) {
        ++calls;
        CHECK(p.done <= p.total);
        return false;
    });
    REQUIRE(stopped);
    CHECK(calls == 1);
}
