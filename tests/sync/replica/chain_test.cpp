#include "sync/replica/chain.hpp"

#include <catch2/catch.hpp>

#include "tests/sync/replica/support.hpp"

namespace kontor::replica {

using test::Replica;

namespace {

struct Chained : Replica {
    Chained() {
        run("INSERT INTO contact(id,phone) VALUES(1,'138'),(2,'139')");
        seal();
        run("UPDATE contact SET phone='1'; DELETE FROM contact WHERE id=2");
        seal();
        run("UPDATE contact SET phone='2'");
    }
    bool seal() {
        run("BEGIN IMMEDIATE");
        const auto done = seal_history(db(), random_);
        REQUIRE(done);
        run("COMMIT");
        return *done;
    }
    [[nodiscard]] ChainReport verify() const {
        auto report = verify_history(db());
        REQUIRE(report);
        return std::move(*report);
    }

private:
    SeededRandom random_{3};
};

}  // namespace

TEST_CASE("a chain that nobody touched verifies", "[replica][chain]") {
    Chained replica;
    const ChainReport report = replica.verify();
    CHECK_FALSE(report.first_bad);
    CHECK(report.sealed == 6);
    CHECK(report.unsealed == 1);
    CHECK(report.head.size() == 64);
    CHECK(replica.seal());
    CHECK_FALSE(replica.seal());
    CHECK(replica.verify().sealed == 7);
    CHECK(replica.verify().head != report.head);
}

TEST_CASE("whatever is changed shows", "[replica][chain]") {
    Chained replica;
    const auto [sql, bad] = GENERATE(table<const char*, std::int64_t>({
        {"UPDATE kontor_history SET old='x' WHERE seq=3", 3},
        {"UPDATE kontor_history SET old=NULL WHERE seq=3", 3},
        {"UPDATE kontor_history SET actor='x' WHERE seq=2", 2},
        {"UPDATE kontor_history SET at='x' WHERE seq=1", 1},
        {"UPDATE kontor_history SET leaf=zeroblob(32) WHERE seq=4", 4},
        {"UPDATE kontor_history SET leaf=NULL WHERE seq=4", 4},
        {"UPDATE kontor_history SET salt=NULL WHERE seq=4", 4},
        {"DELETE FROM kontor_history WHERE seq=1", 1},
        {"DELETE FROM kontor_history WHERE seq=4", 3},
        {"DELETE FROM kontor_history WHERE seq=6", 6},
        {"UPDATE kontor_chain SET hash=zeroblob(32) WHERE last_seq=2", 1},
        {"UPDATE kontor_history SET seq=0 WHERE seq=1", 0},
    }));
    INFO(sql);
    replica.run(sql);
    const ChainReport report = replica.verify();
    REQUIRE(report.first_bad);
    CHECK((*report.first_bad == bad || bad == 0));
}

TEST_CASE("a record's past can be erased and the chain still verifies", "[replica][chain]") {
    Chained replica;
    const std::int64_t entity =
        std::stoll(replica.one("SELECT id FROM kontor_entity WHERE name='contact'"));
    const std::string head = replica.verify().head;
    REQUIRE(*erase_history(replica.db(), entity, 2));
    CHECK_FALSE(*erase_history(replica.db(), entity, 77));
    const ChainReport report = replica.verify();
    CHECK_FALSE(report.first_bad);
    CHECK(report.erased == 4);
    CHECK(report.head == head);
    CHECK(replica.one("SELECT count(*) FROM kontor_history WHERE record=2 AND old IS NOT NULL") ==
          "0");
    replica.run("UPDATE kontor_history SET old='planted' WHERE record=2");
    CHECK(replica.verify().first_bad);
}

TEST_CASE("values that look alike have different leaves", "[replica][chain]") {
    Replica replica;
    SeededRandom random(3);
    for (const char* old : {"NULL", "''", "x''", "0", "0.0", "'0'", "x'30'"})
        replica.run("INSERT INTO kontor_history(entity,record,op,old,at) VALUES(1,1,'u'," +
                    std::string(old) + ",'t')");
    replica.run("BEGIN");
    REQUIRE(seal_history(replica.db(), random));
    replica.run("COMMIT");
    for (int seq = 2; seq <= 7; ++seq) {
        replica.run(
            "SAVEPOINT s; UPDATE kontor_history SET old=(SELECT old FROM kontor_history h"
            " WHERE h.seq=" +
            std::to_string(seq - 1) + ") WHERE seq=" + std::to_string(seq));
        const auto report = verify_history(replica.db());
        REQUIRE(report);
        CHECK(report->first_bad == seq);
        replica.run("ROLLBACK TO s; RELEASE s");
    }
}

}  // namespace kontor::replica
