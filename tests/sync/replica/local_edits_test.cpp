#include "sync/replica/local_edits.hpp"

#include <catch2/catch.hpp>

#include "sync/replica/tombstones.hpp"
#include "sync/replica/values.hpp"
#include "tests/sync/replica/support.hpp"

namespace kontor::replica {

using test::Replica;
using Lines = std::vector<std::string>;

namespace {

Value number(std::int64_t n) {
    return Value(n);
}

}  // namespace

TEST_CASE("local edits are captured with their actor", "[replica][edits]") {
    Replica replica;
    CatalogueCache catalogues;
    LocalEdits edits(replica.db(), catalogues);
    const auto made =
        edits.create("contact", {{"last_name", Value("李")}, {"phone", Value("138")}}, "uid:1000");
    REQUIRE(made);
    REQUIRE(made->ids.size() == 1);
    const std::int64_t id = made->ids.front();
    CHECK(made->first_seq == 1);
    CHECK(made->last_seq == 1);

    const auto changed =
        edits.update("contact", id, {{"phone", Value::null()}, {"email", Value()}}, "uid:1001");
    REQUIRE(changed);
    CHECK(changed->first_seq == 2);
    CHECK(changed->last_seq == 2);
    const auto same = edits.update("contact", id, {{"last_name", Value("李")}}, "uid:1001");
    REQUIRE(same);
    CHECK(same->last_seq < same->first_seq);

    REQUIRE(edits.remove("contact", id, "uid:1002"));
    CHECK(replica.history() == Lines{"contact 1 - i NULL", "contact 1 phone u '138'",
                                     "contact 1 last_name d '李'", "contact 1 - d (uid)"});
    CHECK(replica.rows("SELECT actor FROM kontor_history ORDER BY seq") ==
          Lines{"uid:1000", "uid:1001", "uid:1002", "uid:1002"});

    const Catalogue catalogue = replica.catalogue();
    replica.run("BEGIN IMMEDIATE");
    REQUIRE(complete_tombstones(replica.db(), catalogue));
    replica.run("COMMIT");
    const auto image = tombstone_values(replica.db(), *catalogue.entity("contact"), id);
    REQUIRE(image);
    REQUIRE(*image);
    CHECK(**image == std::map<std::string, Value>{{"last_name", Value("李")}});
    CHECK(replica.one("SELECT actor FROM kontor_tombstone") == "uid:1002");
}

TEST_CASE("a tombstone shows the last of several lives", "[replica][edits]") {
    Replica replica;
    replica.run(
        "INSERT INTO contact(id,last_name,phone,exchange_rate) VALUES(1,'a','1',1.5);"
        "DELETE FROM contact; INSERT INTO contact(id,last_name,email_opt_out)"
        " VALUES(1,'b',1); DELETE FROM contact");
    const Catalogue catalogue = replica.catalogue();
    REQUIRE(complete_tombstones(replica.db(), catalogue));
    const auto image = tombstone_values(replica.db(), *catalogue.entity("contact"), 1);
    REQUIRE(image);
    CHECK(image->value() ==
          std::map<std::string, Value>{{"last_name", Value("b")}, {"email_opt_out", number(1)}});
    CHECK_FALSE(*tombstone_values(replica.db(), *catalogue.entity("contact"), 2));
}

TEST_CASE("a batch of edits is all or nothing", "[replica][edits]") {
    Replica replica;
    CatalogueCache catalogues;
    LocalEdits edits(replica.db(), catalogues);
    const std::vector<Edit> batch{
        {Edit::Kind::kCreate, "account", 0, {{"name", Value("Acme")}}},
        {Edit::Kind::kCreate, "contact", 0, {{"account_id", number(1)}}},
        {Edit::Kind::kUpdate, "contact", 99, {{"phone", Value("1")}}},
    };
    const auto done = edits.apply(batch, "uid:1000");
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Errc::kNotFound);
    CHECK(done.error().args.at("edit") == "2");
    CHECK(done.error().args.at("record") == "99");
    CHECK(replica.history().empty());

    const auto two = edits.apply(std::span(batch).first(2), "uid:1000");
    REQUIRE(two);
    CHECK(two->ids.size() == 2);
    CHECK(replica.one("SELECT account_id FROM contact") == "1");
}

TEST_CASE("what else belongs to the edits may still undo them", "[replica][edits]") {
    Replica replica;
    CatalogueCache catalogues;
    LocalEdits edits(replica.db(), catalogues);
    const Edit edit{Edit::Kind::kCreate, "contact", 0, {{"last_name", Value("Li")}}};
    std::string seen;
    EditSteps steps;
    steps.before = [&](const Catalogue&) -> Result<> {
        seen += replica.one("SELECT count(*) FROM contact");
        return {};
    };
    steps.after = [&](const Catalogue&, const EditResult& done) -> Result<> {
        seen += replica.one("SELECT count(*) FROM contact");
        CHECK(done.ids.size() == 1);
        return fail(Errc::kInvalid, "no");
    };
    CHECK(edits.apply({&edit, 1}, "uid:1", steps).error().code == Errc::kInvalid);
    CHECK(seen == "01");
    CHECK(replica.one("SELECT count(*) FROM contact") == "0");
    CHECK(replica.one("SELECT count(*) FROM kontor_history") == "0");

    steps.before = [](const Catalogue&) -> Result<> { return fail(Errc::kConflict, "no"); };
    steps.after = nullptr;
    CHECK(edits.apply({&edit, 1}, "uid:1", steps).error().code == Errc::kConflict);
    CHECK(replica.one("SELECT count(*) FROM contact") == "0");
}

TEST_CASE("whoever must not wait for other writers is told at once", "[replica][edits]") {
    Replica replica;
    CatalogueCache catalogues;
    WriteTurn turn;
    OpenOptions options;
    options.turn = &turn;
    auto db = Database::open(replica.path(), options);
    REQUIRE(db);
    LocalEdits edits(*db, catalogues);
    const Edit edit{Edit::Kind::kCreate, "contact", 0, {{"last_name", Value("Li")}}};
    const auto code = [&] {
        const auto started = std::chrono::steady_clock::now();
        const auto done = edits.try_apply({&edit, 1}, "uid:1");
        CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(5));
        return done ? "done" : to_string(done.error().code);
    };
    replica.run("BEGIN IMMEDIATE");  // another process
    CHECK(code() == "busy");
    replica.run("ROLLBACK");
    REQUIRE(turn.take(true, std::chrono::milliseconds{0}));  // the engine of this one
    CHECK(code() == "busy");
    turn.give();
    CHECK(code() == "done");
    CHECK(replica.one("SELECT count(*) FROM contact") == "1");
    // Others are waited for again afterwards.
    int patience = 0;
    auto statement = db->prepare("PRAGMA busy_timeout");
    REQUIRE(statement);
    REQUIRE(statement->step());
    patience = static_cast<int>(statement->integer(0));
    CHECK(patience == 10'000);
}

TEST_CASE("edits that cannot be are refused with what is wrong", "[replica][edits]") {
    Replica replica;
    CatalogueCache catalogues;
    LocalEdits edits(replica.db(), catalogues);
    REQUIRE(edits.create("contact", {{"last_name", Value("Li")}}, "t"));
    const auto refused = [&](const char* field, const Value& value) {
        const auto done = edits.update("contact", 1, {{field, value}}, "t");
        REQUIRE_FALSE(done);
        CHECK(done.error().args.at("entity") == "contact");
        CHECK(done.error().args.at("record") == "1");
        CHECK(done.error().args.at("field") == field);
        return done.error();
    };
    const Error typo = refused("last_nmae", Value("x"));
    CHECK(typo.code == Errc::kNotFound);
    CHECK(typo.args.at("suggestion") == "last_name");
    CHECK(refused("full_name", Value("x")).code == Errc::kPermission);
    CHECK(refused("id", number(2)).code == Errc::kNotFound);
    CHECK(refused("phone", number(138)).code == Errc::kInvalid);
    CHECK(refused("phone", Value("\xff")).code == Errc::kInvalid);
    CHECK(refused("email_opt_out", number(2)).code == Errc::kInvalid);
    CHECK(refused("date_of_birth", Value("2026-02-30")).code == Errc::kInvalid);
    CHECK(refused("tags", Value("[1]")).code == Errc::kInvalid);
    CHECK(refused("tags", Value("x")).code == Errc::kInvalid);
    CHECK(refused("exchange_rate", Value("much")).code == Errc::kInvalid);
    CHECK(refused("account_id", Value("x")).code == Errc::kInvalid);
    CHECK(refused("account_id", number(7)).code == Errc::kNotFound);
    CHECK(edits.update("contcat", 1, {}, "t").error().code == Errc::kNotFound);
    CHECK(edits.remove("contact", 2, "t").error().code == Errc::kNotFound);
    CHECK(replica.last_seq() == 1);

    CHECK(edits.update("contact", 1,
                       {{"date_of_birth", Value("2000-02-29")},
                        {"tags", Value(R"(["a","b"])")},
                        {"exchange_rate", Value("7.25")},
                        {"email_opt_out", number(1)}},
                       "t"));
    CHECK(replica.one("SELECT exchange_rate,typeof(exchange_rate) FROM contact") == "7.25|real");
    CHECK(edits.create("task", {{"who", Value("contact:1")}}, "t"));
    CHECK_FALSE(edits.create("task", {{"who", Value("contact:2")}}, "t"));
    CHECK_FALSE(edits.create("task", {{"who", Value("kontor_meta:1")}}, "t"));
    CHECK(edits.create("event", {{"start_at", Value("2026-01-31T10:00:00+08:00")}}, "t"));
    CHECK(replica.one("SELECT start_at FROM event") == "2026-01-31T02:00:00.000Z");
}

// What is typed at a shell is text: a number, a yes or no and a reference are understood as such.
TEST_CASE("text that is a number, a boolean or a reference is taken as one", "[replica][edits]") {
    Replica replica;
    CatalogueCache catalogues;
    LocalEdits edits(replica.db(), catalogues);
    REQUIRE(edits.create("account", {{"name", Value("Acme")}}, "t"));
    REQUIRE(edits.create("contact", {{"last_name", Value("Li")}}, "t"));
    const auto kept = [&](const char* entity, const char* field, const char* text) {
        REQUIRE(edits.update(entity, 1, {{field, Value(text)}}, "t"));
        const std::string column(field);
        return replica.one("SELECT " + column + ",typeof(" + column + ") FROM " + entity);
    };
    CHECK(kept("contact", "account_id", "1") == "1|integer");
    CHECK(edits.update("contact", 1, {{"account_id", Value::null()}}, "t"));
    CHECK(kept("contact", "account_id", "account:1") == "1|integer");
    CHECK(kept("contact", "email_opt_out", "true") == "1|integer");
    CHECK(kept("contact", "email_opt_out", "0") == "0|integer");
    CHECK(kept("account", "employees", "25") == "25|integer");
    for (const char* bad : {"contact:1", "account:", "1x", " 1", "account:1x"})
        CHECK(edits.update("contact", 1, {{"account_id", Value(bad)}}, "t").error().code ==
              Errc::kInvalid);
    CHECK(edits.update("contact", 1, {{"account_id", Value("7")}}, "t").error().code ==
          Errc::kNotFound);
    CHECK(edits.update("account", 1, {{"employees", Value("2.5")}}, "t").error().code ==
          Errc::kInvalid);
    CHECK(edits.update("contact", 1, {{"email_opt_out", Value("yes")}}, "t").error().code ==
          Errc::kInvalid);
}

TEST_CASE("a column that cannot hold every digit takes no more than it can", "[replica][edits]") {
    Replica replica;
    CatalogueCache catalogues;
    LocalEdits edits(replica.db(), catalogues);
    replica.run("UPDATE kontor_field SET precision = 15 WHERE name = 'amount'");
    REQUIRE(column_type(*replica.catalogue().entity("deal")->field("amount")) == "REAL");
    REQUIRE(edits.create("deal", {{"name", Value("D")}}, "t"));
    for (const char* fits :
         {"12.3456789012345", "-123456789012345", "0.000123456789012345", "1234567890123450000.00"})
        CHECK(edits.update("deal", 1, {{"amount", Value(fits)}}, "t"));
    const auto refused = edits.update("deal", 1, {{"amount", Value("12.345678901234567890")}}, "t");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().args.at("wants") == "a number of at most 15 significant digits");
    CHECK_FALSE(edits.update("deal", 1, {{"amount", Value(std::int64_t{1234567890123456})}}, "t"));
}

TEST_CASE("length counts characters and unlisted choices are only a warning", "[replica][edits]") {
    Replica replica;
    Field note, stage;
    note.name = "nick";
    note.max_length = 3;
    stage.name = "level";
    stage.type = remote::FieldType::kChoice;
    stage.choices = {{"A", "A"}};
    Entity contact;
    contact.name = "contact";
    contact.fields = {note, stage};
    CatalogueCache catalogues;
    LocalEdits edits(replica.db(), catalogues);
    REQUIRE(edits.create("contact", {}, "t"));
    replica.run("BEGIN");
    REQUIRE(ensure_entity(replica.db(), contact));
    replica.run("COMMIT");
    CHECK(edits.update("contact", 1, {{"nick", Value("王小明")}}, "t"));
    CHECK_FALSE(edits.update("contact", 1, {{"nick", Value("abcd")}}, "t"));
    const auto odd = edits.update("contact", 1, {{"level", Value("B")}}, "t");
    REQUIRE(odd);
    REQUIRE(odd->warnings.size() == 1);
    CHECK(odd->warnings.front().field == "level");
    CHECK(edits.update("contact", 1, {{"level", Value("A")}}, "t")->warnings.empty());
}

TEST_CASE("edits through a handle without triggers are refused", "[replica][edits]") {
    Replica replica;
    const Database engine = replica.open(Access::kEngine);
    CatalogueCache catalogues;
    LocalEdits edits(engine, catalogues);
    CHECK(edits.create("contact", {}, "t").error().code == Errc::kInternal);
}

TEST_CASE("references to any entity", "[replica][values]") {
    CHECK(parse_any_reference("contact:42")->id == 42);
    CHECK(parse_any_reference("contact:42")->entity == "contact");
    for (const char* bad :
         {"", ":", "contact", "contact:", ":4", "contact:4x", "contact:99999999999999999999"})
        CHECK_FALSE(parse_any_reference(bad));
}

TEST_CASE("text must be well formed UTF-8", "[replica][values]") {
    Field f;
    f.name = "x";
    for (const char* good : {"", "a", "é", "中", "👍", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
        CHECK(check_value(f, Value(good)));
    for (const char* bad : {"\x80", "\xC0\x80", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80",
                            "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE4\xB8"})
        CHECK_FALSE(check_value(f, Value(bad)));
    CHECK_FALSE(check_value(f, Value(std::string("a\0b", 3))));
}

TEST_CASE("a reference to any entity has one form", "[replica][values]") {
    Field f;
    f.name = "what";
    f.type = remote::FieldType::kReference;
    f.target = kAnyTarget;
    CHECK(check_value(f, Value("deal:007")) == Value("deal:7"));
}

TEST_CASE("the nearest name is a guess worth making", "[replica][values]") {
    CHECK(nearest("phnoe", {"fax", "phone"}) == "phone");
    CHECK(nearest("zzzzzz", {"fax", "phone"}).empty());
    CHECK(nearest("x", {}).empty());
}

}  // namespace kontor::replica
