// What restic writes, and the file that is kept of it, read as they may be in the worst case.
#include <catch2/catch.hpp>

#include "daemon/backup/ledger.hpp"
#include "daemon/backup/restic_answers.hpp"

namespace kontor::backup {
namespace {

const std::string kId(64, 'a');

std::string snapshot(const std::string& id, const std::string& more = "") {
    return R"({"id":")" + id + R"(","time":"2026-01-02T03:04:05.678+02:00")" + more + "}";
}

}  // namespace

TEST_CASE("a line of restic's with other types than it should have is told", "[backup]") {
    for (const std::string line :
         {R"({"message_type":5})", R"({"message_type":"status","percent_done":"1"})",
          R"({"message_type":"summary","snapshot_id":7})",
          R"({"message_type":"summary","snapshot_id":"01234567","data_added":1e300})"}) {
        StoreReport report([](double) {});
        report.add(line);
        report.add(R"({"message_type":"summary","snapshot_id":"01234567"})");
        const auto stored = report.stored();
        INFO(line);
        REQUIRE_FALSE(stored);
        CHECK(stored.error().code == Errc::kProtocol);
        CHECK(stored.error().message == "restic's answer cannot be read: " + line);
    }
}

TEST_CASE("of what restic says of a backup the rest is passed over", "[backup]") {
    std::vector<double> shares;
    StoreReport report([&](double share) { shares.push_back(share); });
    for (const auto* line :
         {"", "open repository", "[]", "null", R"({"message_type":"error","item":3})",
          R"({"message_type":"status","percent_done":0.5})", R"({"message_type":"status"})",
          R"({"message_type":"status","percent_done":1e9})"})
        report.add(line);
    CHECK(shares == std::vector{0.5, 0.0, 1.0});
    REQUIRE_FALSE(report.stored());
    CHECK(report.stored().error().message == "restic named no snapshot");
    report.add(R"({"message_type":"summary","snapshot_id":"--target","data_added":5})");
    CHECK_FALSE(report.stored());
    report.add(R"({"message_type":"summary","snapshot_id":"01234567","data_added":5})");
    REQUIRE(report.stored());
    CHECK(report.stored()->bytes_added == 5);
}

TEST_CASE("restic's lists name backups by whole ids, or cannot be read", "[backup]") {
    const auto one =
        read_snapshots("[" + snapshot(kId, R"(,"hostname":"h","tags":["number-7"])") + "]");
    REQUIRE(one);
    CHECK(one->at(0).number == 7);
    CHECK(one->at(0).host == "h");
    REQUIRE(read_snapshots("null"));
    REQUIRE(read_snapshots("[" + snapshot(kId, R"(,"tags":null)") + "]"));
    for (const auto& odd :
         {std::string(), std::string("5"), std::string("{}"), std::string("[5]"),
          std::string("[{}]"), "[" + snapshot("--option=x") + "]",
          "[" + snapshot(kId.substr(1)) + "]", "[" + snapshot(kId, R"(,"tags":[5])") + "]",
          "[" + snapshot(kId, R"(,"hostname":5)") + "]",
          "[" + snapshot(kId, ",\"tags\":[\"\xff\"]") + "]"}) {
        INFO(odd);
        REQUIRE_FALSE(read_snapshots(odd));
        CHECK(read_snapshots(odd).error().code == Errc::kProtocol);
        CHECK_FALSE(read_removed(odd));
    }
    CHECK(read_removed(R"([{"remove":null},{"remove":[{"id":")" + kId + R"("}]}])") ==
          std::vector{kId});
    CHECK_FALSE(read_removed(R"([{"remove":[{"id":"--keep-last=0"}]}])"));
}

TEST_CASE("a number that no backup can have is none", "[backup]") {
    for (const auto* tag : {"number-", "number-0", "number--5", "number-7x",
                            "number-9223372036854775807", "number-99999999999999999999"}) {
        const auto read =
            read_snapshots("[" + snapshot(kId, R"(,"tags":[")" + std::string(tag) + R"("])") + "]");
        INFO(tag);
        REQUIRE(read);
        CHECK(read->at(0).number == 0);
    }
}

TEST_CASE("what is no ledger counts as an empty one", "[backup]") {
    const std::string run =
        R"({"at":"","snapshot":"a","shows":"","ms":1,"bytes_added":2,"error":""})";
    REQUIRE(parse_ledger(R"({"drills":[],"last_run":)" + run + "}").last_run);
    for (const auto& odd :
         {std::string(), std::string("[]"), std::string("{}"), std::string(R"({"drills":5})"),
          R"({"drills":[5],"last_run":)" + run + "}",
          R"({"drills":[],"pruning":1,"last_run":)" + run + "}",
          R"({"drills":[],"last_good_run":)" + run + R"(,"last_run":{"at":5}})",
          std::string(R"({"drills":[],"last_run":{"at":"","snapshot":"","shows":"","ms":1e300,)"
                      R"("bytes_added":2,"error":""}})")}) {
        INFO(odd);
        CHECK(to_json(parse_ledger(odd)) == to_json(Ledger{}));
    }
}

}  // namespace kontor::backup
