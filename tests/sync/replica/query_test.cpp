#include "sync/replica/query.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "tests/sync/replica/support.hpp"

namespace kontor::replica {

using test::Replica;

namespace {

struct People : Replica {
    People() {
        run("INSERT INTO contact(id,last_name,phone,email_opt_out) VALUES"
            "(1,'Li','138',1),(2,'li_x','139',0),(3,'Wu',NULL,NULL),(4,'50%','138',1),(5,NULL,'','"
            "0')");
        catalogue_ = catalogue();
    }
    [[nodiscard]] std::string ids(Query query) const {
        query.entity = "contact";
        query.columns = {"id"};
        const auto page = list(db(), catalogue_, query);
        REQUIRE(page);
        std::string out;
        for (const Record& r : page->records)
            out += (out.empty() ? "" : " ") + std::to_string(r.front().second.integer());
        return out;
    }
    [[nodiscard]] std::string ids(const char* column, const char* compare,
                                  std::vector<Value> values) const {
        const auto parsed = compare_from(compare);
        REQUIRE(parsed);
        return ids({.entity = "", .filters = {{column, *parsed, std::move(values)}}});
    }

    Catalogue catalogue_;
};

Value n(std::int64_t v) {
    return Value(v);
}

}  // namespace

TEST_CASE("filters", "[replica][query]") {
    People people;
    CHECK(people.ids("phone", "=", {Value("138")}) == "1 4");
    CHECK(people.ids("phone", "=", {Value::null()}) == "3");
    CHECK(people.ids("phone", "!=", {Value("138")}) == "2 3 5");
    CHECK(people.ids("phone", "isnull", {}) == "3");
    CHECK(people.ids("phone", "notnull", {}) == "1 2 4 5");
    CHECK(people.ids("id", ">", {n(3)}) == "4 5");
    CHECK(people.ids("id", ">=", {n(3)}) == "3 4 5");
    CHECK(people.ids("id", "<", {n(3)}) == "1 2");
    CHECK(people.ids("id", "<=", {n(3)}) == "1 2 3");
    CHECK(people.ids("id", "in", {n(2), n(4), n(9)}) == "2 4");
    CHECK(people.ids("id", "in", {}).empty());
    CHECK(people.ids("last_name", "contains", {Value("LI")}) == "1 2");
    CHECK(people.ids("last_name", "contains", {Value("_")}) == "2");
    CHECK(people.ids("last_name", "contains", {Value("%")}) == "4");
    CHECK(people.ids("last_name", "startswith", {Value("i")}).empty());
    CHECK(people.ids("email_opt_out", "=", {Value("1")}) == "1 4");
    CHECK_FALSE(compare_from("like"));
    CHECK(people.ids({.entity = "",
                      .filters = {{"phone", Compare::kEqual, {Value("138")}},
                                  {"id", Compare::kGreater, {n(1)}}}}) == "4");
}

TEST_CASE("decimals that are kept as text compare as numbers", "[replica][query]") {
    Replica replica;
    {
        auto transaction = Transaction::begin(replica.db());
        REQUIRE(transaction);
        Field worth;
        worth.name = "worth";
        worth.type = remote::FieldType::kDecimal;
        worth.scale = 2;
        REQUIRE(column_type(worth) == "TEXT");
        Entity wanted;
        wanted.name = "contact";
        wanted.fields = {worth};
        REQUIRE(ensure_entity(replica.db(), wanted));
        REQUIRE(transaction->commit());
    }
    replica.run(
        "INSERT INTO contact(id, worth) VALUES(1,'138024.82'),(2,'9.5'),(3,NULL),(4,'-5'),"
        "(5,'20')");
    const Catalogue catalogue = replica.catalogue();
    const auto ids = [&](Query query) {
        query.entity = "contact";
        query.columns = {"id"};
        std::string out;
        for (int pages = 0; pages < 10; ++pages) {
            const auto page = list(replica.db(), catalogue, query);
            REQUIRE(page);
            for (const Record& r : page->records)
                out += (out.empty() ? "" : " ") + std::to_string(r.front().second.integer());
            if (page->next.empty()) break;
            query.after = page->next;
        }
        return out;
    };
    CHECK(ids({.entity = "", .filters = {{"worth", Compare::kLess, {n(20)}}}}) == "2 4");
    CHECK(ids({.entity = "", .filters = {{"worth", Compare::kEqual, {n(20)}}}}) == "5");
    CHECK(ids({.entity = "", .filters = {{"worth", Compare::kIn, {Value(9.5), n(-5)}}}}) == "2 4");
    CHECK(ids({.entity = "", .filters = {{"worth", Compare::kStartsWith, {Value("13")}}}}) == "1");
    CHECK(ids({.entity = "", .filters = {{"worth", Compare::kEqual, {Value(20.0)}}}}) == "5");
    CHECK(ids({.entity = "", .sort = {{"worth", true}}, .limit = 2}) == "1 5 2 4 3");
    CHECK(ids({.entity = "", .sort = {{"worth", false}}, .limit = 2}) == "3 4 2 5 1");
    // To the last digit, which no double has. What is no number comes last.
    replica.run(
        "INSERT INTO contact(id, worth) "
        "VALUES(6,'12345678901234567.03'),(7,'12345678901234567.02'),"
        "(8,'-12345678901234567.02'),(9,'-12345678901234567.03'),(10,'n/a')");
    const Value wide("12345678901234567.02");
    CHECK(ids({.entity = "", .filters = {{"worth", Compare::kEqual, {wide}}}}) == "7");
    CHECK(ids({.entity = "", .filters = {{"worth", Compare::kGreater, {wide}}}}) == "6 10");
    CHECK(ids({.entity = "", .sort = {{"worth", false}}, .limit = 3}) == "3 9 8 4 2 5 1 7 6 10");
}

TEST_CASE("a filter on a list asks for what is in it", "[replica][query]") {
    People people;
    people.run(R"(UPDATE contact SET tags = '["a","b"]' WHERE id = 1;
                  UPDATE contact SET tags = '["b"]' WHERE id = 2;
                  UPDATE contact SET tags = 'no JSON' WHERE id = 3)");
    CHECK(people.ids("tags", "=", {Value("b")}) == "1 2");
    CHECK(people.ids("tags", "!=", {Value("b")}) == "3 4 5");
    CHECK(people.ids("tags", "in", {Value("a"), Value("c")}) == "1");
    CHECK(people.ids("tags", "=", {Value(R"(["b"])")}) == "2");
}

TEST_CASE("names and values from outside cannot become SQL", "[replica][query]") {
    People people;
    const auto list_it = [&](Query query) { return list(people.db(), people.catalogue_, query); };
    CHECK(list_it({.entity = "kontor_meta"}).error().code == Errc::kNotFound);
    CHECK(list_it({.entity = "contacts"}).error().args.at("suggestion") == "contact");
    CHECK(list_it({.entity = "contact", .columns = {"id FROM x"}}).error().code == Errc::kNotFound);
    CHECK(list_it({.entity = "contact", .filters = {{"phnoe", Compare::kIsNull, {}}}})
              .error()
              .args.at("suggestion") == "phone");
    CHECK(list_it({.entity = "contact", .sort = {{"1;--", false}}}).error().code ==
          Errc::kNotFound);
    CHECK(
        list_it({.entity = "contact", .filters = {{"phone", Compare::kEqual, {}}}}).error().code ==
        Errc::kInvalid);
    CHECK(list_it({.entity = "contact", .filters = {{"id", Compare::kContains, {n(1)}}}})
              .error()
              .code == Errc::kInvalid);
    CHECK(list_it({.entity = "contact", .limit = -1}).error().code == Errc::kInvalid);
    CHECK(people.ids("last_name", "=", {Value("'; DROP TABLE contact; --")}).empty());
}

TEST_CASE("sorting and pages by key go through all records once", "[replica][query]") {
    Replica replica;
    replica.run(
        "WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM k WHERE i<100)"
        "INSERT INTO contact(last_name,phone)"
        " SELECT CASE WHEN i%7=0 THEN NULL ELSE 'n'||(i%5) END,"
        " CASE WHEN i%3=0 THEN NULL ELSE 'p'||(i%4) END FROM k");
    const Catalogue catalogue = replica.catalogue();
    const bool first_down = GENERATE(false, true);
    const bool second_down = GENERATE(false, true);
    Query query{.entity = "contact",
                .columns = {"id"},
                .sort = {{"last_name", first_down}, {"phone", second_down}},
                .limit = 1000};
    const auto all = list(replica.db(), catalogue, query);
    REQUIRE(all);
    REQUIRE(all->records.size() == 100);
    CHECK(all->next.empty());

    query.limit = 7;
    std::vector<Record> paged;
    for (int pages = 0; pages < 30; ++pages) {
        auto page = list(replica.db(), catalogue, query);
        REQUIRE(page);
        paged.insert(paged.end(), page->records.begin(), page->records.end());
        if (page->next.empty()) break;
        query.after = page->next;
    }
    CHECK(paged == all->records);

    query.after = {n(1)};
    CHECK(list(replica.db(), catalogue, query).error().code == Errc::kInvalid);
}

TEST_CASE("offset, count, one record and streaming", "[replica][query]") {
    People people;
    CHECK(people.ids({.entity = "", .sort = {{"id", true}}, .limit = 2, .offset = 1}) == "4 3");
    CHECK(*count(
              people.db(), people.catalogue_,
              {.entity = "contact", .filters = {{"phone", Compare::kIsNotNull, {}}}, .limit = 1}) ==
          4);

    const Entity& contact = *people.catalogue_.entity("contact");
    std::vector<Value> li;
    const auto found = get(people.db(), contact, 1, [&](std::span<const ValueView> values) {
        for (const auto& value : values) li.emplace_back(value);
    });
    REQUIRE(found);
    CHECK(*found);
    REQUIRE(li.size() == contact.fields.size() + 2);
    CHECK(li[0] == Value(std::int64_t{1}));
    CHECK(contact.fields[0].name == "last_name");
    CHECK(li[2] == Value("Li"));
    CHECK_FALSE(*get(people.db(), contact, 99, [](auto) { FAIL("there is none"); }));

    std::vector<std::string> names;
    const Query query{.entity = "contact", .columns = {"last_name", "id"}, .limit = 0};
    REQUIRE(stream(people.db(), people.catalogue_, query, [&](std::span<const ValueView> row) {
        names.emplace_back(row[0].text);
        return names.size() < 4;
    }));
    CHECK(names == std::vector<std::string>{"Li", "li_x", "Wu", "50%"});
    CHECK(*columns_of(people.catalogue_, query) == std::vector<std::string>{"last_name", "id"});
}

}  // namespace kontor::replica
