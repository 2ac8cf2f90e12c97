#include "sync/search/fts_tokenizer.hpp"

#include <sqlite3.h>

#include <new>

#include "sync/replica/database.hpp"
#include "sync/search/terms.hpp"

namespace kontor::search {
namespace {

using TokenSink = int (*)(void*, int, const char*, int, int, int);

int create(void*, const char**, int, Fts5Tokenizer** out) {
    auto* scratch = new (std::nothrow) Scan;
    if (scratch == nullptr) return SQLITE_NOMEM;
    *out = reinterpret_cast<Fts5Tokenizer*>(scratch);
    return SQLITE_OK;
}

void destroy(Fts5Tokenizer* tokenizer) {
    delete reinterpret_cast<Scan*>(tokenizer);
}

int tokenize(Fts5Tokenizer* tokenizer, void* context, int flags, const char* text, int size,
             TokenSink sink) {
    if (text == nullptr || size <= 0) return SQLITE_OK;
    if ((flags & FTS5_TOKENIZE_QUERY) != 0) return sink(context, 0, text, size, 0, size);
    // Nothing may be thrown through SQLite.
    try {
        auto& scratch = *reinterpret_cast<Scan*>(tokenizer);
        scan({text, static_cast<std::size_t>(size)}, scratch);
        int rc = SQLITE_OK;
        emit_terms(scratch, [&](std::string_view term) {
            // The index keeps no positions, so the bytes a term stands for are not needed.
            rc = sink(context, 0, term.data(), static_cast<int>(term.size()), 0, 0);
            return rc == SQLITE_OK;
        });
        return rc;
    } catch (const std::bad_alloc&) {
        return SQLITE_NOMEM;
    }
}

}  // namespace

Result<> register_tokenizer(sqlite3* db) {
    auto statement = replica::Statement::prepare(db, "SELECT fts5(?1)");
    if (!statement) return in_context("search tokenizer", statement.error());
    fts5_api* api = nullptr;
    sqlite3_bind_pointer(statement->raw(), 1, &api, "fts5_api_ptr", nullptr);
    if (auto row = statement->step(); !row) return pass(row);
    if (api == nullptr) return fail(Errc::kInternal, "SQLite has no FTS5");

    fts5_tokenizer functions{create, destroy, tokenize};
    const int rc = api->xCreateTokenizer(api, "kontor", nullptr, &functions, nullptr);
    if (rc != SQLITE_OK)
        return tl::unexpected<Error>(replica::storage_error(db, rc, "search tokenizer"));
    return {};
}

}  // namespace kontor::search
