// What people type into the search: every input is a query that SQLite understands.
#include <sqlite3.h>

#include "sync/search/fts_tokenizer.hpp"
#include "sync/search/query.hpp"
#include "tests/fuzz/input.hpp"

namespace {

sqlite3_stmt* match_statement() {
    sqlite3* db = nullptr;
    must_hold(sqlite3_open(":memory:", &db) == SQLITE_OK);
    must_hold(kontor::search::register_tokenizer(db).has_value());
    const char* create = "CREATE VIRTUAL TABLE terms USING fts5(text, tokenize = 'kontor')";
    must_hold(sqlite3_exec(db, create, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_stmt* statement = nullptr;
    const char* select = "SELECT rowid FROM terms WHERE terms MATCH ?";
    must_hold(sqlite3_prepare_v2(db, select, -1, &statement, nullptr) == SQLITE_OK);
    return statement;
}

void must_be_understood(const std::string& expression) {
    static sqlite3_stmt* const statement = match_statement();
    if (expression.empty()) return;
    sqlite3_bind_text64(statement, 1, expression.data(), expression.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
    must_hold(sqlite3_step(statement) == SQLITE_DONE);
    sqlite3_reset(statement);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kontor::search;
    const auto query = parse_query(as_text(data, size));
    must_hold(query.terms.size() <= kQueryTermsMax);
    must_be_understood(query.match_expression());
    if (query.completable())
        must_be_understood(query.completed({query.last_word(), "other"}).match_expression());
    return 0;
}
