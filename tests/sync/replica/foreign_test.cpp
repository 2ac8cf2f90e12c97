// The sqlite3 program, a process of its own that knows nothing of Kontor, writes the replica.
#include <catch2/catch.hpp>
#include <future>

#include "tests/sync/replica/support.hpp"

namespace kontor::replica {

using test::Replica;
using Lines = std::vector<std::string>;

TEST_CASE("a foreign program's edits are captured", "[replica][foreign]") {
    Replica replica;
    CHECK(replica.sqlite3("INSERT INTO contact(id,last_name,phone) VALUES(42,'Li','138') "
                          "RETURNING id,last_name;") == "42|Li\n");
    const std::string uid = replica.one("SELECT uid FROM contact");
    CHECK(uid.size() == 32);

    const auto recursive =
        GENERATE("PRAGMA recursive_triggers=OFF;", "PRAGMA recursive_triggers=ON;");
    CHECK(replica
              .sqlite3(std::string(recursive) + R"sql(
        UPDATE contact SET phone='139' WHERE id=42;
        INSERT OR REPLACE INTO contact(id,last_name) VALUES(42,'Lee');
        INSERT INTO contact(id,phone) VALUES(42,'140') ON CONFLICT(id) DO UPDATE SET phone='140';
        INSERT INTO contact(last_name) VALUES('Wu'),('He');
        BEGIN; DELETE FROM contact; ROLLBACK;
        UPDATE contact SET exchange_rate='much' WHERE id=42;
        DELETE FROM contact;)sql")
              .empty());
    CHECK(replica.history() == Lines{"contact 42 - i NULL", "contact 42 phone u '138'",
                                     "contact 42 last_name u 'Li'", "contact 42 phone u '139'",
                                     "contact 42 phone u NULL", "contact 43 - i NULL",
                                     "contact 44 - i NULL", "contact 42 exchange_rate u NULL",
                                     "contact 42 last_name d 'Lee'", "contact 42 phone d '140'",
                                     "contact 42 exchange_rate d 'much'", "contact 42 - d (uid)",
                                     "contact 43 last_name d 'Wu'", "contact 43 - d (uid)",
                                     "contact 44 last_name d 'He'", "contact 44 - d (uid)"});
    CHECK(replica.one("SELECT count(*) FROM kontor_tombstone") == "3");
    CHECK(replica.one("SELECT uid FROM kontor_tombstone WHERE record=42") == uid);
    CHECK(replica.one("SELECT count(*) FROM kontor_replaced") == "0");
    CHECK(replica.one("PRAGMA integrity_check") == "ok");
}

TEST_CASE("a foreign program is told what it may not do", "[replica][foreign]") {
    Replica replica;
    replica.run("INSERT INTO contact(id) VALUES(42)");
    int status = 0;
    CHECK_THAT(replica.sqlite3("UPDATE contact SET id=43;", &status),
               Catch::Contains("kontor: the id of a record cannot be changed"));
    CHECK(status != 0);
    CHECK_THAT(replica.sqlite3("UPDATE contact SET uid='x';", &status),
               Catch::Contains("kontor: the uid of a record cannot be changed"));
    CHECK(status != 0);
}

TEST_CASE("a foreign program reads while we write, and waits to write", "[replica][foreign]") {
    Replica replica;
    replica.run("INSERT INTO contact(id,phone) VALUES(42,'138')");
    replica.run("BEGIN IMMEDIATE; UPDATE contact SET phone='139'");
    CHECK(replica.sqlite3("SELECT phone FROM contact;") == "138\n");
    auto writer = std::async(std::launch::async, [&] {
        return replica.sqlite3("UPDATE contact SET email='a' WHERE phone='139' RETURNING id;");
    });
    replica.run("COMMIT");
    CHECK(writer.get() == "42\n");
    CHECK(replica.history() ==
          Lines{"contact 42 - i NULL", "contact 42 phone u '138'", "contact 42 email u NULL"});
}

TEST_CASE("a foreign program's dump and trusted_schema=OFF do no harm", "[replica][foreign]") {
    Replica replica;
    CHECK(replica
              .sqlite3("PRAGMA trusted_schema=OFF; INSERT INTO contact(last_name) VALUES('Li');"
                       "UPDATE contact SET last_name='Wu'; DELETE FROM contact;")
              .empty());
    CHECK(replica.history().size() == 4);
}

}  // namespace kontor::replica
