// What everyday work costs, in requests and in work of the database. Counts, never times.
#include <catch2/catch.hpp>

#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;

namespace {

struct EverydayOffice {
    explicit EverydayOffice(int records, int push_batch_max = 100, bool key = true)
        : remote(clock), device(clock) {
        remote.streams = people_streams();
        remote.page_size = 200;
        for (auto& stream : remote.streams) {
            stream.can.push_batch_max = push_batch_max;
            if (!key) stream.can.key_field.clear();
        }
        for (int i = 0; i < records; ++i)
            remote.create("Contacts", {{"Last_Name", Value("N" + std::to_string(i))}});
        clock.advance(std::chrono::seconds{60});
        device.connect("crm", remote);
        device.settings("crm").guard_edits = 0;
        device.sync("crm");
    }
    FakeClock clock;
    MemoryRemote remote;
    Device device;
};

}  // namespace

TEST_CASE("without a key at most 100 creates can be left in doubt at once", "[everyday]") {
    const bool key = GENERATE(false, true);
    EverydayOffice office(1, 400, key);
    office.device.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 250)"
        " INSERT INTO contact(last_name) SELECT 'new ' || i FROM n");
    const int pushes = office.remote.pushes;
    office.device.sync("crm");
    CHECK(office.remote.pushes - pushes == (key ? 1 : 3));
    CHECK(office.device.number("SELECT count(*) FROM kontor_link WHERE dirty") == 0);
}

TEST_CASE("n edits are n/100 write requests and as many reads, rounded up", "[everyday]") {
    const int edits = GENERATE(1, 99, 100, 101, 250);
    EverydayOffice office(300);
    office.device.sql("UPDATE contact SET phone = '138' WHERE id <= " + std::to_string(edits));
    const int pushes = office.remote.pushes, fetches = office.remote.fetches;
    const int changes = office.remote.changes_sent;
    office.device.sync("crm");
    const int batches = (edits + 99) / 100;
    CHECK(office.remote.pushes - pushes == batches);
    CHECK(office.remote.changes_sent - changes == edits);
    CHECK(office.remote.fetches - fetches == batches);
    // What was acknowledged is not looked at again, in this sync or the next.
    CHECK(office.device.number("SELECT count(*) FROM kontor_link WHERE dirty") == 0);
    CHECK(office.device.number("SELECT count(*) FROM kontor_shadow") == 0);
    CHECK(office.device.number("SELECT count(*) FROM kontor_intent") == 0);
    office.device.sync("crm");
    CHECK(office.remote.pushes - pushes == batches);
    CHECK(office.remote.fetches - fetches == batches);
}

TEST_CASE("what is edited while it is pushed is pushed after", "[everyday]") {
    EverydayOffice office(10);
    office.device.sql("UPDATE contact SET phone = '1'");
    bool once = true;
    office.remote.after_push = [&] {
        if (std::exchange(once, false))
            office.device.sql("UPDATE contact SET phone = '2' WHERE id = 3");
    };
    office.device.sync("crm");
    const auto id = office.device.remote_id("Contacts", 3);
    CHECK(office.remote.value("Contacts", id, "Phone").text() == "2");
    office.device.sync("crm");
    CHECK(office.device.number("SELECT count(*) FROM kontor_link WHERE dirty") == 0);
    CHECK(office.device.text("SELECT phone FROM contact WHERE id = 3") == "2");
}

TEST_CASE("a sync without changes asks for changes and nothing else", "[everyday]") {
    EverydayOffice office(10);
    engine::Session session;
    office.device.session = &session;
    office.device.sync("crm");
    const int checks = office.remote.checks, pulls = office.remote.pulls;
    const int fetches = office.remote.fetches;
    for (int i = 0; i < 3; ++i) office.device.sync("crm");
    CHECK(office.remote.checks == checks);
    CHECK(office.remote.pulls == pulls + 3 * 2);  // of two streams
    CHECK(office.remote.fetches == fetches);
    CHECK(office.remote.pushes == 0);

    SECTION("who we are there is asked again after an hour") {
        office.clock.advance(engine::Session::kIdentityFor);
        office.device.sync("crm");
        CHECK(office.remote.checks == checks + 1);
        office.remote.org = "org-2";
        REQUIRE(office.device.try_sync("crm"));
        office.clock.advance(engine::Session::kIdentityFor);
        CHECK(office.device.try_sync("crm").error().code == Errc::kMismatch);
    }
    SECTION("and by a new session") {
        engine::Session fresh;
        office.device.session = &fresh;
        office.remote.org = "org-2";
        CHECK(office.device.try_sync("crm").error().code == Errc::kMismatch);
    }
}

TEST_CASE("a sync without changes costs the database the same however many records there are",
          "[everyday]") {
    const auto cost = [](int records) {
        EverydayOffice office(records);
        office.clock.advance(std::chrono::hours{1});  // past the overlap
        engine::Session session;
        office.device.session = &session;
        for (int i = 0; i < 3; ++i) office.device.sync("crm");
        return database_steps(office.device.engine_db(), [&] { office.device.sync("crm"); });
    };
    const int few = cost(10);
    CHECK(few > 0);
    CHECK(cost(1'000) < few + 100);  // it is a little more where a tree is deeper
}

TEST_CASE("each record of a first load costs the database the same", "[everyday]") {
    const auto cost = [](int records) {
        FakeClock clock;
        MemoryRemote remote(clock);
        remote.streams = people_streams();
        remote.page_size = 100;
        for (int i = 0; i < records; ++i)
            remote.create("Contacts", {{"Last_Name", Value("N" + std::to_string(i))}});
        Device device(clock);
        device.prepare("crm", remote);
        return database_steps(device.engine_db(), [&] { device.sync("crm"); });
    };
    const int few = cost(1'500);
    CHECK(few > 0);
    CHECK(cost(3'000) < 2 * few + few / 10);
}

TEST_CASE("status costs the same however many records there are", "[everyday]") {
    const auto cost = [](int records) {
        const EverydayOffice office(records);
        std::vector<engine::ConnectionStatus> status;
        const auto& db = office.device.engine_db();
        const int count = database_steps(db, [&] { status = *engine::connection_status(db); });
        REQUIRE(status.size() == 1);
        REQUIRE(status[0].streams.size() == 2);
        std::int64_t shown = 0;
        for (const auto& stream : status[0].streams) shown += stream.records;
        CHECK(shown == records);
        return count;
    };
    const int few = cost(10);
    CHECK(few > 0);
    CHECK(cost(1'000) == few);
}

TEST_CASE("what waits to be sent is counted before a cycle has looked at it", "[everyday]") {
    EverydayOffice office(10);
    const auto waiting = [&] {
        std::int64_t out = 0;
        const auto connections = engine::connection_status(office.device.engine_db());
        REQUIRE(connections);
        for (const auto& connection : *connections)
            for (const auto& stream : connection.streams) out += stream.to_push;
        return out;
    };
    CHECK(waiting() == 0);
    const bool push = GENERATE(true, false);
    if (!push) REQUIRE(engine::set_push(office.device.engine_db(), "crm", false));

    office.device.sql("UPDATE contact SET phone = '1' WHERE id IN (2, 3)");
    CHECK(waiting() == 2);
    office.device.sql("UPDATE contact SET phone = '2', last_name = 'B' WHERE id = 3");
    CHECK(waiting() == 2);
    office.device.sql("INSERT INTO contact(last_name) VALUES('New')");
    office.device.sql("DELETE FROM contact WHERE id = 5");
    CHECK(waiting() == 4);
    // Taken back, or of no concern to the remote.
    office.device.sql("UPDATE contact SET phone = NULL WHERE id = 2");
    office.device.sql("UPDATE contact SET department = 'd' WHERE id = 6");
    office.device.sql("INSERT INTO contact(last_name) VALUES('Short-lived')");
    office.device.sql("DELETE FROM contact WHERE last_name = 'Short-lived'");
    CHECK(waiting() == 3);
    // Absorbed and looked at again, nothing is counted twice.
    office.device.sync("crm");
    CHECK(waiting() == (push ? 0 : 3));
    office.device.sql("UPDATE contact SET phone = '3' WHERE id = 3");
    CHECK(waiting() == (push ? 1 : 3));
}

TEST_CASE("pushes and sweeps say of how much they have done how much", "[everyday]") {
    struct Heard final : engine::Observer {
        void progress(const engine::Progress& step) override {
            if (step.stream == "Contacts") steps[step.stage].emplace_back(step.done, step.total);
        }
        std::map<std::string, std::vector<std::pair<std::int64_t, std::int64_t>>> steps;
    } heard;
    using Steps = std::vector<std::pair<std::int64_t, std::int64_t>>;
    EverydayOffice office(250);
    office.device.sql("UPDATE contact SET phone = '138'");
    office.device.observer = &heard;
    engine::CycleOptions options;
    options.sweep = true;
    office.device.sync("crm", options);
    CHECK(heard.steps["push"] == Steps{{100, 250}, {200, 250}, {250, 250}});
    REQUIRE(heard.steps["sweep"].size() >= 2);
    CHECK(heard.steps["sweep"].front() == std::pair<std::int64_t, std::int64_t>{0, 250});
    CHECK(heard.steps["sweep"].back() == std::pair<std::int64_t, std::int64_t>{250, 250});
}

// Zoho lists deleted users beside the others.
TEST_CASE("a first load counts records, not those that are told to be gone", "[everyday]") {
    struct Heard final : engine::Observer {
        void progress(const engine::Progress& step) override {
            if (step.stage == "load" && step.stream == "Contacts") done = step.done;
        }
        std::int64_t done = 0;
    } heard;
    FakeClock clock;
    MemoryRemote remote(clock);
    remote.streams = people_streams();
    remote.first_pull_tells_deleted = true;
    for (int i = 0; i < 6; ++i) remote.create("Contacts", {{"Last_Name", Value("N")}});
    remote.erase("Contacts", remote.ids("Contacts").front());
    Device device(clock);
    device.observer = &heard;
    device.connect("crm", remote);
    CHECK(device.number("SELECT count(*) FROM contact") == 5);
    CHECK(heard.done == 5);
}
