// What the history says of events, whoever made the change.
#include "daemon/jobs/happenings.hpp"

#include <catch2/catch.hpp>

#include "tests/sync/replica/support.hpp"

namespace kontor::jobs {

using Texts = std::vector<std::string>;

TEST_CASE("an event is told from the history", "[jobs]") {
    const replica::test::Replica replica;
    const config::JobEvent changed{"deal", "stage", std::nullopt};
    const config::JobEvent won{"deal", "stage", "Won"};
    replica.run("INSERT INTO deal(name,stage) VALUES('A','New'),('B','Won')");
    const auto made = replica.last_seq();
    // Made as won counts as winning it, but changes nothing.
    CHECK(happened(replica.db(), won, 0, made) == Texts{"deal:2"});
    CHECK(happened(replica.db(), changed, 0, made) == Texts{});

    replica.run(
        "UPDATE deal SET stage='Won' WHERE id=1; UPDATE deal SET stage='Lost' WHERE id=1;"
        "UPDATE deal SET name='C' WHERE id=2; UPDATE contact SET last_name='x'");
    const auto end = replica.last_seq();
    // Won, though it is lost by now.
    CHECK(happened(replica.db(), won, made, end) == Texts{"deal:1"});
    CHECK(happened(replica.db(), changed, made, end) == Texts{"deal:1"});
    CHECK(happened(replica.db(), won, end, end) == Texts{});

    replica.run("UPDATE deal SET probability=100 WHERE id=2; DELETE FROM deal");
    CHECK(happened(replica.db(), {"deal", "probability", "100"}, end, replica.last_seq()) ==
          Texts{"deal:2"});
    // What a first load brought is old.
    replica.run(
        "INSERT INTO kontor_history(entity,record,op,old,at) SELECT id,100,'l',200,'' FROM"
        " kontor_entity WHERE name='deal'");
    CHECK(happened(replica.db(), won, end, replica.last_seq()) == Texts{});
    const auto unknown = happened(replica.db(), {"deal", "colour", {}}, 0, end);
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == Errc::kNotFound);
}

}  // namespace kontor::jobs
