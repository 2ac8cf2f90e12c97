// What is told at the edit of a value that a remote will refuse, cut or not take; kept in memory
// until a mapping, the catalogue or a description changes.
#include "sync/engine/acceptance.hpp"

#include <catch2/catch.hpp>

#include "sync/engine/edit_rules.hpp"
#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using Fields = std::map<std::string, Value>;

namespace {

struct AcceptanceOffice {
    AcceptanceOffice() : remote(clock), device(clock) {
        remote.streams = people_streams();
        field("Last_Name").required = true;
        field("Phone").type = remote::FieldType::kChoice;
        field("Phone").choices = {{"110", {}}, {"119", {}}};
        field("Email").type = remote::FieldType::kEmail;
        field("Email").max_length = 5;
        field("Mailing_Street").max_length = 4;
        field("Mailing_City").create_only = true;
        remote.create("Contacts", {{"Last_Name", Value("Li")}});
        device.connect("crm", remote);
    }
    remote::FieldSpec& field(const std::string& name) {
        for (auto& one : remote.streams[0].fields)
            if (one.name == name) return one;
        throw std::runtime_error("no " + name);
    }
    /// "column code" of each flaw.
    std::vector<std::string> flaws(const Fields& fields, bool create = false) {
        const auto catalogue = replica::Catalogue::load(device.engine_db());
        const auto found = cache.get(device.engine_db(), *catalogue->entity("contact"),
                                     {.edition = edition, .of = [&](const std::string& connection) {
                                          CHECK(connection == "crm");
                                          ++asked;
                                          return remote.streams;
                                      }});
        REQUIRE(found);
        std::vector<std::string> out;
        for (const auto& flaw : (*found)->acceptance.flaws(fields, create)) {
            CHECK(flaw.connection == "crm");
            out.push_back(flaw.column + " " + flaw.code);
        }
        return out;
    }

    FakeClock clock;
    MemoryRemote remote;
    Device device;
    engine::EditRulesCache cache;
    std::uint64_t edition = 0;
    int asked = 0;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("an edit is told what the remote will refuse, cut or not take", "[acceptance]") {
    AcceptanceOffice office;
    CHECK(office.flaws({{"phone", Value("110")}, {"email", Value("a@b.c")}}).empty());
    CHECK(office.flaws({{"phone", Value("112")}}) == Lines{"phone KONTOR_CHOICE"});
    CHECK(office.flaws({{"email", Value("aa@b.c")}}) == Lines{"email KONTOR_LENGTH"});
    CHECK(office.flaws({{"mailing_street", Value("12345")}}) == Lines{"mailing_street KONTOR_CUT"});
    CHECK(office.flaws({{"mailing_street", Value("一二三四")}}).empty());
    CHECK(office.flaws({{"last_name", Value::null()}}) == Lines{"last_name KONTOR_REQUIRED"});
    CHECK(office.flaws({{"mailing_city", Value("x")}}) == Lines{"mailing_city KONTOR_CREATE_ONLY"});
    // What was not edited is not talked of; nor what no remote knows.
    CHECK(office.flaws({{"description", Value("x")}}).empty());
    CHECK(office.flaws({{"phone", Value()}}).empty());
    CHECK(office.flaws({{"account_id", Value(std::int64_t{1})}}).empty());
}

TEST_CASE("a new record is told what the remote wants to have", "[acceptance]") {
    AcceptanceOffice office;
    CHECK(office.flaws({{"phone", Value("110")}}, true) == Lines{"last_name KONTOR_REQUIRED"});
    CHECK(office.flaws({{"last_name", Value("Li")}, {"mailing_city", Value("x")}}, true).empty());
    office.field("Account_Name").required = true;
    ++office.edition;
    CHECK(office.flaws({{"last_name", Value("Li")}}, true) == Lines{"account_id KONTOR_REQUIRED"});
    CHECK(office.flaws({{"last_name", Value("Li")}, {"account_id", Value(std::int64_t{1})}}, true)
              .empty());
}

TEST_CASE("what is told is read again when mapping or description change", "[acceptance]") {
    AcceptanceOffice office;
    CHECK(office.flaws({{"phone", Value("112")}}).size() == 1);
    CHECK(office.flaws({{"phone", Value("112")}}).size() == 1);
    const int once = office.asked;
    office.field("Phone").choices.push_back({"112", {}});
    CHECK(office.flaws({{"phone", Value("112")}}).size() == 1);
    CHECK(office.asked == once);
    ++office.edition;
    CHECK(office.flaws({{"phone", Value("112")}}).empty());
    CHECK(office.asked > once);
    office.device.remap("crm", [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) stream.push = false;
    });
    office.device.sync("crm");
    CHECK(office.flaws({{"last_name", Value::null()}}).empty());
}

TEST_CASE("what is told at the edit is what a push then finds", "[acceptance]") {
    AcceptanceOffice office;
    office.device.sql("UPDATE contact SET phone = '112' WHERE id = 1");
    office.device.sync("crm");
    const auto blocked = engine::list_blocked(office.device.engine_db(), 10, 0);
    REQUIRE(blocked->size() == 1);
    CHECK(office.flaws({{"phone", Value("112")}}) ==
          Lines{blocked->front().column + " " + blocked->front().code});
}
