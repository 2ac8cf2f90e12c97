// Edits by plain SQL: whatever statement makes them, from whatever program, history and tombstones
// say what happened, and a rollback leaves nothing.
#include "sync/replica/triggers.hpp"

#include <catch2/catch.hpp>

#include "tests/sync/replica/support.hpp"

namespace kontor::replica {

using test::Replica;
using Lines = std::vector<std::string>;

namespace {

/// A replica with contact 42 and an empty memory of how it came.
struct WithContact : Replica {
    WithContact() {
        run("INSERT INTO contact(id,last_name,phone) VALUES(42,'Li','138')");
        uid = one("SELECT uid FROM contact WHERE id=42");
        start = last_seq();
    }
    [[nodiscard]] Lines news() const { return history(start); }
    [[nodiscard]] std::string uid_now() const { return one("SELECT uid FROM contact WHERE id=42"); }

    std::string uid;
    std::int64_t start = 0;
};

}  // namespace

TEST_CASE("an insert is one entry and gives a uid", "[replica][triggers]") {
    Replica replica;
    replica.run(
        "INSERT INTO contact(last_name) VALUES('Li'),('王'); INSERT INTO deal DEFAULT VALUES");
    CHECK(replica.history() ==
          Lines{"contact 1 - i NULL", "contact 2 - i NULL", "deal 1 - i NULL"});
    CHECK(replica.one("SELECT count(DISTINCT uid) FROM contact WHERE length(uid)=32") == "2");
    CHECK(replica.one("SELECT count(*) FROM kontor_history WHERE actor IS NOT NULL OR run IS NOT "
                      "NULL OR length(at)<>24 OR at NOT LIKE '____-__-__T__:__:__.___Z'") == "0");
}

TEST_CASE("a given uid is kept if nobody else has it", "[replica][triggers]") {
    Replica replica;
    const std::string uid = "0123456789abcdef0123456789abcdef";
    replica.run("INSERT INTO contact(uid) VALUES('" + uid + "')");
    CHECK(replica.one("SELECT uid FROM contact") == uid);

    // A copy of a record is another record; two with one key would become one at a remote.
    replica.run("INSERT INTO contact(uid,last_name) SELECT uid,last_name FROM contact");
    CHECK(replica.one("SELECT uid FROM contact WHERE id=1") == uid);
    CHECK(replica.one("SELECT count(DISTINCT uid) FROM contact WHERE length(uid)=32") == "2");

    replica.run("INSERT INTO contact(uid) VALUES('my key'),(x'00'),(7)");
    CHECK(replica.one("SELECT count(DISTINCT uid) FROM contact WHERE length(uid)=32") == "5");
}

TEST_CASE("an update is one entry a changed field, with the old value", "[replica][triggers]") {
    WithContact replica;
    replica.run("UPDATE contact SET last_name='Li', phone='139', email='a@b.example'");
    CHECK(replica.news() == Lines{"contact 42 email u NULL", "contact 42 phone u '138'"});
}

TEST_CASE("null, empty text, blobs and wrong types are kept apart", "[replica][triggers]") {
    WithContact replica;
    replica.run(
        "UPDATE contact SET phone=''; UPDATE contact SET phone=NULL;"
        "UPDATE contact SET phone=x'3133'; UPDATE contact SET phone='13';"
        "UPDATE contact SET email_opt_out='maybe'; UPDATE contact SET email_opt_out='1';"
        "UPDATE contact SET email_opt_out=1.0; UPDATE contact SET email_opt_out=1.5;"
        "UPDATE contact SET exchange_rate=7; UPDATE contact SET exchange_rate=7.0;"
        "UPDATE contact SET exchange_rate=-0.0; UPDATE contact SET exchange_rate=0;");
    CHECK(replica.news() ==
          Lines{"contact 42 phone u '138'", "contact 42 phone u ''", "contact 42 phone u NULL",
                "contact 42 phone u X'3133'", "contact 42 email_opt_out u NULL",
                "contact 42 email_opt_out u 'maybe'", "contact 42 email_opt_out u 1",
                "contact 42 exchange_rate u NULL", "contact 42 exchange_rate u 7.0"});
    CHECK(replica.one("SELECT phone,typeof(email_opt_out),email_opt_out FROM contact") ==
          "13|real|1.5");
}

TEST_CASE("what counts as a change goes by the column, not by the columns beside it",
          "[replica][triggers]") {
    const auto first =
        GENERATE(remote::FieldType::kInteger, remote::FieldType::kReal, remote::FieldType::kText);
    Replica replica;
    Entity mixed;
    mixed.name = "mixed";
    for (const auto& [name, type] :
         {std::pair("leading", first), std::pair("words", remote::FieldType::kText),
          std::pair("amount", remote::FieldType::kInteger)}) {
        Field f;
        f.name = name;
        f.type = type;
        mixed.fields.push_back(f);
    }
    replica.run("BEGIN");
    REQUIRE(ensure_entity(replica.db(), mixed));
    replica.run("COMMIT; INSERT INTO mixed(id,words,amount) VALUES(1,'01','01')");
    std::int64_t seq = replica.last_seq();
    SECTION("by an update") {
        for (const char* set :
             {"words='1'", "words='1.0'", "words=x'31'", "amount='1'", "amount=1.0", "amount='1x'"})
            replica.run(std::string("UPDATE mixed SET ") + set);
    }
    SECTION("by a replace") {
        for (const char* row : {"'1',1", "'1.0',1", "x'31',1", "x'31','1x'"})
            replica.run(std::string("REPLACE INTO mixed(id,words,amount) VALUES(1,") + row + ")");
    }
    CHECK(replica.history(seq) == Lines{"mixed 1 words u '01'", "mixed 1 words u '1'",
                                        "mixed 1 words u '1.0'", "mixed 1 amount u 1"});
}

TEST_CASE("a delete keeps every value and leaves a tombstone", "[replica][triggers]") {
    WithContact replica;
    replica.run("DELETE FROM contact");
    CHECK(replica.news() ==
          Lines{"contact 42 last_name d 'Li'", "contact 42 phone d '138'", "contact 42 - d (uid)"});
    CHECK(replica.one("SELECT old FROM kontor_history WHERE op='d' AND field IS NULL") ==
          replica.uid);
    CHECK(replica.one("SELECT record,uid,image FROM kontor_tombstone") ==
          "42|" + replica.uid + "|");
}

TEST_CASE("the id of a record cannot be changed", "[replica][triggers]") {
    WithContact replica;
    for (const char* sql :
         {"UPDATE contact SET id=43", "UPDATE contact SET rowid=43",
          "UPDATE contact SET _rowid_=43", "UPDATE OR IGNORE contact SET id=43",
          "UPDATE OR REPLACE contact SET id=43",
          "INSERT INTO contact(id) VALUES(42) ON CONFLICT(id) DO UPDATE SET id=43"}) {
        const auto done = replica.db().execute(sql);
        REQUIRE_FALSE(done);
        CHECK_THAT(done.error().message,
                   Catch::EndsWith("kontor: the id of a record cannot be changed"));
    }
    replica.run("UPDATE contact SET id=id, phone='139'");
    CHECK(replica.news() == Lines{"contact 42 phone u '138'"});
}

TEST_CASE("a program cannot choose an id behind which there is no other", "[replica][triggers]") {
    WithContact replica;
    for (const char* sql :
         {"INSERT INTO contact(id) VALUES(9223372036854775807)",
          "INSERT OR REPLACE INTO contact(id) VALUES(1000000000000001)",
          "INSERT INTO contact(id) VALUES(0)", "INSERT INTO contact(id) VALUES(-1)",
          "INSERT OR IGNORE INTO contact(id) VALUES(-7)"}) {
        INFO(sql);
        const auto done = replica.db().execute(sql);
        REQUIRE_FALSE(done);
        CHECK_THAT(done.error().message,
                   Catch::EndsWith("the id of a record is a number from 1 to 1000000000000000"));
    }
    CHECK(replica.news().empty());
    replica.run("INSERT INTO contact(id) VALUES(1000000000000000)");
    replica.run("INSERT INTO contact(phone) VALUES('9')");
    CHECK(replica.one("SELECT id FROM contact WHERE phone='9'") == "1000000000000001");
}

TEST_CASE("a uid cannot be changed or removed", "[replica][triggers]") {
    WithContact replica;
    for (const char* sql : {"UPDATE contact SET uid=NULL", "UPDATE contact SET uid='x'",
                            "UPDATE contact SET uid='0123456789abcdef0123456789abcdef'"}) {
        const auto done = replica.db().execute(sql);
        REQUIRE_FALSE(done);
        CHECK_THAT(done.error().message,
                   Catch::EndsWith("kontor: the uid of a record cannot be changed"));
    }
    replica.run("UPDATE contact SET uid=uid");
    CHECK(replica.uid_now() == replica.uid);

    // A record that came from a remote has none, and may get one.
    const Database engine = replica.open(Access::kEngine);
    Replica::run_on(engine, "UPDATE contact SET uid=NULL");
    replica.run("UPDATE contact SET uid='0123456789abcdef0123456789abcdef'");
    CHECK(replica.uid_now() == "0123456789abcdef0123456789abcdef");
}

TEST_CASE("INSERT OR REPLACE is an update of the same record", "[replica][triggers]") {
    const auto recursive = GENERATE("OFF", "ON");
    WithContact replica;
    replica.run(std::string("PRAGMA recursive_triggers=") + recursive);

    replica.run("INSERT OR REPLACE INTO contact(id,last_name,email) VALUES(42,'Li','a@b.example')");
    CHECK(replica.news() == Lines{"contact 42 email u NULL", "contact 42 phone u '138'"});
    CHECK(replica.uid_now() == replica.uid);
    CHECK(replica.one("SELECT count(*) FROM kontor_tombstone") == "0");
    CHECK(replica.one("SELECT count(*) FROM kontor_replaced") == "0");

    SECTION("also when it brings a uid of its own") {
        replica.run(
            "REPLACE INTO contact(id,uid,last_name,email)"
            " VALUES(42,'0123456789abcdef0123456789abcdef','Li','a@b.example')");
        CHECK(replica.uid_now() == replica.uid);
        CHECK(replica.news().size() == 2);
    }
    SECTION("and an insert where there is no such record") {
        replica.run("REPLACE INTO contact(id,last_name) VALUES(42,'Li'),(43,'Wu'),(NULL,'He')");
        CHECK(replica.history(replica.start + 2) == Lines{"contact 42 email u 'a@b.example'",
                                                          "contact 43 - i NULL",
                                                          "contact 44 - i NULL"});
    }
    SECTION("of a record from a remote, which gets no uid by it") {
        Replica::run_on(replica.open(Access::kEngine), "UPDATE contact SET uid=NULL");
        replica.run("REPLACE INTO contact(id,last_name,email) VALUES(42,'Lee','a@b.example')");
        CHECK(replica.uid_now() == "∅");
        CHECK(replica.history(replica.start + 2) == Lines{"contact 42 last_name u 'Li'"});
    }
    SECTION("of values of other types") {
        replica.run("REPLACE INTO contact(id,last_name,email) VALUES(42,x'4c69',5)");
        CHECK(replica.history(replica.start + 2) ==
              Lines{"contact 42 last_name u 'Li'", "contact 42 email u 'a@b.example'"});
        CHECK(replica.one("SELECT typeof(last_name),typeof(email) FROM contact") == "blob|text");
    }
}

TEST_CASE("an UPSERT is an update", "[replica][triggers]") {
    WithContact replica;
    replica.run(
        "INSERT INTO contact(id,phone) VALUES(42,'139'),(43,'5')"
        " ON CONFLICT(id) DO UPDATE SET phone=excluded.phone");
    CHECK(replica.news() == Lines{"contact 42 phone u '138'", "contact 43 - i NULL"});
    CHECK(replica.uid_now() == replica.uid);
    CHECK(replica.one("SELECT count(*) FROM kontor_replaced") == "0");
}

TEST_CASE("an insert that is ignored leaves no entry and disturbs none", "[replica][triggers]") {
    WithContact replica;
    const auto ignored = GENERATE(
        "INSERT OR IGNORE INTO contact(id,phone) VALUES(42,'139')",
        "INSERT INTO contact(id,phone) VALUES(42,'139') ON CONFLICT DO NOTHING",
        "INSERT INTO contact(id) VALUES(42) ON CONFLICT(id) DO UPDATE SET phone='1' WHERE 0");
    replica.run(ignored);
    CHECK(replica.news().empty());

    SECTION("an update after it") {
        replica.run("UPDATE contact SET phone='140'");
        CHECK(replica.news() == Lines{"contact 42 phone u '138'"});
    }
    SECTION("a replace after it") {
        replica.run("UPDATE contact SET email='x'; " + std::string(ignored) +
                    "; REPLACE INTO contact(id,last_name) VALUES(42,'Li')");
        CHECK(replica.news() == Lines{"contact 42 email u NULL", "contact 42 email u 'x'",
                                      "contact 42 phone u '138'"});
    }
    SECTION("a delete and an insert after it") {
        replica.run("DELETE FROM contact; INSERT INTO contact(id,last_name) VALUES(42,'Wu')");
        CHECK(replica.news() == Lines{"contact 42 last_name d 'Li'", "contact 42 phone d '138'",
                                      "contact 42 - d (uid)", "contact 42 - i NULL"});
        CHECK(replica.uid_now() == replica.uid);
        CHECK(replica.one("SELECT count(*) FROM kontor_tombstone") == "0");
    }
    SECTION("even if ids are given out again") {
        replica.run(
            "DELETE FROM contact; DELETE FROM sqlite_sequence;"
            "INSERT INTO contact(id,last_name) VALUES(41,'He');"
            "INSERT INTO contact(last_name,phone) VALUES('Wu','138');");
        // The record's entries add up to what it is now, whichever way they tell it.
        CHECK(replica.one("SELECT id,last_name,phone FROM contact WHERE id=42") == "42|Wu|138");
        CHECK(replica.news() == Lines{"contact 41 - i NULL", "contact 42 last_name u 'Li'"});
        CHECK(replica.one("SELECT count(*) FROM kontor_tombstone") == "0");
    }
}

TEST_CASE("a rollback leaves nothing", "[replica][triggers]") {
    WithContact replica;
    replica.run(
        "BEGIN; UPDATE contact SET phone='1'; REPLACE INTO contact(id) VALUES(42);"
        "INSERT INTO contact(last_name) VALUES('Wu'); DELETE FROM contact; ROLLBACK");
    CHECK(replica.news().empty());
    CHECK(replica.one("SELECT count(*) FROM kontor_tombstone") == "0");
    CHECK(replica.one("SELECT count(*) FROM kontor_replaced") == "0");
    CHECK(replica.one("SELECT last_name,phone FROM contact") == "Li|138");
}

TEST_CASE("a failing statement leaves nothing of itself", "[replica][triggers]") {
    WithContact replica;
    CHECK_FALSE(replica.db().execute("INSERT INTO contact(id,phone) VALUES(43,'1'),(42,'2')"));
    CHECK(replica.news().empty());
    CHECK(replica.one("SELECT count(*) FROM contact") == "1");
}

TEST_CASE("the engine's handle fires no trigger", "[replica][triggers]") {
    WithContact replica;
    const Database engine = replica.open(Access::kEngine);
    Replica::run_on(engine, "UPDATE contact SET phone='1'; INSERT INTO contact(id) VALUES(7)");
    CHECK(replica.news().empty());
    CHECK(replica.one("SELECT uid FROM contact WHERE id=7") == "∅");
}

TEST_CASE("entities with very many fields are captured whole", "[replica][triggers]") {
    Replica replica;
    Entity wide;
    wide.name = "wide";
    std::string set;
    for (int i = 0; i < 1000; ++i) {
        Field f;
        f.name = "f" + std::to_string(i);
        wide.fields.push_back(f);
        set += (i != 0 ? "," : "") + f.name + "='" + std::to_string(i) + "'";
    }
    replica.run("BEGIN");
    REQUIRE(ensure_entity(replica.db(), wide));
    replica.run("COMMIT; INSERT INTO wide(id) VALUES(1)");
    std::int64_t seq = replica.last_seq();
    replica.run("UPDATE wide SET " + set);
    CHECK(replica.history(seq).size() == 1000);
    seq = replica.last_seq();
    replica.run("REPLACE INTO wide(id,f7,f999) VALUES(1,'7','x')");
    CHECK(replica.history(seq).size() == 999);
    seq = replica.last_seq();
    replica.run("DELETE FROM wide");
    CHECK(replica.history(seq) ==
          Lines{"wide 1 f7 d '7'", "wide 1 f999 d 'x'", "wide 1 - d (uid)"});
}

}  // namespace kontor::replica
