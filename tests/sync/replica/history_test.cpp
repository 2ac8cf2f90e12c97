#include "sync/replica/history.hpp"

#include <catch2/catch.hpp>

#include "sync/replica/local_edits.hpp"
#include "tests/sync/replica/support.hpp"

namespace kontor::replica {

using test::Replica;
using Lines = std::vector<std::string>;

namespace {

/// "seq field op old>now" of each change; ~ is absent, ∅ null.
std::string show(const Value& value) {
    switch (value.kind()) {
        case Kind::kAbsent:
            return "~";
        case Kind::kNull:
            return "∅";
        case Kind::kInteger:
            return std::to_string(value.integer());
        case Kind::kReal:
            return std::to_string(value.real());
        case Kind::kText:
            return value.text().size() == 32 ? "uid" : value.text();
    }
    return "";
}

Lines show(const std::vector<Change>& changes) {
    Lines out;
    for (const Change& c : changes)
        out.push_back(std::to_string(c.seq) + " " + (c.field.empty() ? "-" : c.field) + " " + c.op +
                      " " + show(c.old) + ">" + show(c.now));
    return out;
}

}  // namespace

TEST_CASE("a record's changes say from what to what", "[replica][history]") {
    Replica replica;
    replica.run(
        "INSERT INTO contact(id,phone) VALUES(1,'138'); UPDATE contact SET phone='139';"
        "UPDATE contact SET phone=NULL,email='a'; DELETE FROM contact;"
        "INSERT INTO contact(id,phone) VALUES(1,'7'); UPDATE contact SET phone='8'");
    const Catalogue catalogue = replica.catalogue();
    const auto changes = changes_of_record(replica.db(), catalogue, "contact", 1);
    REQUIRE(changes);
    CHECK(show(*changes) == Lines{"8 phone u 7>8", "7 - i ∅>~", "6 - d uid>~", "5 email d a>∅",
                                  "4 phone u 139>∅", "3 email u ∅>a", "2 phone u 138>139",
                                  "1 - i ∅>~"});
    CHECK(changes_of_record(replica.db(), catalogue, "contact", 1, 2)->size() == 2);
    CHECK(show(*changes_of_record(replica.db(), catalogue, "contact", 1, 2, 4)) ==
          Lines{"3 email u ∅>a", "2 phone u 138>139"});
    CHECK(changes_of_record(replica.db(), catalogue, "contcat", 1).error().code == Errc::kNotFound);
    CHECK(changes_since(replica.db(), catalogue, "2000-01-01T00:00:00.000Z")->size() == 8);
    CHECK(changes_since(replica.db(), catalogue, "2999-01-01T00:00:00.000Z")->empty());
}

TEST_CASE("a record is what it was at any moment", "[replica][history]") {
    Replica replica;
    replica.run(
        "INSERT INTO contact(id,phone) VALUES(1,'138'); UPDATE contact SET phone='139';"
        "DELETE FROM contact; INSERT INTO contact(id,email) VALUES(1,'a')");
    const Catalogue catalogue = replica.catalogue();
    const Entity& contact = *catalogue.entity("contact");
    const auto phone = [&](std::int64_t seq) -> std::string {
        const auto image = record_at_seq(replica.db(), contact, 1, seq);
        REQUIRE(image);
        if (!*image) return "none";
        CHECK((**image).uid.text().size() == 32);
        return show((**image).values.at("phone"));
    };
    CHECK(phone(0) == "none");
    CHECK(phone(1) == "138");
    CHECK(phone(2) == "139");
    CHECK(phone(4) == "none");
    CHECK(phone(5) == "∅");
    CHECK(phone(99) == "∅");

    replica.run("UPDATE kontor_history SET at='2026-01-0'||seq||'T00:00:00.000Z'");
    CHECK((*record_at_time(replica.db(), contact, 1, "2026-01-02T12:00:00.000Z"))
              ->values.at("phone") == Value("139"));
    CHECK_FALSE(*record_at_time(replica.db(), contact, 1, "2026-01-04T12:00:00.000Z"));
    CHECK_FALSE(*record_at_time(replica.db(), contact, 1, "2025-01-04T12:00:00.000Z"));
}

TEST_CASE("records that came with a load have a beginning too", "[replica][history]") {
    Replica replica;
    const Database engine = replica.open(Access::kEngine);
    Replica::run_on(engine,
                    "INSERT INTO kontor_connection(id,name,plugin) VALUES(3,'main','zoho');"
                    "INSERT INTO kontor_run(id,connection,kind,started_at) VALUES(9,3,'load','x');"
                    "INSERT INTO contact(id,phone) VALUES(10,'1'),(11,'2'),(12,'3');"
                    "INSERT INTO kontor_history(entity,record,op,old,at,run) SELECT id,10,'l',12,"
                    "'2026-01-01T00:00:00.000Z',9 FROM kontor_entity WHERE name='contact'");
    replica.run("UPDATE contact SET phone='9' WHERE id=11");
    const Catalogue catalogue = replica.catalogue();
    const Entity& contact = *catalogue.entity("contact");
    CHECK(show(*changes_of_record(replica.db(), catalogue, "contact", 11)) ==
          Lines{"2 phone u 2>9", "1 - l 12>~"});
    CHECK(show(*changes_of_record(replica.db(), catalogue, "contact", 12)) == Lines{"1 - l 12>~"});
    CHECK(changes_of_record(replica.db(), catalogue, "contact", 13)->empty());
    CHECK((*record_at_seq(replica.db(), contact, 11, 1))->values.at("phone") == Value("2"));
    CHECK_FALSE(*record_at_seq(replica.db(), contact, 11, 0));

    const auto of_run = changes_of_run(replica.db(), catalogue, 9);
    REQUIRE(of_run);
    REQUIRE(of_run->size() == 1);
    CHECK(of_run->front().run_kind == "load");
    CHECK(of_run->front().connection == "main");
}

TEST_CASE("why explains a value", "[replica][history]") {
    Replica replica;
    CatalogueCache catalogues;
    LocalEdits edits(replica.db(), catalogues);
    REQUIRE(edits.create("contact", {{"phone", Value("138")}, {"email", Value("a")}}, "uid:1"));
    REQUIRE(edits.update("contact", 1, {{"phone", Value("139")}, {"email", Value("b")}}, "uid:2"));
    const std::string entity = replica.one("SELECT id FROM kontor_entity WHERE name='contact'");
    replica.run("INSERT INTO kontor_history(entity,record,field,op,old,at,rule) VALUES(" + entity +
                ",1," + std::to_string(replica.field("contact", "phone")) +
                ",'k','140','2026-01-01T00:00:00.000Z','manual')");
    const auto answer = why(replica.db(), replica.catalogue(), "contact", 1, "phone");
    REQUIRE(answer);
    CHECK(answer->current == Value("139"));
    CHECK(show(answer->changes) == Lines{"4 phone k 140>~", "3 phone u 138>139", "1 - i ∅>~"});
    CHECK(answer->changes[0].rule == "manual");
    CHECK(answer->changes[1].actor == "uid:2");
    CHECK(why(replica.db(), replica.catalogue(), "contact", 1, "phnoe")
              .error()
              .args.at("suggestion") == "phone");
    CHECK(why(replica.db(), replica.catalogue(), "contact", 2, "phone")->current.is_absent());
}

}  // namespace kontor::replica
