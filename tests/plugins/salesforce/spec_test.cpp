// What the connector says of itself, its options, its cursors, and the columns it proposes.
#include <catch2/catch.hpp>

#include "connectors/sdk/json.hpp"
#include "plugins/salesforce/cursor.hpp"
#include "plugins/salesforce/field_names.hpp"
#include "plugins/salesforce/metadata.hpp"
#include "plugins/salesforce/options.hpp"
#include "plugins/salesforce/spec.hpp"

using namespace kontor;
using namespace kontor::salesforce;

TEST_CASE("the spec names both ways to sign in, and no key goes to the connector", "[salesforce]") {
    const auto spec = sdk::parse_json(spec_json(), "spec");
    REQUIRE(spec["auth"].size() == 2);
    CHECK(spec["auth"][0]["exchange"]["assertion"]["claims"]["aud"] == "{audience}");
    CHECK(spec["auth"][0]["secrets"] == sdk::Json{"private_key"});
    CHECK(spec["auth"][1]["kind"] == "client_credentials");
    for (const auto& option : spec["options"]) {
        CHECK_FALSE(sdk::text_of(option["help"], "en").empty());
        CHECK_FALSE(sdk::text_of(option["help"], "zh").empty());
        CHECK(option["name"] != "private_key");
        if (option["name"] == "environment")
            CHECK(option["implies"]["sandbox"]["audience"] == "https://test.salesforce.com");
    }
}

TEST_CASE("options are checked", "[salesforce]") {
    const auto parse = [](const char* options) {
        return Options::parse(std::string(R"({"options":)") + options + "}");
    };
    CHECK_THROWS_WITH(parse("{}"), Catch::Contains("instance_url"));
    CHECK_THROWS_WITH(parse(R"({"instance_url":"https://a","overlap_s":-1})"),
                      Catch::Contains("overlap_s"));
    CHECK_THROWS_WITH(parse(R"({"instance_url":"https://a","objects":"Account"})"),
                      Catch::Contains("objects"));
    const Options fine = parse(R"({"instance_url":"https://a","overlap_s":60})");
    CHECK(fine.overlap_ms == 60'000);
    CHECK(fine.objects == standard_objects());
    CHECK(fine.external_id_field == "Kontor_Id__c");
}

TEST_CASE("cursors come back as they were, at each stage", "[salesforce]") {
    Cursor cursor;
    cursor.since_ms = 1'780'000'000'000;
    cursor.feed_ms = 1'780'000'001'000;
    cursor.last_id = "0035g00000000AAAAA";
    cursor.at_ms = 1'780'000'002'000;
    cursor.began_ms = 1'780'000'003'000;
    cursor.job = "7505g00000000AAAAA";
    cursor.locator = "50000";
    for (const auto stage : {Cursor::Stage::kLoad, Cursor::Stage::kBulk, Cursor::Stage::kChanges}) {
        cursor.stage = stage;
        const auto back = Cursor::decode(cursor.encode());
        REQUIRE(back);
        CHECK(back->stage == stage);
        CHECK(back->since_ms == cursor.since_ms);
        CHECK(back->feed_ms == cursor.feed_ms);
        CHECK(back->encode() == cursor.encode());
        CHECK(back->last_id == (stage == Cursor::Stage::kBulk ? "" : cursor.last_id));
    }
    CHECK_FALSE(Cursor::decode(""));
    CHECK_THROWS_AS(Cursor::decode("{}"), sdk::Error);
    CHECK_THROWS_AS(Cursor::decode("[1"), sdk::Error);
    CHECK_THROWS_AS(Cursor::decode(R"({"v":1,"since":"soon"})"), sdk::Error);
}

TEST_CASE("columns are proposed for standard and other fields", "[salesforce]") {
    CHECK(column_hint("Contact", "Name") == "full_name");
    CHECK(column_hint("Account", "Name") == "name");
    CHECK(column_hint("Opportunity", "StageName") == "stage");
    CHECK(column_hint("", "Shoe_Size__c") == "shoe_size");
    CHECK(column_hint("Account", "DandbCompanyId") == "dandb_company_id");
    CHECK(field_group("Contact", "MailingCity") == "mailing_address");
    CHECK(field_group("Contact", "MailingLatitude").empty());
    CHECK(object_name("Case").entity == "service_case");
}

TEST_CASE("a described field: rules, choices, targets", "[salesforce]") {
    const auto field = [](const char* json) {
        return parse_field("Task", sdk::parse_json(json, "field"),
                           {{"003", "Contact"}, {"00Q", "Lead"}, {"005", "User"}});
    };
    const Field who = field(R"({"name":"WhoId","type":"reference","referenceTo":["Contact","Lead"],
                                "createable":true,"updateable":true,"nillable":true})");
    CHECK(who.kind == Kind::kAnyReference);
    CHECK(who.spec.references == std::vector<std::string>{"Contact", "Lead"});
    const Field owner = field(R"({"name":"OwnerId","type":"reference",
        "referenceTo":["Group","User"],"createable":true,"updateable":true,"nillable":false,
        "defaultedOnCreate":true})");
    CHECK(owner.kind == Kind::kReference);
    CHECK(owner.spec.references == std::vector<std::string>{"User"});
    CHECK_FALSE(owner.spec.required);
    const Field status = field(R"({"name":"Status","type":"picklist","createable":true,
        "updateable":false,"nillable":false,"picklistValues":[
        {"value":"a","label":"A","active":true},{"value":"b","label":"B","active":false}]})");
    CHECK(status.spec.required);
    CHECK(status.spec.create_only);
    CHECK(status.spec.choices.size() == 1);
    CHECK(field(R"({"name":"Where","type":"address"})").kind == Kind::kNone);
}
