#include "sync/engine/first_sync.hpp"

#include "sync/engine/sql.hpp"

namespace kontor::engine {
namespace {

std::string key_of(const std::string& connection) {
    return "first_sync_held:" + connection;
}

}  // namespace

Result<> hold_first_sync(const replica::Database& db, const std::string& connection) {
    return guarded([&] {
        Sql sql(db);
        WriteTransaction transaction(db);
        sql.run("INSERT OR REPLACE INTO kontor_meta(key, value) VALUES(?, 1)", key_of(connection));
        transaction.commit();
    });
}

Result<> release_first_sync(const replica::Database& db, const std::string& connection) {
    return guarded([&] {
        Sql sql(db);
        WriteTransaction transaction(db);
        sql.run("DELETE FROM kontor_meta WHERE key = ?", key_of(connection));
        transaction.commit();
    });
}

Result<bool> first_sync_held(const replica::Database& db, const std::string& connection) {
    return guarded([&] {
        Sql sql(db);
        return sql.integer("SELECT 1 FROM kontor_meta WHERE key = ?", key_of(connection))
            .has_value();
    });
}

}  // namespace kontor::engine
