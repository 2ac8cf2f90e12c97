// What the connector tells of a real database: descriptions, values in canonical form, changes. The
// server is PostgreSQL of Debian; other programs' transactions are psql's.
#include <catch2/catch.hpp>

#include "tests/plugins/postgres/database.hpp"

using namespace kontor;
using namespace kontor::test;
using remote::Fact;

namespace {

using Ids = std::vector<std::string>;

std::string text(const Seen* seen, const char* field) {
    REQUIRE(seen != nullptr);
    REQUIRE(seen->fields.contains(field));
    return seen->fields.at(field).text();
}

}  // namespace

TEST_CASE("the database is known by its cluster and itself", "[postgres]") {
    Database database;
    const auto who = database.open()->check();
    if (!who) FAIL(who.error().message);
    CHECK(who->org_name == "crm");
    CHECK(who->user_name == "kontor");
    CHECK(who->org_id.size() > 10);
    const auto now =
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    CHECK(std::chrono::abs(who->server_time - now) < std::chrono::minutes(1));
}

TEST_CASE("a wrong password is told as one, and stays out of the log", "[postgres]") {
    Database database;
    database.secrets.texts["m:password"] = "mistyped-password";
    const auto who = database.open()->check();
    REQUIRE_FALSE(who);
    CHECK(who.error().code == Errc::kUnauthenticated);
    CHECK(who.error().message.find("mistyped") == std::string::npos);
    CHECK(database.log.text.find("mistyped") == std::string::npos);
    database.secrets.texts.clear();
    CHECK_FALSE(database.try_open());
}

TEST_CASE("tables are described as the catalogue has them", "[postgres]") {
    Database database;
    database.sql(
        "CREATE TYPE mood AS ENUM ('calm', 'cross');"
        "CREATE DOMAIN postcode AS varchar(6) NOT NULL;"
        "CREATE TABLE companies (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
        "  name varchar(80) NOT NULL);"
        "CREATE TABLE contacts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
        "  last_name text NOT NULL, email text UNIQUE, companies_id bigint REFERENCES companies,"
        "  mood mood DEFAULT 'calm', amount numeric(12,2), born date, tags text[], extra jsonb,"
        "  photo bytea, span interval, zip postcode, twice bigint GENERATED ALWAYS AS (1) STORED,"
        "  kontor_id text UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());"
        "COMMENT ON COLUMN contacts.last_name IS '姓';"
        "CREATE VIEW names AS SELECT last_name FROM contacts;"
        "CREATE TABLE log (line text)");
    const auto remote = database.open();
    const auto streams = remote->describe();
    if (!streams) FAIL(streams.error().message);
    REQUIRE(streams->size() == 2);  // neither the view nor the table without a key
    CHECK(database.log.text.find("postgres.no_key table=log") != std::string::npos);
    const auto& contacts = (*streams)[1];
    CHECK(contacts.entity_hint == "contact");
    CHECK(contacts.can.create);
    CHECK(contacts.can.update);
    CHECK(contacts.can.remove);
    CHECK(contacts.can.cas == remote::CompareAndSet::kBatch);
    CHECK(contacts.can.key_field == "kontor_id");
    CHECK_FALSE(contacts.can.deleted_feed);
    CHECK(contacts.field("id") == nullptr);
    CHECK(contacts.field("photo") == nullptr);
    CHECK(contacts.field("last_name")->required);
    CHECK(contacts.field("last_name")->label.zh == "姓");
    CHECK(contacts.field("email")->type == remote::FieldType::kEmail);
    CHECK(contacts.field("email")->unique);
    CHECK(contacts.field("companies_id")->references == Ids{"companies"});
    CHECK(contacts.field("companies_id")->column_hint == "account_id");
    CHECK(contacts.field("last_name")->column_hint == "last_name");
    CHECK(contacts.field("mood")->choices.size() == 2);
    CHECK(contacts.field("amount")->precision == 12);
    CHECK(contacts.field("amount")->scale == 2);
    CHECK(contacts.field("tags")->type == remote::FieldType::kList);
    CHECK(contacts.field("extra")->type == remote::FieldType::kJson);
    CHECK(contacts.field("span")->read_only);
    CHECK(contacts.field("twice")->read_only);
    CHECK(contacts.field("updated_at")->read_only);
    CHECK(contacts.field("zip")->max_length == 6);
    CHECK(contacts.field("zip")->required);
    CHECK((*streams)[0].field("name")->max_length == 80);
}

TEST_CASE("what may not be read is not described, what may not be written is read-only",
          "[postgres]") {
    Database database;
    database.sql_as_administrator(
        "SET search_path = t; CREATE TABLE theirs (id int PRIMARY KEY, open text, secret text);"
        "CREATE TABLE hidden (id int PRIMARY KEY); GRANT SELECT (id, open) ON theirs TO kontor;"
        "INSERT INTO theirs VALUES (1, 'a', 'b')");
    const auto streams = database.open()->describe();
    REQUIRE(streams);
    REQUIRE(streams->size() == 1);
    const auto& theirs = streams->front();
    CHECK_FALSE(theirs.can.create);
    CHECK_FALSE(theirs.can.update);
    CHECK_FALSE(theirs.can.remove);
    CHECK(theirs.field("open")->read_only);
    CHECK(theirs.field("secret") == nullptr);
    Sink sink({"open"});
    pull(*database.open(), "theirs", {"open"}, "", sink);
    CHECK(text(sink.find("1"), "open") == "a");

    database.options["tables"] = {"theirs", "hidden"};
    const auto refused = database.open()->describe();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("hidden") != std::string::npos);
}

TEST_CASE("values cross in canonical form", "[postgres]") {
    Database database;
    database.options["time_zone"] = "Asia/Shanghai";
    database.sql(
        "CREATE TABLE v (id int PRIMARY KEY, i int8, r float8, d numeric, b bool, day date,"
        " at timestamptz, here timestamp, tags text[], extra jsonb, c char(5), u uuid);"
        "INSERT INTO v VALUES (1, -9223372036854775808, 0.1, 12.500, true, '2026-02-28',"
        " '2026-05-20 10:00:00.1234+08', '2026-05-20 10:00:00', '{b,a,b,\"x,\\\"y\"}',"
        " '{\"b\": 1.50, \"a\": [1]}', 'ab', '01234567-89ab-cdef-0123-456789abcdef'),"
        " (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),"
        " (3, 0, 'NaN', 'NaN', false, 'infinity', '-infinity', '0044-03-15 BC', '{}', 'null', '', "
        "NULL),"
        " (4, 7, 1e300, 100, false, '0001-01-01', '9999-12-31 23:59:59.999999+00', NULL, NULL, "
        "'1', '张三', NULL)");
    const Ids fields{"i", "r", "d", "b", "day", "at", "here", "tags", "extra", "c", "u"};
    Sink sink(fields);
    pull(*database.open(), "v", fields, "", sink);
    REQUIRE(sink.records.size() == 4);
    const auto& one = sink.find("1")->fields;
    CHECK(one.at("i") == Value(std::numeric_limits<std::int64_t>::min()));
    CHECK(one.at("r") == Value(0.1));
    CHECK(one.at("d") == Value("12.5"));
    CHECK(one.at("b") == Value(std::int64_t{1}));
    CHECK(one.at("day") == Value("2026-02-28"));
    CHECK(one.at("at") == Value("2026-05-20T02:00:00.123Z"));
    CHECK(one.at("here") == Value("2026-05-20T02:00:00.000Z"));
    CHECK(one.at("tags") == Value(R"(["a","b","x,\"y"])"));
    CHECK(one.at("extra") == Value(R"({"a":[1],"b":1.5})"));
    CHECK(one.at("c") == Value("ab"));
    CHECK(one.at("u") == Value("01234567-89ab-cdef-0123-456789abcdef"));
    for (const auto& [name, value] : sink.find("2")->fields) CHECK(value.is_null());
    CHECK(sink.find("2")->fields.size() == fields.size());
    // What has no canonical form is left out: null would wipe it.
    const auto& three = sink.find("3")->fields;
    for (const auto* name : {"r", "d", "day", "at", "here"}) CHECK_FALSE(three.contains(name));
    CHECK(three.at("tags") == Value("[]"));
    const auto& four = sink.find("4")->fields;
    CHECK(four.at("d") == Value(std::int64_t{100}));
    CHECK(four.at("at") == Value("9999-12-31T23:59:59.999Z"));
    CHECK(four.at("c") == Value("张三"));
}

TEST_CASE("a first load pages by the key and is resumed where it was cut off", "[postgres]") {
    Database database;
    // 9 is before 10, and more rows than one statement reads.
    database.sql(
        "CREATE TABLE many (id int PRIMARY KEY, name text);"
        "INSERT INTO many SELECT n, 'n' || n FROM generate_series(1, 41000) n");
    const auto remote = database.open();
    Sink cut({"name"});
    cut.fail_after = 25;
    const Ids fields{"name"};
    const auto failed = remote->pull("many", fields, "", cut);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == Errc::kStorage);
    REQUIRE(cut.records.size() == 25'000);
    Sink rest({"name"});
    const auto cursor = pull(*remote, "many", {"name"}, cut.checkpoints.back(), rest);
    CHECK(rest.records.size() == 16'000);
    CHECK(rest.records.front().id == "25001");
    CHECK(rest.records.back().id == "41000");
    Sink none({"name"});
    pull(*remote, "many", {"name"}, cursor, none);
    CHECK(none.records.empty());
}

TEST_CASE("changes are found by the modified column, each kind of key", "[postgres]") {
    Database database;
    const bool composite = GENERATE(false, true);
    database.options["overlap_s"] = 0;
    database.sql(std::string("CREATE TABLE c (a text, b int, name text,"
                             " updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),"
                             " PRIMARY KEY (") +
                 (composite ? "a, b" : "a") +
                 "));"
                 "INSERT INTO c(a, b, name) VALUES ('x,\"1', 1, 'one'), ('y', 2, 'two')");
    const auto id = [&](const std::string& a, int b) {
        return composite ? nlohmann::json({a, std::to_string(b)}).dump() : a;
    };
    const auto remote = database.open();
    Sink all({"name"});
    auto cursor = pull(*remote, "c", {"name"}, "", all);
    CHECK(all.ids() ==
          Ids{std::min(id("x,\"1", 1), id("y", 2)), std::max(id("x,\"1", 1), id("y", 2))});
    database.sql("UPDATE c SET name = 'zwei', updated_at = clock_timestamp() WHERE a = 'y'");
    Sink changed({"name"});
    cursor = pull(*remote, "c", {"name"}, cursor, changed);
    CHECK(changed.ids() == Ids{id("y", 2)});
    CHECK(text(changed.find(id("y", 2)), "name") == "zwei");
    Sink again({"name"});
    pull(*remote, "c", {"name"}, cursor, again);
    CHECK(again.records.empty());

    Sink fetched({"name"});
    const Ids fields{"name"};
    const Ids ids{id("x,\"1", 1), id("nobody", 9), "[]"};
    REQUIRE(remote->fetch("c", fields, ids, fetched));
    CHECK(fetched.ids() == Ids{id("x,\"1", 1)});
    CHECK(fetched.ids(Fact::kMissing).size() == 2);
    Sink listed;
    CHECK(remote->list_ids("c", listed) == true);
    CHECK(listed.ids(Fact::kId).size() == 2);
}

TEST_CASE("an id that is no value of the key's type is missing, the others are found",
          "[postgres]") {
    Database database;
    database.sql(
        "CREATE TABLE n (id int PRIMARY KEY, name text);"
        "INSERT INTO n VALUES (1, 'a'), (2, 'b')");
    Sink sink({"name"});
    const Ids fields{"name"};
    const Ids ids{"1", "x'; DROP TABLE n; --", "99999999999999999999", "2"};
    REQUIRE(database.open()->fetch("n", fields, ids, sink));
    CHECK(sink.ids() == Ids{"1", "2"});
    CHECK(sink.ids(Fact::kMissing).size() == 2);
    CHECK(database.sql("SELECT count(*) FROM n") == Ids{"2"});
}

// A transaction stamps its rows when it begins and shows them when it ends. A pull in between has
// seen later stamps; the next one must look back to where the transaction began.
TEST_CASE("a row committed late with an earlier stamp is not missed", "[postgres][late]") {
    Database database;
    const std::string how = GENERATE("column", "transactions", "triggers");
    INFO(how);
    database.options["overlap_s"] = 0;
    if (how == "transactions") database.options["modified_column"] = "";
    if (how == "triggers") database.options["install_triggers"] = true;
    database.sql_as_administrator("GRANT pg_read_all_stats TO kontor");
    database.sql(
        "CREATE TABLE late (id int PRIMARY KEY, name text,"
        " updated_at timestamptz NOT NULL DEFAULT now());"
        "INSERT INTO late VALUES (1, 'one')");
    const auto remote = database.open();
    REQUIRE(remote->describe());
    Sink first({"name"});
    auto cursor = pull(*remote, "late", {"name"}, "", first);
    CHECK(first.ids() == Ids{"1"});
    Database::Transaction slow(database, "INSERT INTO late VALUES (2, 'slow')");
    database.sql("INSERT INTO late VALUES (3, 'quick')");
    Sink between({"name"});
    cursor = pull(*remote, "late", {"name"}, cursor, between);
    // The triggers' order waits for the slow one; the others show what is there.
    CHECK(between.ids() == (how == "triggers" ? Ids{} : Ids{"3"}));
    slow.commit();
    Sink after({"name"});
    cursor = pull(*remote, "late", {"name"}, cursor, after);
    CHECK(after.find("2") != nullptr);
    if (how == "triggers") CHECK(after.ids() == Ids{"2", "3"});
    Sink rest({"name"});
    pull(*remote, "late", {"name"}, cursor, rest);
    CHECK(rest.records.empty());
}

TEST_CASE("where others' transactions cannot be seen, a pull looks back further",
          "[postgres][late]") {
    Database database;
    database.sql_as_administrator("REVOKE pg_read_all_stats FROM kontor");
    database.options["overlap_s"] = 0;
    database.sql(
        "CREATE TABLE late (id int PRIMARY KEY, name text,"
        " updated_at timestamptz NOT NULL DEFAULT now())");
    const auto remote = database.open();
    Sink first({"name"});
    Database::Transaction slow(database, "INSERT INTO late VALUES (2, 'slow')");
    const auto cursor = pull(*remote, "late", {"name"}, "", first);
    slow.commit();
    Sink after({"name"});
    pull(*remote, "late", {"name"}, cursor, after);
    CHECK(after.ids() == Ids{"2"});
}

TEST_CASE("triggers note what changed and what was deleted", "[postgres][triggers]") {
    Database database;
    database.options["install_triggers"] = true;
    database.sql(
        "CREATE TABLE tr (a int, b text, name text, PRIMARY KEY (a, b));"
        "INSERT INTO tr VALUES (1, 'x', 'one'), (2, 'y', 'two'), (3, 'z', 'three')");
    const auto remote = database.open();
    const auto streams = remote->describe();
    if (!streams) FAIL(streams.error().message);
    REQUIRE(streams->size() == 1);  // the table of changes is none
    CHECK(streams->front().can.deleted_feed);
    Sink first({"name"});
    auto cursor = pull(*remote, "tr", {"name"}, "", first);
    CHECK(first.records.size() == 3);
    database.sql(
        "UPDATE tr SET name = 'zwei' WHERE a = 2; DELETE FROM tr WHERE a = 1;"
        "UPDATE tr SET b = 'moved' WHERE a = 3; INSERT INTO tr VALUES (4, 'n', 'new');"
        "INSERT INTO tr VALUES (5, 'gone', 'x'); DELETE FROM tr WHERE a = 5");
    Sink changed({"name"});
    cursor = pull(*remote, "tr", {"name"}, cursor, changed);
    CHECK(changed.ids() == Ids{R"(["2","y"])", R"(["3","moved"])", R"(["4","n"])"});
    CHECK(changed.ids(Fact::kDeleted) == Ids{R"(["1","x"])", R"(["3","z"])", R"(["5","gone"])"});
    Sink none({"name"});
    pull(*remote, "tr", {"name"}, cursor, none);
    CHECK(none.records.empty());
    // Installed once; a second time nothing happens.
    CHECK(database.open()->describe());
    CHECK(database.sql("SELECT count(*) FROM pg_trigger WHERE tgname = 'kontor_note_change'"
                       " AND tgrelid = 't.tr'::regclass") == Ids{"1"});
}

TEST_CASE("a view with a key of its own is read as a whole", "[postgres]") {
    Database database;
    database.options["tables"] = {"seen id=nr"};
    database.sql(
        "CREATE TABLE base (id int PRIMARY KEY, name text);"
        "INSERT INTO base VALUES (1, 'a'), (2, 'b');"
        "CREATE VIEW seen AS SELECT id AS nr, upper(name) AS name FROM base");
    const auto remote = database.open();
    Sink first({"name"});
    auto cursor = pull(*remote, "seen", {"name"}, "", first);
    CHECK(text(first.find("2"), "name") == "B");
    Sink second({"name"});
    pull(*remote, "seen", {"name"}, cursor, second);
    CHECK(second.records.size() == 2);
    CHECK(second.find("1")->version.empty());
}

TEST_CASE("a column that is gone makes the host read the description anew", "[postgres]") {
    Database database;
    database.sql("CREATE TABLE d (id int PRIMARY KEY, name text, old text)");
    const auto remote = database.open();
    REQUIRE(remote->describe());
    database.sql("ALTER TABLE d DROP COLUMN old");
    Sink sink({"name", "old"});
    const Ids fields{"name", "old"};
    CHECK_FALSE(remote->pull("d", fields, "", sink));
    const auto again = remote->pull("d", fields, "", sink);
    REQUIRE_FALSE(again);
    CHECK(again.error().args.at("unknown_field") == "old");
}
