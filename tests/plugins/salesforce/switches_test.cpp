// One round of everything with each open behaviour of the organisation set each way.
#include <catch2/catch.hpp>

#include "tests/plugins/salesforce/organisation.hpp"

using namespace kontor;
using test::SalesforceOrganisation;
using test::shown;

namespace {

const std::vector<std::string> kRound{"LastName", "Title", "Kontor_Id__c"};

}  // namespace

TEST_CASE("a round: load, changes, writes, deletions, whatever is switched", "[salesforce][peer]") {
    const auto [name, value] =
        GENERATE(table<const char*, const char*>({{"stamp_resolution", "millisecond"},
                                                  {"query_batch", "60"},
                                                  {"locator_lost", "true"},
                                                  {"numbers", "plain"},
                                                  {"missing_id_code", "NOT_FOUND"},
                                                  {"missing_id_code", "ENTITY_IS_DELETED"},
                                                  {"unmodified_since", "ignored"},
                                                  {"deleted_feed", "false"},
                                                  {"deleted_forgets_after_h", "1"},
                                                  {"undelete_moves_stamp", "false"},
                                                  {"trim_text", "false"},
                                                  {"bulk", "false"},
                                                  {"bulk_polls", "3"},
                                                  {"bulk_fails", "true"},
                                                  {"external_field", "false"},
                                                  {"date_header", "false"}}));
    CAPTURE(name, value);
    test::Switches switches{{name, value}};
    if (std::string_view(name) == "locator_lost") switches.emplace_back("query_batch", "60");
    SalesforceOrganisation at(R"({"bulk_from": 200})", switches);
    at.pull("Contact", kRound);
    CHECK(at.mirror["Contact"].size() == 250);

    at.host.clock_ms += 3'600'000;
    const auto rows = at.dump("Contact");
    const std::string edited = rows.begin()->first, deleted = std::next(rows.begin())->first;
    at.control("edit", {{"object", "Contact"}, {"id", edited}, {"set", {{"Title", "Dr"}}}});
    at.control("delete", {{"object", "Contact"}, {"id", deleted}});
    at.host.clock_ms += 60'000;
    at.pull("Contact", kRound);
    CHECK(shown(at.mirror["Contact"].at(edited), 1) == "Dr");
    CHECK(at.mirror["Contact"].count(deleted) == 0);
    CHECK(at.sweep("Contact").size() == 249);

    abi::BatchWriter batch;
    batch.begin(abi::Op::kCreate, "", "", "k1");
    batch.add(0, "新");
    batch.begin(abi::Op::kUpdate, edited, at.mirror["Contact"].at(edited).version);
    batch.add(1, "Prof");
    batch.begin(abi::Op::kUpdate, deleted);
    batch.add(1, "gone");
    batch.begin(abi::Op::kDelete, std::next(rows.begin(), 2)->first);
    const auto results = at.push("Contact", kRound, batch);
    REQUIRE(results.size() == 4);
    CHECK(results[0].status == "ok");
    CHECK(results[1].status == "ok");
    CHECK(results[2].status == "missing");
    CHECK(results[3].status == "ok");
    at.host.clock_ms += 60'000;
    at.pull("Contact", kRound);
    CHECK(shown(at.mirror["Contact"].at(edited), 1) == "Prof");
    CHECK(at.mirror["Contact"].size() == at.dump("Contact").size());
}
