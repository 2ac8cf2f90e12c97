#include "sync/replica/catalogue.hpp"

#include <catch2/catch.hpp>

#include "sync/replica/standard_entities.hpp"
#include "tests/sync/replica/support.hpp"

namespace kontor::replica {

using test::Replica;

namespace {

Field field(std::string name, remote::FieldType type = remote::FieldType::kText) {
    Field f;
    f.name = std::move(name);
    f.type = type;
    f.origin = "zoho";
    return f;
}

Entity entity(std::string name, std::vector<Field> fields) {
    Entity e;
    e.name = std::move(name);
    e.fields = std::move(fields);
    return e;
}

Result<> ensure(const Replica& replica, const Entity& wanted) {
    auto transaction = Transaction::begin(replica.db());
    REQUIRE(transaction);
    auto done = ensure_entity(replica.db(), wanted);
    if (done) REQUIRE(transaction->commit());
    return done;
}

}  // namespace

TEST_CASE("names that may be tables and columns", "[replica][names]") {
    for (const char* good : {"a", "last_name", "f2", "order_"}) CHECK(safe_name(good));
    for (const char* bad : {"", "Name", "1st", "_x", "order", "group", "id", "uid", "rowid", "oid",
                            "new", "old", "kontor_x", "sqlite_x", "a b", "a\"b", "名称"})
        CHECK_FALSE(safe_name(bad));
    CHECK(safe_name(std::string(63, 'a')));
    CHECK_FALSE(safe_name(std::string(64, 'a')));
}

TEST_CASE("a name in SQL is quoted, whatever it holds", "[replica][names]") {
    CHECK(sql_name("last_name") == "\"last_name\"");
    CHECK(sql_name("a\" b") == "\"a\"\" b\"");
}

TEST_CASE("remote names become safe names", "[replica][names]") {
    CHECK(propose_name("Annual Revenue", {}) == "annual_revenue");
    CHECK(propose_name("Annual_Revenue", {}) == "annual_revenue");
    CHECK(propose_name("LastName", {}) == "last_name");
    CHECK(propose_name("HTMLText", {}) == "html_text");
    CHECK(propose_name("Custom__c", {}) == "custom_c");
    CHECK(propose_name("客户名称", {}) == "ke_hu_ming_cheng");
    CHECK(propose_name("Größe", {}) == "grosse");
    CHECK(propose_name("Order", {}) == "order_");
    CHECK(propose_name("id", {}) == "id_");
    CHECK(propose_name("2nd phone", {}) == "f_2nd_phone");
    CHECK(propose_name("kontor_meta", {}) == "f_kontor_meta");
    CHECK(propose_name("", {}) == "field");
    CHECK(propose_name("!!!", {"field"}) == "field_2");
    CHECK(propose_name("Phone", {"PHONE", "phone_2"}) == "phone_3");
    CHECK(propose_name("Order", {"order_"}) == "order_2");
    for (const std::string& hostile :
         {std::string(100'000, 'x'), std::string("\xff\xfe\x80"), std::string("a\0b", 3),
          std::string("x\"; DROP TABLE contact; --"), std::string("👍👍")})
        CHECK(safe_name(propose_name(hostile, {})));
}

TEST_CASE("standard entities are well formed", "[replica][catalogue]") {
    Replica replica;
    const Catalogue catalogue = replica.catalogue();
    for (const StandardEntity& standard : standard_entities()) {
        INFO(standard.name);
        CHECK(safe_name(standard.name));
        CHECK_FALSE(standard.label.zh.empty());
        const Entity* stored = catalogue.entity(standard.name);
        REQUIRE(stored != nullptr);
        CHECK(stored->builtin);
        REQUIRE(stored->fields.size() == standard.fields.size());
        for (const StandardField& f : standard.fields) {
            INFO(f.field.name);
            CHECK(safe_name(f.field.name));
            CHECK_FALSE(f.field.label.en.empty());
            CHECK_FALSE(f.field.label.zh.empty());
            const Field* kept = stored->field(f.field.name);
            REQUIRE(kept != nullptr);
            CHECK(kept->type == f.field.type);
            CHECK(kept->data_class == f.field.data_class);
            if (f.field.type == remote::FieldType::kReference && f.field.target != kAnyTarget)
                CHECK(catalogue.entity(f.field.target) != nullptr);
            if (f.field.type == remote::FieldType::kDecimal) CHECK(column_type(*kept) == "REAL");
        }
    }
    const Entity* contact = catalogue.entity("contact");
    CHECK(contact->fields.size() >= 38);
    CHECK(contact->field("full_name")->read_only);
    CHECK(contact->field("phone")->data_class == "personal");
    CHECK(contact->field("phone")->searchable);
    CHECK(standard_group("contact", "mailing_city") == "mailing_address");
    CHECK(standard_group("deal", "currency") == "amount");
    CHECK(standard_group("deal", "name").empty());
    CHECK(standard_group("nothing", "name").empty());
}

TEST_CASE("a remote's fields become columns that triggers capture", "[replica][catalogue]") {
    Replica replica;
    replica.run("INSERT INTO contact(id,last_name) VALUES(1,'Li')");
    REQUIRE(ensure(replica, entity("contact", {field("wechat_id"), field("last_name")})));
    const std::int64_t seq = replica.last_seq();
    replica.run("UPDATE contact SET wechat_id='li'");
    CHECK(replica.history(seq) == std::vector<std::string>{"contact 1 wechat_id u NULL"});
    CHECK(replica.catalogue().entity("contact")->field("wechat_id")->origin == "zoho");
    CHECK(replica.catalogue().entity("contact")->field("last_name")->origin == "kontor");
}

TEST_CASE("an entity of a remote gets a table", "[replica][catalogue]") {
    Replica replica;
    using enum remote::FieldType;
    Field exact = field("exact", kDecimal);
    exact.precision = 18;
    Field any = field("about", kReference);
    any.target = "*";
    Field choice = field("kind", kChoice);
    choice.choices = {{"A", "甲"}, {"B", ""}};
    REQUIRE(ensure(replica, entity("visit", {field("name"), field("n", kInteger), exact, any,
                                             choice, field("yes", kBoolean)})));
    CHECK(replica.rows("SELECT name,type FROM pragma_table_info('visit')") ==
          std::vector<std::string>{"id|INTEGER", "uid|TEXT", "name|TEXT", "n|INTEGER", "exact|TEXT",
                                   "about|TEXT", "kind|TEXT", "yes|INTEGER"});
    const Catalogue catalogue = replica.catalogue();
    const Field* kind = catalogue.entity("visit")->field("kind");
    REQUIRE(kind->choices.size() == 2);
    CHECK(kind->choices[0].label == "甲");
    CHECK(catalogue.entity("visit")->field(kind->id) == kind);

    choice.choices.push_back({"C", "C"});
    REQUIRE(ensure(replica, entity("visit", {choice})));
    CHECK(replica.catalogue().entity("visit")->field("kind")->choices.size() == 3);
}

TEST_CASE("a column never changes its type", "[replica][catalogue]") {
    Replica replica;
    const auto done =
        ensure(replica, entity("contact", {field("phone", remote::FieldType::kInteger)}));
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Errc::kUnsupported);
    CHECK(done.error().args.at("field") == "phone");
}

TEST_CASE("unsafe names never reach the database", "[replica][catalogue]") {
    Replica replica;
    CHECK(ensure(replica, entity("a\"b", {})).error().code == Errc::kInvalid);
    CHECK(ensure(replica, entity("visit", {field("id")})).error().code == Errc::kInvalid);
    CHECK(ensure(replica, entity("kontor_meta", {})).error().code == Errc::kInvalid);
    CHECK_FALSE(ensure_entity(replica.db(), entity("visit", {})));  // no transaction
}

TEST_CASE("a column that is gone stays and can come back", "[replica][catalogue]") {
    Replica replica;
    const std::int64_t id = replica.field("contact", "phone");
    REQUIRE(set_gone(replica.db(), id, true));
    CHECK(replica.catalogue().entity("contact")->field(id)->gone);
    REQUIRE(set_gone(replica.db(), id, false));
    CHECK_FALSE(replica.catalogue().entity("contact")->field(id)->gone);
    CHECK(set_gone(replica.db(), 999'999, true).error().code == Errc::kNotFound);
}

TEST_CASE("a kept catalogue is as good as one that is read", "[replica][catalogue]") {
    Replica replica;
    CatalogueCache cache;
    const auto now = [&](const Database& db) {
        auto catalogue = cache.get(db);
        REQUIRE(catalogue);
        return *catalogue;
    };
    const auto phone = [&] { return *now(replica.db())->entity("contact")->field("phone"); };
    const auto first = now(replica.db());

    SECTION("it is read once, whatever is written to records") {
        replica.run("INSERT INTO contact(phone) VALUES('1')");
        CHECK(now(replica.db()) == first);
        CHECK(now(replica.open(Access::kReadOnly)) == first);
    }
    SECTION("another program changes a field") {
        CHECK(replica.sqlite3("UPDATE kontor_field SET class='sensitive' WHERE name='phone'")
                  .empty());
        CHECK(phone().data_class == "sensitive");
    }
    SECTION("the engine's handle, which fires no triggers, marks a field as gone") {
        const Database engine = replica.open(Access::kEngine);
        REQUIRE(set_gone(engine, phone().id, true));
        CHECK(phone().gone);
    }
    SECTION("the engine's handle changes a label and adds a column") {
        const Database engine = replica.open(Access::kEngine);
        auto transaction = Transaction::begin(engine);
        REQUIRE(transaction);
        REQUIRE(ensure_entity(engine, entity("contact", {field("shoe_size")})));
        // Not committed: nobody else sees it.
        CHECK(now(replica.db())->entity("contact")->field("shoe_size") == nullptr);
        CHECK(now(engine)->entity("contact")->field("shoe_size") != nullptr);
        CHECK(now(replica.db())->entity("contact")->field("shoe_size") == nullptr);
        REQUIRE(transaction->commit());
        CHECK(now(replica.db())->entity("contact")->field("shoe_size") != nullptr);
    }
    SECTION("a change that is rolled back is not taken for the one that comes instead") {
        replica.run("BEGIN; UPDATE kontor_field SET class='secret' WHERE name='phone'");
        CHECK(phone().data_class == "secret");
        replica.run("ROLLBACK; UPDATE kontor_field SET class='public' WHERE name='phone'");
        CHECK(phone().data_class == "public");
    }
    SECTION("a file without a stamp is read each time") {
        replica.run("DELETE FROM kontor_meta WHERE key='catalogue'");
        CHECK(now(replica.db()) != now(replica.db()));
    }
}

}  // namespace kontor::replica
