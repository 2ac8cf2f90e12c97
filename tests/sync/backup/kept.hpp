#pragma once

#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "sync/backup/chain.hpp"
#include "sync/backup/changed_pages.hpp"
#include "sync/replica/integrity.hpp"
#include "tests/sync/replica/support.hpp"

namespace kontor::backup::test {

inline constexpr const char* kAt = "2026-03-01T10:00:00.000Z";

/// A replica, and the folder in which its points are kept.
struct Kept {
    replica::test::Replica replica;
    replica::test::TempDir dir;
    int made = 0;
    std::string now = kAt;

    [[nodiscard]] std::string folder() const { return dir.path("replica"); }
    [[nodiscard]] ChainFiles files() const {
        return {folder(), dir.path("hashes"), dir.path("changed")};
    }
    [[nodiscard]] ChangedPages changes() const { return {replica.path(), files().changed}; }
    Result<Extended> extend() {
        const auto db = replica.open(replica::Access::kReadOnly);
        const auto id = std::to_string(++made);
        return extend_chain(files(), db, {now, "1.0", std::string(32 - id.size(), '0') + id});
    }
    void contacts(int first, int last) const {
        replica.run("WITH RECURSIVE n(i) AS (VALUES(" + std::to_string(first) +
                    ") UNION ALL SELECT i+1 FROM n WHERE i<" + std::to_string(last) +
                    ") INSERT INTO contact(last_name,email) SELECT 'Name '||i, i||'@example.com'"
                    " FROM n");
    }
    /// One value out of the database of that point.
    [[nodiscard]] std::int64_t at_point(std::optional<std::int64_t> point,
                                        const std::string& sql) const {
        const auto path = dir.path("out.db");
        const auto manifest = assemble(folder(), point, path);
        REQUIRE(manifest);
        const auto db = replica::Database::open(path, {.access = replica::Access::kEngine});
        REQUIRE(db);
        CHECK(replica::check_integrity(*db, replica::IntegrityDepth::kFull)->empty());
        return db->scalar(sql).value();
    }
};

}  // namespace kontor::backup::test
