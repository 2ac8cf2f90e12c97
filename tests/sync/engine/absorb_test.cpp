// What another program's SQL did to very many records at once is absorbed in parts. Parts must come
// to the same as the whole: the merge base of every field, also of records that were edited again
// and again, and whatever is edited between two parts.
#include <catch2/catch.hpp>

#include "sync/engine/absorb.hpp"
#include "sync/merge/group_values.hpp"
#include "sync/replica/chain.hpp"
#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;

namespace {

/// History entries of a part. Many fewer than usual: so are the records that are needed.
constexpr std::int64_t kPart = 1'024;

/// Records two of whose fields are more entries than a part has.
constexpr std::int64_t more_than(std::int64_t part) {
    return part / 2 + 100;
}
constexpr std::int64_t kRecords = more_than(kPart);

struct Crowd {
    explicit Crowd(std::int64_t records = kRecords) : remote(clock), device(clock) {
        remote.streams = people_streams();
        remote.page_size = 1'000;
        for (auto& stream : remote.streams) stream.can.push_batch_max = 100;
        for (std::int64_t i = 0; i < records; ++i)
            remote.create("Contacts", {{"Last_Name", Value("Name")},
                                       {"Phone", Value("100")},
                                       {"Mailing_City", Value("Berlin")},
                                       {"Mailing_Street", Value("Am Markt 1")}});
        clock.advance(std::chrono::seconds{60});
        device.connect("crm", remote);
        device.settings("crm").guard_edits = device.settings("crm").guard_deletes = 0;
        device.sync("crm");
        REQUIRE(device.number("SELECT count(*) FROM kontor_shadow") == 0);
    }
    /// Takes in parts until all is in; how many transactions that took.
    int absorb_all(const std::function<void(int)>& between = {}) {
        engine::Sql sql(device.engine_db());
        engine::PlanCaches caches;
        auto plans = engine::Plans::load(sql, caches);
        NullLogger log;
        engine::Context context{.sql = sql,
                                .clock = clock,
                                .random = device.random,
                                .log = log,
                                .plans = plans,
                                .run = 1};
        for (int parts = 1;; ++parts) {
            const auto before = device.number(kAbsorbed);
            engine::WriteTransaction transaction(device.engine_db());
            const bool all = engine::absorb(context, kPart);
            transaction.commit();
            if (all) return parts;
            CHECK(device.number(kAbsorbed) > before);
            CHECK(device.number(kAbsorbed) <= before + kPart);
            if (between) between(parts);
        }
    }
    /// Bases of the group that has `column`, as the invariant has them: distinct, with their
    /// number.
    std::string bases(const std::string& group) {
        return device.text(
            "SELECT coalesce(group_concat(line, ' '), '') FROM (SELECT count(*) || ':' ||"
            " hex(theirs) AS line FROM kontor_shadow s JOIN kontor_group g ON g.id = s.grp"
            " WHERE g.name = '" +
            group + "' AND theirs = ours GROUP BY theirs ORDER BY theirs)");
    }
    static std::string base(const std::vector<Value>& values) {
        return std::to_string(kRecords) + ":" + hex(merge::encode(values));
    }
    static std::string hex(const std::string& bytes) {
        static constexpr char kDigits[] = "0123456789ABCDEF";
        std::string out;
        for (const char c : bytes) {
            const auto byte = static_cast<unsigned char>(c);
            out += kDigits[byte >> 4];
            out += kDigits[byte & 15];
        }
        return out;
    }
    static constexpr const char* kAbsorbed =
        "SELECT value FROM kontor_meta WHERE key = 'absorbed_seq'";

    FakeClock clock;
    MemoryRemote remote;
    Device device;
};

}  // namespace

TEST_CASE("a change of very many records is absorbed in parts", "[absorb]") {
    Crowd crowd;
    SECTION("one statement, several fields") {
        crowd.device.sql("UPDATE contact SET phone = '200', last_name = 'Other'");
        CHECK(crowd.absorb_all() == 2);
        CHECK(crowd.bases("phone") == Crowd::base({Value("100")}));
        CHECK(crowd.bases("last_name") == Crowd::base({Value("Name")}));
    }
    SECTION("fields of one group by statements that are far from each other in the log") {
        crowd.device.sql("UPDATE contact SET mailing_city = 'Kyiv'");
        crowd.device.sql("UPDATE contact SET phone = '200'");
        crowd.device.sql("UPDATE contact SET mailing_street = 'Ring 2'");
        CHECK(crowd.absorb_all() == 2);
        CHECK(crowd.bases("mailing_address") ==
              Crowd::base({Value("Berlin"), Value("Am Markt 1")}));
    }
    SECTION("what is taken back far behind in the log has never been") {
        crowd.device.sql("UPDATE contact SET phone = '200'");
        crowd.device.sql("UPDATE contact SET last_name = 'Other'");
        crowd.device.sql("UPDATE contact SET phone = '100'");
        CHECK(crowd.absorb_all() > 1);
        CHECK(crowd.bases("phone").empty());
        CHECK(crowd.bases("last_name") == Crowd::base({Value("Name")}));
    }
    SECTION("what is edited between two parts") {
        crowd.device.sql("UPDATE contact SET phone = '200', last_name = 'Other'");
        CHECK(crowd.absorb_all([&](int part) {
            if (part == 1) crowd.device.sql("UPDATE contact SET phone = '300'");
        }) == 2);
        CHECK(crowd.bases("phone") == Crowd::base({Value("100")}));
    }
    SECTION("what is taken back between two parts") {
        crowd.device.sql("UPDATE contact SET phone = '200', last_name = 'Other'");
        crowd.absorb_all([&](int part) {
            if (part == 1) crowd.device.sql("UPDATE contact SET phone = '100'");
        });
        // The first part has noted a base; it is what the remote holds, as the row is again.
        const auto pushes = crowd.remote.changes_sent;
        crowd.device.sync("crm");
        CHECK(crowd.remote.changes_sent - pushes == kRecords);
        for (const auto& change : crowd.remote.sent) {
            REQUIRE(change.fields.size() == 1);
            CHECK(change.fields[0].field == "Last_Name");
        }
    }
    SECTION("an edit of a read-only field is put back, once") {
        crowd.device.sql("UPDATE kontor_field SET read_only = 1 WHERE name = 'phone'");
        crowd.device.sql("UPDATE contact SET phone = '200', last_name = 'Other'");
        CHECK(crowd.absorb_all() == 2);
        CHECK(crowd.device.number("SELECT count(*) FROM contact WHERE phone <> '100'") == 0);
        CHECK(crowd.device.number("SELECT count(*) FROM kontor_notice") == kRecords);
        CHECK(crowd.bases("phone").empty());
    }
    SECTION("records that are deleted") {
        crowd.device.sql("DELETE FROM contact");
        CHECK(crowd.absorb_all() > 1);
        CHECK(crowd.device.number("SELECT count(*) FROM kontor_tombstone WHERE image = ''") == 0);
        CHECK(crowd.device.number("SELECT count(*) FROM kontor_tombstone") == kRecords);
        CHECK(crowd.device.number("SELECT count(*) FROM kontor_link WHERE state = 0") == 0);
    }
    SECTION("records that are made, changed and partly deleted again") {
        crowd.device.sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)"
            " INSERT INTO contact(last_name) SELECT 'New' FROM n");
        crowd.device.sql("UPDATE contact SET phone = '300' WHERE last_name = 'New'");
        crowd.device.sql("DELETE FROM contact WHERE last_name = 'New' AND id % 2");
        CHECK(crowd.absorb_all() > 1);
        CHECK(crowd.device.number("SELECT count(*) FROM kontor_link WHERE ext_id IS NULL") == 300);
        CHECK(crowd.device.number("SELECT count(*) FROM kontor_shadow") == 0);
    }
    CHECK(crowd.device.number("SELECT count(*) FROM kontor_absorbed") == 0);
    // The next look finds nothing new, and the chain over all parts holds.
    CHECK(crowd.absorb_all() == 1);
    crowd.device.sync("crm");
    const auto chain = replica::verify_history(crowd.device.engine_db());
    REQUIRE(chain);
    CHECK_FALSE(chain->first_bad);
    CHECK(chain->unsealed == 0);
}

TEST_CASE("a merge does not begin before all is absorbed", "[absorb]") {
    Crowd crowd(more_than(engine::kAbsorbEntriesMax));
    crowd.device.sql("UPDATE contact SET phone = '200', last_name = 'Other'");
    // The record that comes last in the log is changed there too, in the same field.
    const auto id = crowd.remote.ids("Contacts").back();
    const auto last = std::to_string(crowd.device.local("Contacts", id));
    crowd.clock.advance(std::chrono::seconds{5});
    crowd.remote.edit("Contacts", id, {{"Phone", Value("999")}, {"Mailing_City", Value("Oslo")}});
    crowd.device.sync("crm");
    CHECK(crowd.device.text("SELECT mailing_city FROM contact WHERE id = " + last) == "Oslo");
    // Both sides changed it: neither value is lost.
    const auto shown = crowd.device.text("SELECT phone FROM contact WHERE id = " + last);
    CHECK(crowd.device.number("SELECT count(*) FROM kontor_conflict WHERE record = " + last) == 1);
    CHECK((shown == "200" || shown == "999"));
    CHECK(crowd.remote.value("Contacts", crowd.remote.ids("Contacts").front(), "Phone").text() ==
          "200");
}
