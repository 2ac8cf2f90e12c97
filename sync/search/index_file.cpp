#include "sync/search/index_file.hpp"

#include <sqlite3.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string_view>

#include "sync/search/fts_tokenizer.hpp"
#include "sync/search/terms.hpp"

namespace kontor::search {
namespace {

constexpr int kFormatVersion = 1;
constexpr int kVersion = kTermsVersion * 1000 + kFormatVersion;
constexpr int kApplicationId = 0x4B545331;  // "KTS1"
constexpr std::int64_t kMergePages = 256;
// Of each of the two tables. Usual are FTS5's own values; kUsualParts and kUsualMerge are how many
// parts of one size are brought together at the latest and bit by bit.
constexpr std::int64_t kBulkBuffer = 8 * 1024 * 1024, kUsualBuffer = 1024 * 1024;
constexpr std::int64_t kBulkParts = 1'000, kUsualParts = 16;
constexpr std::int64_t kUsualMerge = 4;

// detail=none: rows know that they have a term, not where. Order and neighbours are checked on the
// replica's row, which ranking needs anyway; that takes a third of the space. Titles have a table
// of their own rather than a column: a column filter reads all rows of a word that is everywhere
// but in titles.
constexpr const char* kSchema = R"sql(
DROP TABLE IF EXISTS terms;
DROP TABLE IF EXISTS titles;
DROP TABLE IF EXISTS state;
DROP TABLE IF EXISTS layout;
CREATE VIRTUAL TABLE terms USING fts5(
    text, content='', columnsize=0, detail=none, tokenize='kontor');
CREATE VIRTUAL TABLE titles USING fts5(
    text, content='', columnsize=0, detail=none, tokenize='kontor');
CREATE TABLE state(
    id INTEGER PRIMARY KEY CHECK(id = 1),
    phase INTEGER NOT NULL, replica_id TEXT NOT NULL, epoch TEXT NOT NULL,
    indexed_seq INTEGER NOT NULL, target_seq INTEGER NOT NULL,
    entity INTEGER NOT NULL, next INTEGER NOT NULL, last INTEGER NOT NULL,
    records INTEGER NOT NULL
);
CREATE TABLE layout(entity INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL);
)sql";

Result<> create_schema(const replica::Database& db) {
    auto transaction = replica::Transaction::begin(db);
    if (!transaction) return pass(transaction);
    // Another handle may have been first.
    const auto version = db.scalar("PRAGMA user_version");
    if (version && *version == kVersion) return {};
    auto done = db.execute(std::string(kSchema) +
                           "PRAGMA application_id=" + std::to_string(kApplicationId) +
                           ";PRAGMA user_version=" + std::to_string(kVersion));
    if (!done) return done;
    return transaction->commit();
}

// Places in IndexFile::statements_; each is followed by its counterpart for titles.
constexpr std::size_t kInsertTerms = 0;
constexpr std::size_t kRemoveTerms = 2;

/// True for a file that SQLite made, however damaged: only such a one is replaced.
bool is_sqlite_file(const std::string& path) {
    constexpr std::string_view kMagic{"SQLite format 3"};
    std::array<char, kMagic.size()> head{};
    std::ifstream file(path, std::ios::binary);
    file.read(head.data(), head.size());
    return file && std::string_view(head.data(), head.size()) == kMagic;
}

}  // namespace

Result<IndexFile> IndexFile::open(const std::string& path) {
    auto opened = open_once(path);
    if (opened || opened.error().code != Errc::kCorrupt || !is_sqlite_file(path)) return opened;
    for (const char* suffix : {"", "-wal", "-shm"}) std::remove((path + suffix).c_str());
    return open_once(path);
}

Result<IndexFile> IndexFile::open_once(const std::string& path) {
    replica::OpenOptions options;
    options.create = true;
    auto db = replica::Database::open(path, options);
    if (!db) return in_context("search index", db.error());
    const auto application = db->scalar("PRAGMA application_id");
    if (!application) return in_context("search index", application.error());
    const auto objects = db->scalar("SELECT count(*) FROM sqlite_schema");
    if (!objects) return in_context("search index", objects.error());
    if (*application != kApplicationId && (*application != 0 || *objects != 0))
        return fail(Errc::kInvalid, "search index: " + path + " belongs to something else",
                    {{"path", path}});

    if (auto done = register_tokenizer(db->raw()); !done) return pass(done);
    if (auto done = db->execute("PRAGMA synchronous=NORMAL"); !done) return pass(done);
    const auto version = db->scalar("PRAGMA user_version");
    if (!version) return in_context("search index", version.error());
    if (*version != kVersion)
        if (auto done = create_schema(*db); !done) return in_context("search index", done.error());

    if (auto done =
            db->execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, terms, row)");
        !done)
        return in_context("search index", done.error());
    std::vector<replica::Statement> statements;
    for (const char* sql : {"INSERT INTO terms(rowid, text) VALUES(?1, ?2)",
                            "INSERT INTO titles(rowid, text) VALUES(?1, ?2)",
                            "INSERT INTO terms(terms, rowid, text) VALUES('delete', ?1, ?2)",
                            "INSERT INTO titles(titles, rowid, text) VALUES('delete', ?1, ?2)"}) {
        auto statement = db->prepare(sql);
        if (!statement) return in_context("search index", statement.error());
        statements.push_back(std::move(*statement));
    }
    return IndexFile(std::move(*db), std::move(statements));
}

Result<IndexState> IndexFile::state() const {
    auto row = db_.prepare(
        "SELECT phase, replica_id, epoch, indexed_seq, target_seq, entity, next, last, records "
        "FROM state");
    if (!row) return pass(row);
    auto found = row->step();
    if (!found) return pass(found);
    IndexState state;
    if (!*found) return state;
    state.phase = static_cast<Phase>(row->integer(0));
    state.replica_id = row->text(1);
    state.epoch = row->text(2);
    state.indexed_seq = row->integer(3);
    state.target_seq = row->integer(4);
    state.entity = row->integer(5);
    state.next = row->integer(6);
    state.last = row->integer(7);
    state.records = row->integer(8);
    return state;
}

Result<> IndexFile::set_state(const IndexState& state) {
    auto save =
        db_.prepare("INSERT OR REPLACE INTO state VALUES(1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    if (!save) return pass(save);
    save->bind(1, static_cast<int>(state.phase));
    save->bind(2, state.replica_id);
    save->bind(3, state.epoch);
    save->bind(4, state.indexed_seq);
    save->bind(5, state.target_seq);
    save->bind(6, state.entity);
    save->bind(7, state.next);
    save->bind(8, state.last);
    save->bind(9, state.records);
    return save->run();
}

Result<std::map<std::int64_t, std::string>> IndexFile::fingerprints() const {
    auto rows = db_.prepare("SELECT entity, fingerprint FROM layout");
    if (!rows) return pass(rows);
    std::map<std::int64_t, std::string> out;
    for (;;) {
        auto row = rows->step();
        if (!row) return pass(row);
        if (!*row) return out;
        out.emplace(rows->integer(0), rows->text(1));
    }
}

Result<> IndexFile::set_fingerprint(const EntityLayout& layout) {
    auto save = db_.prepare("INSERT OR REPLACE INTO layout VALUES(?1, ?2)");
    if (!save) return pass(save);
    save->bind(1, layout.id);
    save->bind(2, layout.fingerprint());
    return save->run();
}

Result<> IndexFile::insert(std::int64_t row, const Document& document) {
    return write(kInsertTerms, row, document);
}

Result<> IndexFile::remove(std::int64_t row, const Document& document) {
    return write(kRemoveTerms, row, document);
}

/// Runs the statement for all terms, and the one after it for those of the title.
Result<> IndexFile::write(std::size_t statement, std::int64_t row, const Document& document) {
    const std::string all = document.title + '\n' + document.rest;
    replica::Statement& terms = statements_[statement];
    terms.bind(1, row);
    terms.bind_borrowed(2, ValueView::of(std::string_view(all)));
    if (auto done = terms.run(); !done || document.title.empty()) return done;
    replica::Statement& titles = statements_[statement + 1];
    titles.bind(1, row);
    titles.bind_borrowed(2, ValueView::of(std::string_view(document.title)));
    return titles.run();
}

Result<> IndexFile::clear() {
    return db_.execute(
        "INSERT INTO terms(terms) VALUES('delete-all');"
        "INSERT INTO titles(titles) VALUES('delete-all');"
        "DELETE FROM layout; DELETE FROM state;");
}

Result<> IndexFile::command(const char* name, std::int64_t value) const {
    for (const char* sql : {"INSERT INTO terms(terms, rank) VALUES(?1, ?2)",
                            "INSERT INTO titles(titles, rank) VALUES(?1, ?2)"}) {
        auto run = db_.prepare(sql);
        if (!run) return pass(run);
        run->bind(1, name);
        run->bind(2, value);
        if (auto done = run->run(); !done) return done;
    }
    return {};
}

Result<bool> IndexFile::merge(bool first) {
    const int before = sqlite3_total_changes(db_.raw());
    if (auto done = command("merge", first ? -kMergePages : kMergePages); !done) return pass(done);
    // As FTS5 documents it: fewer than two changed rows mean that there was nothing to merge. A
    // command itself counts as one, and there are two tables.
    return sqlite3_total_changes(db_.raw()) - before < 3;
}

Result<std::vector<std::string>> IndexFile::words_with_prefix(const std::string& prefix,
                                                              int max) const {
    auto rows = db_.prepare("SELECT term FROM temp.words WHERE term >= ?1 AND term <= ?2 LIMIT ?3");
    if (!rows) return pass(rows);
    rows->bind(1, prefix);
    rows->bind(2, prefix + "\xF4\x8F\xBF\xBF");  // the last code point
    rows->bind(3, max);
    std::vector<std::string> words;
    for (;;) {
        auto row = rows->step();
        if (!row) return pass(row);
        if (!*row) return words;
        words.emplace_back(rows->text(0));
    }
}

Result<> IndexFile::set_bulk(bool on) {
    if (auto done = command("hashsize", on ? kBulkBuffer : kUsualBuffer); !done) return done;
    if (auto done = command("crisismerge", on ? kBulkParts : kUsualParts); !done) return done;
    return command("automerge", on ? 0 : kUsualMerge);
}

Result<bool> IndexFile::bulk() const {
    auto value = db_.scalar("SELECT count(*) FROM terms_config WHERE k = 'automerge' AND v = 0");
    if (!value) return pass(value);
    return *value != 0;
}

}  // namespace kontor::search
