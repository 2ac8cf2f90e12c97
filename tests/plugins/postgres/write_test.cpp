// What the connector writes into a real database, and what it tells of what was refused.
#include <catch2/catch.hpp>

#include "tests/plugins/postgres/database.hpp"

using namespace kontor;
using namespace kontor::test;
using remote::PushStatus;

namespace {

using Lines = std::vector<std::string>;

std::vector<remote::PushResult> push(remote::Remote& remote, const std::string& stream,
                                     const std::vector<remote::Change>& changes) {
    auto results = remote.push(stream, changes);
    if (!results) FAIL(results.error().message);
    REQUIRE(results->size() == changes.size());
    return *results;
}

Seen fetch(remote::Remote& remote, const std::string& stream, const std::string& id) {
    Sink sink({"name"});
    const Lines fields{"name"};
    const Lines ids{id};
    REQUIRE(remote.fetch(stream, fields, ids, sink));
    REQUIRE(sink.records.size() == 1);
    return sink.records.front();
}

constexpr const char* kTable =
    "CREATE TABLE p (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(10) NOT NULL,"
    " email text UNIQUE, amount numeric(10,2), tags text[], at timestamptz, extra jsonb, ok bool,"
    " kontor_id text UNIQUE, updated_at timestamptz NOT NULL DEFAULT now())";

}  // namespace

TEST_CASE("records are created, updated and deleted in one go", "[postgres]") {
    Database database;
    database.sql(kTable);
    const auto remote = database.open();
    const auto made = push(*remote, "p",
                           {create("k1", {{"name", Value("O'Hara")},
                                          {"amount", Value("12.5")},
                                          {"tags", Value(R"(["a","b\"c"])")},
                                          {"at", Value("2026-05-20T02:00:00.123Z")},
                                          {"extra", Value(R"({"a":1})")},
                                          {"ok", Value(std::int64_t{1})}}),
                            create("k2", {{"name", Value("张三")}, {"tags", Value::null()}})});
    CHECK(made[0].status == PushStatus::kOk);
    CHECK(database.sql("SELECT id, name, amount, tags, at AT TIME ZONE 'UTC', extra, ok, kontor_id"
                       " FROM p ORDER BY id") ==
          Lines{"1|O'Hara|12.50|{a,\"b\\\"c\"}|2026-05-20 02:00:00.123|{\"a\": 1}|t|k1",
                "2|张三||||||k2"});
    const auto one = fetch(*remote, "p", made[0].id);
    CHECK(one.version >= made[0].version);  // what we were told is not newer than what is read

    const auto two = fetch(*remote, "p", made[1].id);
    const auto changed = push(*remote, "p", {update(one, {{"name", Value("Ohara")}}), remove(two)});
    CHECK(changed[0].status == PushStatus::kOk);
    CHECK(changed[0].version > one.version);
    CHECK(changed[1].status == PushStatus::kOk);
    CHECK(database.sql("SELECT name FROM p") == Lines{"Ohara"});
}

TEST_CASE("a row that somebody else changed is left alone", "[postgres]") {
    Database database;
    const std::string version = GENERATE("", "rev", "stamp");
    INFO(version);
    database.options["version_column"] = version;
    database.sql(
        "CREATE TABLE p (id int PRIMARY KEY, name text, rev int NOT NULL DEFAULT 1,"
        " stamp timestamptz NOT NULL DEFAULT clock_timestamp());"
        "INSERT INTO p(id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')");
    const auto remote = database.open();
    const auto one = fetch(*remote, "p", "1");
    const auto two = fetch(*remote, "p", "2");
    const auto three = fetch(*remote, "p", "3");
    database.sql(
        "UPDATE p SET name = 'theirs', rev = rev + 1, stamp = clock_timestamp()"
        " WHERE id = 1; DELETE FROM p WHERE id = 3");
    const auto results = push(*remote, "p",
                              {update(one, {{"name", Value("ours")}}),
                               update(two, {{"name", Value("bb")}}), remove(three), remove(one)});
    CHECK(results[0].status == PushStatus::kChanged);
    CHECK(results[1].status == PushStatus::kOk);
    CHECK(results[2].status == PushStatus::kMissing);
    CHECK(results[3].status == PushStatus::kChanged);
    CHECK(database.sql("SELECT name FROM p ORDER BY id") == Lines{"theirs", "bb"});
    // What was told is good for the next write.
    auto now = two;
    now.version = results[1].version;
    CHECK(push(*remote, "p", {update(now, {{"name", Value("bbb")}})})[0].status == PushStatus::kOk);
    CHECK(push(*remote, "p", {update(now, {{"name", Value("b4")}})})[0].status ==
          PushStatus::kChanged);
    if (version == "rev") CHECK(database.sql("SELECT rev FROM p WHERE id = 2") == Lines{"3"});
}

TEST_CASE("one bad record does not keep the others back", "[postgres]") {
    Database database;
    database.sql(std::string(kTable) +
                 "; ALTER TABLE p ADD CONSTRAINT positive CHECK (amount > 0);"
                 "INSERT INTO p(name, email) VALUES ('there', 'a@example.com')");
    const auto remote = database.open();
    const auto results =
        push(*remote, "p",
             {create("k1", {{"name", Value("good")}}),
              create("k2", {{"name", Value("twin")}, {"email", Value("a@example.com")}}),
              create("k3", {{"email", Value("b@example.com")}}),
              create("k4", {{"name", Value("much too long")}}),
              create("k5", {{"name", Value("minus")}, {"amount", Value(std::int64_t{-1})}}),
              create("k6", {{"name", Value("late")}, {"at", Value("no instant")}}),
              create("k7", {{"name", Value("last")}})});
    CHECK(results[0].status == PushStatus::kOk);
    CHECK(results[1].status == PushStatus::kDuplicate);
    CHECK(results[1].code == "23505");
    CHECK(results[2].status == PushStatus::kInvalid);
    CHECK(results[2].field == "name");
    CHECK(results[3].status == PushStatus::kInvalid);
    CHECK(results[3].code == "22001");
    CHECK(results[4].status == PushStatus::kInvalid);
    CHECK(results[5].status == PushStatus::kInvalid);
    CHECK(results[5].message.find("no instant") == std::string::npos);
    CHECK(results[6].status == PushStatus::kOk);
    CHECK(database.sql("SELECT name FROM p ORDER BY name") == Lines{"good", "last", "there"});
}

TEST_CASE("a create that is sent again makes no second row", "[postgres]") {
    Database database;
    database.sql(kTable);
    const auto remote = database.open();
    const auto first = push(*remote, "p", {create("k1", {{"name", Value("once")}})});
    const auto again =
        push(*remote, "p",
             {create("k1", {{"name", Value("once")}}), create("k2", {{"name", Value("two")}})});
    CHECK(again[0].status == PushStatus::kOk);
    CHECK(again[0].id == first[0].id);
    CHECK(database.sql("SELECT count(*) FROM p") == Lines{"2"});
    Sink found({"name", "kontor_id"});
    const Lines fields{"name", "kontor_id"};
    const Lines keys{"k1", "nobody's"};
    REQUIRE(remote->find("p", fields, "kontor_id", keys, found));
    CHECK(found.ids() == Lines{first[0].id});
}

// From a hundred on they go by COPY; the result must not depend on that.
TEST_CASE("many new records go in together, whatever their values look like", "[postgres][copy]") {
    Database database;
    database.options["time_zone"] = "Asia/Shanghai";
    database.sql(
        "CREATE TYPE mood AS ENUM ('calm', 'cross');"
        "CREATE TABLE p (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
        " name varchar(10), code char(3), mood mood, moods mood[], tags text[], n int8,"
        " amount numeric(6,2), ok bool, here timestamp, extra jsonb, ref uuid, r float8,"
        " kontor_id text UNIQUE, updated_at timestamptz NOT NULL)");
    const auto remote = database.open();
    const auto size = GENERATE(std::size_t{3}, std::size_t{150});
    std::vector<remote::Change> changes;
    for (std::size_t i = 0; i < size; ++i)
        changes.push_back(
            create("k" + std::to_string(i), {{"name", Value("a\t\\N\n" + std::to_string(i))},
                                             {"code", Value("xyz")},
                                             {"mood", Value("cross")},
                                             {"moods", Value(R"(["calm"])")},
                                             {"tags", Value(R"(["a\\b","c\"d"])")},
                                             {"n", Value(static_cast<std::int64_t>(i))},
                                             {"amount", Value("12.345")},
                                             {"ok", Value(std::int64_t{0})},
                                             {"here", Value("2026-05-20T02:00:00.000Z")},
                                             {"extra", Value(R"({"a":"\\"})")},
                                             {"ref", Value("01234567-89ab-cdef-0123-456789abcdef")},
                                             {"r", i % 2 == 0 ? Value::null() : Value(0.1)}}));
    const auto made = push(*remote, "p", changes);
    for (std::size_t i = 0; i < size; ++i) {
        CHECK(made[i].status == PushStatus::kOk);
        CHECK(made[i].id == std::to_string(i + 1));
        CHECK_FALSE(made[i].version.empty());
    }
    CHECK(database.sql("SELECT count(*) FROM p WHERE name = E'a\\t\\\\N\\n' || n AND code = 'xyz'"
                       " AND mood = 'cross' AND moods = '{calm}'"
                       " AND tags = ARRAY[E'a\\\\b', 'c\"d'] AND amount = 12.35 AND NOT ok"
                       " AND here = '2026-05-20 10:00:00' AND extra ->> 'a' = E'\\\\'"
                       " AND kontor_id = 'k' || n AND (r IS NULL) = (n % 2 = 0)"
                       " AND updated_at > now() - interval '1 minute'") ==
          Lines{std::to_string(size)});
    // Again, as after a lost answer; one of them is new, and one no longer fits.
    changes[1].key = "new";
    auto again = push(*remote, "p", changes);
    CHECK(again[0].id == "1");
    CHECK(again[1].id != "2");
    CHECK(again[2].status == PushStatus::kOk);
    changes[1].key = "newer";
    changes[1].fields[7].value = Value("much too long a name");
    again = push(*remote, "p", changes);
    CHECK(again[0].status == PushStatus::kOk);
    CHECK(again[1].status == PushStatus::kInvalid);
    CHECK(database.sql("SELECT count(*) FROM p") == Lines{std::to_string(size + 1)});
}

TEST_CASE("our writes are seen by others that go by the modified column", "[postgres]") {
    Database database;
    database.sql(std::string(kTable) +
                 "; INSERT INTO p(name, updated_at) VALUES ('a', '2001-01-01')");
    const auto remote = database.open();
    push(*remote, "p", {update(fetch(*remote, "p", "1"), {{"name", Value("b")}})});
    CHECK(database.sql("SELECT updated_at > now() - interval '1 minute' FROM p") == Lines{"t"});
}

TEST_CASE("what we may not write is forbidden, what others lock is tried later", "[postgres]") {
    Database database;
    database.sql("CREATE TABLE p (id int PRIMARY KEY, name text); INSERT INTO p VALUES (1, 'a')");
    const auto remote = database.open();
    const auto one = fetch(*remote, "p", "1");
    SECTION("forbidden") {
        database.sql_as_administrator(
            "ALTER TABLE t.p OWNER TO postgres;"
            "GRANT SELECT ON t.p TO kontor");
        const auto results = push(*remote, "p", {update(one, {{"name", Value("b")}})});
        CHECK(results[0].status == PushStatus::kForbidden);
    }
    SECTION("locked") {
        Database::Transaction other(database, "SELECT * FROM p FOR UPDATE");
        const auto results = push(*remote, "p", {update(one, {{"name", Value("b")}})});
        CHECK(results[0].status == PushStatus::kLocked);
        other.commit();
        CHECK(push(*remote, "p", {update(one, {{"name", Value("b")}})})[0].status ==
              PushStatus::kOk);
    }
    SECTION("refused at the end only") {
        database.sql(
            "CREATE TABLE q (id int PRIMARY KEY, p int REFERENCES p DEFERRABLE INITIALLY"
            " DEFERRED)");
        CHECK(remote->describe());
        const auto results =
            push(*remote, "q", {create("", {{"id", Value(std::int64_t{1})}, {"p", Value("77")}})});
        CHECK(results[0].status == PushStatus::kInvalid);
        CHECK(database.sql("SELECT count(*) FROM q") == Lines{"0"});
    }
}

TEST_CASE("names and values are never SQL", "[postgres]") {
    Database database;
    database.sql(R"(CREATE TABLE "we""ird; DROP" (id text PRIMARY KEY, "na""me" text, "两" text))");
    const auto remote = database.open();
    const std::string stream = "we\"ird; DROP";
    const std::string evil = "'); DROP TABLE x; --\\";
    const auto made =
        push(*remote, stream,
             {create("", {{"id", Value(evil)}, {"na\"me", Value(evil)}, {"两", Value(evil)}})});
    CHECK(made[0].status == PushStatus::kOk);
    CHECK(made[0].id == evil);
    Sink sink({"na\"me"});
    pull(*remote, stream, {"na\"me"}, "", sink);
    REQUIRE(sink.records.size() == 1);
    CHECK(sink.records[0].fields.at("na\"me") == Value(evil));
}
