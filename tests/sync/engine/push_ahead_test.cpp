// The next records are read while the present ones are written (Capabilities::fetch_with_push).
#include <catch2/catch.hpp>
#include <optional>
#include <utility>

#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// Six contacts, 1 to 6, all edited here; two go at a time.
struct Ahead {
    explicit Ahead(bool reads_meanwhile = true) : remote(clock), device(clock) {
        remote.streams = people_streams();
        for (auto& stream : remote.streams) stream.can.fetch_with_push = reads_meanwhile;
        for (int i = 1; i <= 6; ++i)
            ids.push_back(
                remote.create("Contacts", {{"Last_Name", Value("N" + std::to_string(i))}}));
        clock.advance(seconds{60});
        device.connect("crm", remote, [](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups) group.policy = merge::Policy::kManual;
        });
        device.sync("crm");
        device.sql("UPDATE contact SET phone = 'ours ' || last_name");
    }
    [[nodiscard]] std::string there(int number, const std::string& field = "Phone") const {
        return remote.value("Contacts", ids.at(static_cast<std::size_t>(number - 1)), field).text();
    }
    std::string here(int number, const std::string& column) {
        return device.text("SELECT " + column + " FROM contact WHERE last_name = 'N" +
                           std::to_string(number) + "'");
    }
    void check_at_rest() {
        CHECK(device.number("SELECT count(*) FROM kontor_link WHERE dirty") == 0);
        CHECK(device.number("SELECT count(*) FROM kontor_intent WHERE state <> 'acked'") == 0);
        const int sent = remote.changes_sent;
        device.sync("crm");
        device.sync("crm");
        CHECK(remote.changes_sent == sent);
    }
    FakeClock clock;
    MemoryRemote remote;
    Device device;
    std::vector<std::string> ids;
};

std::optional<remote::PushResult> with(remote::PushStatus status) {
    remote::PushResult out;
    out.status = status;
    return out;
}

}  // namespace

TEST_CASE("the next are read while these are written, each once", "[push_ahead]") {
    Ahead f;
    f.device.sync("crm");
    CHECK(f.remote.pushes == 3);
    CHECK(f.remote.fetches == 3);
    CHECK(f.remote.fetches_with_push == 2);
    for (int i = 1; i <= 6; ++i) CHECK(f.there(i) == "ours N" + std::to_string(i));
    f.check_at_rest();
}

TEST_CASE("who cannot read meanwhile is asked before each push", "[push_ahead]") {
    Ahead f(false);
    f.device.sync("crm");
    CHECK(f.remote.pushes == 3);
    CHECK(f.remote.fetches == 3);
    CHECK(f.remote.fetches_with_push == 0);
}

TEST_CASE("what a colleague writes while others are written is merged", "[push_ahead]") {
    Ahead f;
    f.remote.before_push = [&] {
        f.clock.advance(milliseconds{50});
        f.remote.edit("Contacts", f.ids[2], {{"Email", Value("theirs@example.com")}});
        f.remote.edit("Contacts", f.ids[3], {{"Phone", Value("theirs")}});
    };
    f.device.sync("crm");
    CHECK(f.remote.fetches_with_push == 2);
    CHECK(f.there(3) == "ours N3");
    CHECK(f.here(3, "email") == "theirs@example.com");
    // Both have changed it: a question, and nothing is overwritten.
    CHECK(f.there(4) == "theirs");
    CHECK(f.device.number("SELECT count(*) FROM kontor_conflict WHERE state = 'open'") == 1);
    CHECK(f.there(6) == "ours N6");
}

TEST_CASE("what is typed while others are written goes out as it is last", "[push_ahead]") {
    Ahead f;
    const int number = GENERATE(1, 3, 6);  // being written, being read, not yet
    f.remote.before_push = [&] {
        f.device.sql(
            "UPDATE contact SET phone = 'newer', first_name = 'Wang' WHERE last_name = 'N" +
            std::to_string(number) + "'");
    };
    f.device.sync("crm");
    CHECK(f.there(number) == "newer");
    CHECK(f.there(number, "First_Name") == "Wang");
    CHECK(f.there(2) == "ours N2");
    f.check_at_rest();
}

TEST_CASE("who is deleted while others are written is deleted there", "[push_ahead]") {
    Ahead f;
    const int number = GENERATE(1, 3);
    f.remote.before_push = [&] {
        f.device.sql("DELETE FROM contact WHERE last_name = 'N" + std::to_string(number) + "'");
    };
    f.device.sync("crm");
    CHECK(f.remote.at("Contacts", f.ids.at(static_cast<std::size_t>(number - 1))).deleted);
    f.check_at_rest();
}

TEST_CASE("who refers to what is being made has something to tell once it is", "[push_ahead]") {
    Ahead f;
    auto account = f.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    f.clock.advance(seconds{60});
    f.device.sync("crm");
    f.device.sql("INSERT INTO account(name) VALUES('New')");
    f.device.sql("UPDATE contact SET account_id = (SELECT id FROM account WHERE name = 'New')");
    const int fetches = f.remote.fetches;
    f.device.sync("crm");
    const auto made = f.device.remote_id(
        "Accounts", f.device.number("SELECT id FROM account WHERE name = 'New'"));
    REQUIRE(!made.empty());
    for (int i = 1; i <= 6; ++i) CHECK(f.there(i, "Account_Name") == made);
    CHECK(f.remote.fetches - fetches == 3);  // each was read before it was written
    f.check_at_rest();
}

TEST_CASE("nothing is read while records are made", "[push_ahead]") {
    Ahead f;
    f.device.sql("UPDATE contact SET phone = NULL");
    f.device.sync("crm");
    // The new ones come last; a batch of both kinds lets the next wait.
    f.device.sql("UPDATE contact SET phone = '1' WHERE last_name IN ('N6')");
    f.device.sql("INSERT INTO contact(last_name) VALUES('new 1'), ('new 2'), ('new 3')");
    const int ahead = f.remote.fetches_with_push;
    f.device.sync("crm");
    CHECK(f.remote.fetches_with_push == ahead);
    CHECK(f.there(6) == "1");
    CHECK(f.remote.ids("Contacts").size() == 9);
}

TEST_CASE("a look that has grown old is repeated, and none follows it", "[push_ahead]") {
    Ahead f;
    f.remote.before_push = [&] { f.clock.advance(milliseconds{301}); };  // the first of three
    f.device.sync("crm");
    CHECK(f.remote.pushes == 3);
    // Read ahead once in vain, then anew, which was answered soon: so the last go along again.
    CHECK(f.remote.fetches == 4);
    CHECK(f.remote.fetches_with_push == 2);
    f.check_at_rest();
}

TEST_CASE("a push that fails leaves those that were read as they were", "[push_ahead]") {
    Ahead f;
    f.remote.next_push = MemoryRemote::Fault::kLostAnswer;
    f.device.sync("crm");
    f.device.sync("crm");
    CHECK(f.remote.changes_sent == 6);  // the two had landed
    for (int i = 1; i <= 6; ++i) CHECK(f.there(i) == "ours N" + std::to_string(i));
    f.check_at_rest();
}

TEST_CASE("a read that fails takes nothing from what was written meanwhile", "[push_ahead]") {
    Ahead f;
    f.remote.before_push = [&] { f.remote.fetch_fails = true; };
    f.device.sync("crm");
    CHECK(f.remote.pushes == 1);
    CHECK(f.there(2) == "ours N2");
    CHECK(f.device.number("SELECT count(*) FROM kontor_intent WHERE state <> 'acked'") == 0);
    f.remote.fetch_fails = false;
    f.device.sync("crm");
    CHECK(f.remote.changes_sent == 6);
    f.check_at_rest();
}

TEST_CASE("who is refused, and who was merged meanwhile, holds up no other", "[push_ahead]") {
    Ahead f;
    f.remote.refuse = [&](const std::string&, const remote::Change& change) {
        return change.id == f.ids[0] ? with(remote::PushStatus::kInvalid) : std::nullopt;
    };
    f.remote.before_push = [&] {
        f.clock.advance(milliseconds{50});
        f.remote.merge("Contacts", f.ids[2], f.ids[1]);  // into one that is being written
    };
    f.device.sync("crm");
    CHECK(f.device.number("SELECT count(*) FROM kontor_blocked") == 1);
    CHECK(f.device.number("SELECT count(*) FROM contact") == 5);
    for (int i : {4, 5, 6}) CHECK(f.there(i) == "ours N" + std::to_string(i));
    f.remote.refuse = {};
    f.device.sql("UPDATE contact SET phone = 'ours again' WHERE last_name = 'N1'");
    f.device.sync("crm");
    CHECK(f.there(1) == "ours again");
    f.check_at_rest();
}

TEST_CASE("who is said to be another than we know is planned afresh before the next go",
          "[push_ahead]") {
    Ahead f;
    bool once = true;
    f.remote.refuse = [&](const std::string&, const remote::Change& change) {
        return change.id == f.ids[1] && std::exchange(once, false)
                   ? with(remote::PushStatus::kChanged)
                   : std::nullopt;
    };
    f.device.sync("crm");
    for (int i = 1; i <= 6; ++i) CHECK(f.there(i) == "ours N" + std::to_string(i));
    f.check_at_rest();
}
