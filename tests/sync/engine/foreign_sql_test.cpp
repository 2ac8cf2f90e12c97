// The plain sqlite3 program, a process of its own, edits the replica between and during the
// engine's cycles: what it writes is synced as any edit is, or kept and never sent.
#include <sys/wait.h>
#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <future>

#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::seconds;

namespace {

struct ForeignSqlFixture {
    ForeignSqlFixture() : remote(clock), device(clock) {
        remote.streams = people_streams();
        auto rate = text_field("Exchange_Rate", "exchange_rate");
        rate.type = remote::FieldType::kDecimal;
        remote.streams[0].fields.push_back(rate);
        for (int i = 0; i < 30; ++i)
            ids.push_back(remote.create("Contacts", {{"Last_Name", Value("N" + std::to_string(i))},
                                                     {"Phone", Value("100")}}));
        clock.advance(seconds{60});
        device.connect("crm", remote);
        device.sync("crm");
    }
    /// What the program printed, errors included.
    std::string sqlite3(const std::string& sql) {
        const std::string script = device.path() + "-script.sql";
        std::ofstream(script) << ".bail on\n.timeout 10000\n" << sql << "\n";
        const std::string command =
            "sqlite3 -batch -init /dev/null '" + device.path() + "' <'" + script + "' 2>&1";
        FILE* pipe = popen(command.c_str(), "r");
        REQUIRE(pipe != nullptr);
        std::string out;
        std::array<char, 4096> buffer{};
        while (const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe))
            out.append(buffer.data(), n);
        pclose(pipe);
        return out;
    }
    std::string id(int n) { return std::to_string(device.local("Contacts", ids[n])); }
    Value there(int n, const char* field) { return remote.value("Contacts", ids[n], field); }

    FakeClock clock;
    MemoryRemote remote;
    Device device;
    std::vector<std::string> ids;
};

}  // namespace

TEST_CASE("sqlite3: INSERT OR REPLACE on an existing id is an edit of that record", "[foreign]") {
    ForeignSqlFixture f;
    CHECK(f.sqlite3("INSERT OR REPLACE INTO contact(id, last_name, phone) VALUES(" + f.id(1) +
                    ", 'N1', '139')")
              .empty());
    f.device.sync("crm");
    CHECK(f.there(1, "Phone") == Value("139"));
    CHECK(f.remote.ids("Contacts").size() == 30);
    CHECK(f.device.remote_id("Contacts", std::stoll(f.id(1))) == f.ids[1]);
    CHECK(f.remote.sent.size() == 1);
}

TEST_CASE("sqlite3: an UPSERT changes what it names and nothing else", "[foreign]") {
    ForeignSqlFixture f;
    CHECK(f.sqlite3("INSERT INTO contact(id, last_name) VALUES(" + f.id(2) +
                    ", 'x') ON CONFLICT(id) DO UPDATE SET phone = '140'")
              .empty());
    f.device.sync("crm");
    CHECK(f.there(2, "Phone") == Value("140"));
    CHECK(f.there(2, "Last_Name") == Value("N2"));
    REQUIRE(f.remote.sent.size() == 1);
    CHECK(f.remote.sent[0].fields.size() == 1);
}

TEST_CASE("sqlite3: an INSERT without id is created there once", "[foreign]") {
    ForeignSqlFixture f;
    CHECK(f.sqlite3("INSERT INTO contact(last_name) VALUES('New')").empty());
    for (int i = 0; i < 3; ++i) f.device.sync("crm");
    CHECK(f.remote.ids("Contacts").size() == 31);
}

TEST_CASE("sqlite3: the id of a record cannot be changed", "[foreign]") {
    ForeignSqlFixture f;
    CHECK_THAT(f.sqlite3("UPDATE contact SET id = 9999 WHERE id = " + f.id(3)),
               Catch::Contains("cannot be changed"));
    f.device.sync("crm");
    CHECK(f.remote.sent.empty());
    CHECK(f.device.number("SELECT count(*) FROM contact WHERE id = " + f.id(3)) == 1);
}

TEST_CASE("sqlite3: text in a number column is kept, blocked and never sent", "[foreign]") {
    ForeignSqlFixture f;
    CHECK(f.sqlite3("UPDATE contact SET exchange_rate = 'much' WHERE id = " + f.id(4)).empty());
    for (int i = 0; i < 2; ++i) f.device.sync("crm");
    CHECK(f.remote.sent.empty());
    CHECK(f.device.text("SELECT exchange_rate FROM contact WHERE id = " + f.id(4)) == "much");
    const auto blocked = *engine::list_blocked(f.device.engine_db(), 9, 0);
    REQUIRE(blocked.size() == 1);
    CHECK(blocked[0].code == "KONTOR_VALUE");
    CHECK(blocked[0].column == "exchange_rate");
    CHECK(f.sqlite3("UPDATE contact SET exchange_rate = 7.25 WHERE id = " + f.id(4)).empty());
    f.device.sync("crm");
    CHECK(f.there(4, "Exchange_Rate") == Value("7.25"));
}

TEST_CASE("sqlite3: DELETE without WHERE is not carried out before a person has said so",
          "[foreign]") {
    ForeignSqlFixture f;
    CHECK(f.sqlite3("DELETE FROM contact").empty());
    const auto stopped = f.device.sync("crm");
    REQUIRE(stopped.problem);
    CHECK(stopped.problem->code == Errc::kGuard);
    CHECK(f.remote.ids("Contacts").size() == 30);
    engine::CycleOptions confirmed;
    confirmed.confirm_mass = true;
    f.device.sync("crm", confirmed);
    CHECK(f.remote.ids("Contacts").empty());
}

TEST_CASE("sqlite3: what is rolled back was never there", "[foreign]") {
    ForeignSqlFixture f;
    CHECK(f.sqlite3("BEGIN; UPDATE contact SET phone = '1'; INSERT INTO contact(last_name) "
                    "VALUES('x'); DELETE FROM contact WHERE id = " +
                    f.id(5) + "; ROLLBACK;")
              .empty());
    f.device.sync("crm");
    CHECK(f.remote.sent.empty());
    CHECK(f.device.number("SELECT count(*) FROM contact") == 30);
}

TEST_CASE("sqlite3: a write that meets the engine's transaction waits and is synced", "[foreign]") {
    ForeignSqlFixture f;
    // The engine is stopped in the middle of a cycle, between its look and its push.
    f.device.sql("UPDATE contact SET phone = '1' WHERE id = " + f.id(6));
    std::future<std::string> writer;
    f.remote.before_push = [&] {
        const auto transaction = replica::Transaction::begin(f.device.engine_db());
        REQUIRE(transaction);
        writer = std::async(std::launch::async, [&f, id = f.id(7)] {
            return f.sqlite3("UPDATE contact SET phone = '2' WHERE id = " + id);
        });
        // Rolled back at the end of this block: the writer has met it or comes after it.
    };
    f.device.sync("crm");
    CHECK(writer.get().empty());
    f.device.sync("crm");
    CHECK(f.there(6, "Phone") == Value("1"));
    CHECK(f.there(7, "Phone") == Value("2"));
}
