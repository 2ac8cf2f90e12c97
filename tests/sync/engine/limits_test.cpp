// What Kontor cannot promise (docs/guarantees.md), shown as it is: what is lost, and what is done
// instead. A case that fails here may be a limit that is one no more.
#include <catch2/catch.hpp>

#include "sync/engine/epoch.hpp"
#include "sync/engine/verifier.hpp"
#include "tests/sync/engine/epoch_fixture.hpp"
#include "tests/sync/engine/found_world.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

/// One contact that both sides have known for an hour.
struct LimitWorld : FoundWorld {
    std::string lee;

    explicit LimitWorld(merge::Policy policy = merge::Policy::kNewest)
        : FoundWorld(people_streams()) {
        lee = remote.create("Contacts", {{"Last_Name", Value("Lee")}, {"Phone", Value("1")}});
        clock.advance(hours{1});
        connect(device, policy);
        clock.advance(hours{1});
    }
    void connect(Device& to, merge::Policy policy) {
        to.connect("a", remote, [&](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups) group.policy = policy;
        });
    }
    void they_type(const char* phone) { remote.edit("Contacts", lee, {{"Phone", Value(phone)}}); }
    std::string here() { return device.text("SELECT phone FROM contact"); }
    std::string there() { return remote.value("Contacts", lee, "Phone").text(); }
    /// Whether a value stands in what this replica remembers, but for the record itself.
    bool remembers(const std::string& value) {
        return device.number("SELECT (SELECT count(*) FROM kontor_history WHERE old = '" + value +
                             "') + (SELECT count(*) FROM kontor_conflict WHERE instr(theirs, '" +
                             value + "') OR instr(ours, '" + value + "'))") > 0;
    }
    /// Values of which `kontor verify` finds that they differ for no reason that is known.
    std::int64_t unexplained() {
        engine::Observer observer;
        const std::atomic<bool> cancelled{false};
        engine::Verifier verifier({.db = device.engine_db(),
                                   .remote = remote,
                                   .observer = observer,
                                   .cancelled = cancelled,
                                   .finding = [](const auto&) {}},
                                  device.settings("a"));
        const auto report = verifier.run({});
        REQUIRE(report);
        std::int64_t out = 0;
        for (const auto& counts : report->streams) out += counts.unexplained();
        return out;
    }
};

}  // namespace

TEST_CASE("limit: what a colleague types between look and push is overwritten unread",
          "[engine][limits]") {
    LimitWorld w;
    w.device.sql("UPDATE contact SET phone = 'ours'");
    w.remote.before_push = [&] {
        w.remote.edit("Contacts", w.lee, {{"Phone", Value("theirs")}, {"Email", Value("l@x.cn")}});
    };
    w.device.sync("a");
    w.clock.advance(minutes{1});
    w.device.sync("a");
    CHECK(w.there() == "ours");
    CHECK_FALSE(w.remembers("theirs"));
    // Only what changed was sent: their other fields stand.
    CHECK(w.remote.value("Contacts", w.lee, "Email") == Value("l@x.cn"));
    CHECK(w.device.text("SELECT email FROM contact") == "l@x.cn");
}

TEST_CASE("limit: a question has the newest of their values, not one that was replaced",
          "[engine][limits]") {
    LimitWorld w(merge::Policy::kManual);
    w.device.sql("UPDATE contact SET phone = 'ours'");
    for (const char* phone : {"first", "second"}) {
        w.they_type(phone);
        w.clock.advance(minutes{1});
        w.device.sync("a");
        w.clock.advance(minutes{1});
    }
    const auto open = *engine::list_conflicts(w.device.engine_db(), {});
    REQUIRE(open.size() == 1);
    CHECK(w.remembers("second"));
    CHECK_FALSE(w.remembers("first"));
    CHECK(w.here() == "ours");
    CHECK(w.there() == "second");
}

TEST_CASE("limit: a copy that lags does not show what was written just before our push",
          "[engine][limits]") {
    LimitWorld w;
    w.device.sync("a");
    w.device.sql("UPDATE contact SET phone = 'ours'");
    w.remote.read_as["Contacts"][w.lee] = w.remote.at("Contacts", w.lee);
    w.remote.unlisted.insert(w.lee);  // the list has not been read since
    w.they_type("theirs");
    w.device.sync("a");
    CHECK(w.there() == "ours");
    CHECK_FALSE(w.remembers("theirs"));
}

TEST_CASE("limit: what a remote without unique keys hides from us is made once more",
          "[engine][limits]") {
    LimitWorld w;
    const bool upserts = GENERATE(true, false);
    CAPTURE(upserts);
    w.remote.upserts = upserts;
    w.device.sql("INSERT INTO contact(last_name) VALUES('New')");
    w.remote.next_push = MemoryRemote::Fault::kLostAnswer;
    w.device.try_sync("a");
    REQUIRE(w.remote.ids("Contacts").size() == 2);
    const auto made = w.remote.ids("Contacts").back();
    const auto key = w.remote.value("Contacts", made, "Kontor_Id");
    w.remote.forbidden.insert(made);
    w.remote.unfound.insert(made);
    w.clock.advance(minutes{20});
    for (int i = 0; i < 3; ++i) w.device.try_sync("a");
    CHECK(w.remote.ids("Contacts").size() == (upserts ? 2 : 3));
    for (const auto& id : w.remote.ids("Contacts"))
        if (id != w.lee) CHECK(w.remote.value("Contacts", id, "Kontor_Id") == key);
}

TEST_CASE("limit: two replicas make it again within moments, where keys are not unique",
          "[engine][limits]") {
    LimitWorld w(merge::Policy::kLocal);
    const bool upserts = GENERATE(true, false);
    CAPTURE(upserts);
    w.remote.upserts = upserts;
    w.device.sql("INSERT INTO contact(last_name) VALUES('New')");
    w.device.sync("a");
    const auto made = w.remote.ids("Contacts").back();
    w.clock.advance(hours{1});
    Device other{w.clock};
    w.connect(other, merge::Policy::kLocal);
    w.device.sql("UPDATE contact SET email = 'n@x.cn' WHERE last_name = 'New'");
    other.sql("UPDATE contact SET first_name = 'Nan' WHERE last_name = 'New'");
    w.remote.erase("Contacts", made);
    w.clock.advance(minutes{1});
    other.sync("a");
    const auto again = w.remote.ids("Contacts").back();
    REQUIRE(again != made);
    w.remote.unlisted.insert(again);  // yet
    w.device.sync("a");
    CHECK(w.remote.ids("Contacts").size() == (upserts ? 2 : 3));
}

TEST_CASE("limit: a remote that lacks only what was made since passes for one where it was deleted",
          "[engine][limits]") {
    EpochFixture f;
    MemoryRemote earlier = f.remote;
    f.later();
    f.remote.create("Contacts", {{"Last_Name", Value("Since")}});
    f.device.sync("crm");
    REQUIRE(f.device.number("SELECT count(*) FROM contact") == 4);
    f.later();
    f.device.reroute("crm", earlier);
    f.device.sync("crm", with_sweep());
    CHECK(f.device.number("SELECT count(*) FROM contact") == 3);
    // It stands in history.
    CHECK(f.device.number("SELECT count(*) FROM kontor_history WHERE old = 'Since'") == 1);
}

TEST_CASE("limit: what changes at a remote whose clock was set back is found by a sweep",
          "[engine][limits]") {
    LimitWorld w;
    w.device.sync("a");
    w.remote.clock_skew = -minutes{30};
    const auto added = w.remote.create("Contacts", {{"Last_Name", Value("New")}});
    w.device.sync("a");
    CHECK(w.device.number("SELECT count(*) FROM contact") == 1);
    w.device.sync("a", with_sweep());
    CHECK(w.device.number("SELECT count(*) FROM contact") == 2);
}

TEST_CASE("limit: an edit that was sent and replaced since the backup is sent once more",
          "[engine][limits]") {
    LimitWorld w;
    w.device.sql("UPDATE contact SET phone = 'ours'");
    w.device.back_up();
    w.device.sync("a");
    REQUIRE(w.there() == "ours");
    w.clock.advance(hours{1});
    w.they_type("1");  // an automation sets it back to what it was
    w.clock.advance(hours{1});
    w.device.restore();
    REQUIRE(engine::start_epoch(w.device.engine_db()));
    for (int i = 0; i < 2; ++i) w.device.sync("a");
    CHECK(w.there() == "ours");
}

TEST_CASE("limit: the form that a remote keeps of ours passes for a colleague's until it was read",
          "[engine][limits]") {
    LimitWorld w(merge::Policy::kManual);
    w.remote.normalise = [](const std::string&, const std::string& field, Value value) {
        return field == "Email" && value == Value("Lee@X.cn") ? Value("lee@x.cn") : value;
    };
    w.device.sql("UPDATE contact SET email = 'Lee@X.cn'");
    w.remote.after_push = [&] {
        w.clock.advance(minutes{1});
        w.remote.edit("Contacts", w.lee, {{"Phone", Value("2")}});
        w.device.sql("UPDATE contact SET email = 'new@x.cn'");
    };
    for (int i = 0; i < 2; ++i) {
        w.device.sync("a");
        w.clock.advance(minutes{1});
    }
    REQUIRE(engine::list_conflicts(w.device.engine_db(), {})->size() == 1);
    CHECK(w.device.text("SELECT email FROM contact") == "new@x.cn");
    CHECK(w.remote.value("Contacts", w.lee, "Email") == Value("lee@x.cn"));
}

TEST_CASE("limit: a field hidden and shown again unnoticed is found by verifying",
          "[engine][limits]") {
    LimitWorld w;
    w.remote.edit("Contacts", w.lee, {{"Email", Value("l@x.cn")}, {"Phone", Value("hidden")}});
    w.remote.hidden_fields = {"Phone"};
    w.clock.advance(minutes{1});
    w.device.sync("a");
    REQUIRE(w.device.text("SELECT email FROM contact") == "l@x.cn");
    w.remote.hidden_fields.clear();  // nobody has described the fields meanwhile
    w.clock.advance(minutes{1});
    w.device.sync("a");
    CHECK(w.here() == "1");
    CHECK(w.unexplained() == 1);
    w.remote.edit("Contacts", w.lee, {{"First_Name", Value("Lin")}});
    w.clock.advance(minutes{1});
    w.device.sync("a");
    CHECK(w.here() == "hidden");
    CHECK(w.unexplained() == 0);
}

TEST_CASE("limit: an old page that looks like any other is believed until the next sweep",
          "[engine][limits]") {
    LimitWorld w;
    const auto gone = w.remote.create("Contacts", {{"Last_Name", Value("Gone")}});
    const auto old = w.remote.at("Contacts", gone);
    w.remote.forget("Contacts", gone);
    w.clock.advance(minutes{1});
    w.remote.replay("Contacts", gone, old);
    w.device.sync("a");
    CHECK(w.device.number("SELECT count(*) FROM contact") == 2);
    CHECK(w.unexplained() == 1);
    w.device.sync("a", with_sweep());
    CHECK(w.device.number("SELECT count(*) FROM contact") == 1);
    CHECK(w.unexplained() == 0);
}

TEST_CASE("limit: what changed within the tick that was read, and was hidden then, is not seen",
          "[engine][limits]") {
    LimitWorld w;
    w.they_type("2");
    const auto stamp = w.remote.at("Contacts", w.lee).version;
    w.device.sync("a");
    w.they_type("3");
    w.remote.set_version("Contacts", w.lee, stamp);
    w.remote.forbidden.insert(w.lee);
    w.clock.advance(minutes{1});
    w.device.sync("a");
    w.remote.forbidden.clear();
    w.clock.advance(minutes{1});
    w.device.sync("a");
    w.clock.advance(minutes{1});
    w.device.sync("a", with_sweep());
    CHECK(w.here() == "2");
    CHECK(w.unexplained() == 1);
    w.remote.edit("Contacts", w.lee, {{"First_Name", Value("Lin")}});
    w.clock.advance(minutes{1});
    w.device.sync("a");
    CHECK(w.here() == "3");
    CHECK(w.unexplained() == 0);
}

TEST_CASE("limit: what was emptied without a new time of change is found by verifying",
          "[engine][limits]") {
    // As a field's type changes and goes back before anybody has asked which fields there are.
    LimitWorld w;
    const auto version = w.remote.at("Contacts", w.lee).version;
    w.remote.edit("Contacts", w.lee, {{"Phone", Value::null()}});
    w.remote.set_version("Contacts", w.lee, version);
    w.device.sync("a", with_sweep());
    CHECK(w.here() == "1");
    CHECK(w.unexplained() == 1);
    w.remote.edit("Contacts", w.lee, {{"First_Name", Value("Lin")}});
    w.clock.advance(minutes{1});
    w.device.sync("a");
    CHECK(w.here().empty());
    CHECK(w.unexplained() == 0);
}

TEST_CASE("limit: another replica of the same user passes for the remote's own form of our value",
          "[engine][limits]") {
    LimitWorld w;
    const std::string by = GENERATE("api-user", "colleague");
    CAPTURE(by);
    w.remote.answers_version = false;
    w.device.sql("UPDATE contact SET phone = 'ours'");
    w.remote.after_push = [&] {
        w.remote.edit("Contacts", w.lee, {{"Phone", Value("theirs")}}, by);
    };
    for (int i = 0; i < 3; ++i) {
        w.device.sync("a");
        w.clock.advance(minutes{1});
    }
    CHECK(w.there() == "theirs");
    CHECK(w.here() == (by == "colleague" ? "theirs" : "ours"));
}

TEST_CASE("limit: what was deleted here and is taken back stands beside what was made again there",
          "[engine][limits]") {
    LimitWorld w(merge::Policy::kLocal);
    Device other{w.clock};
    w.connect(other, merge::Policy::kLocal);
    w.clock.advance(hours{1});
    w.device.sql("UPDATE contact SET email = 'l@x.cn'");
    other.sql("DELETE FROM contact");
    other.sync("a");
    REQUIRE(w.remote.ids("Contacts").empty());
    w.clock.advance(minutes{1});
    w.device.sync("a");  // its edit wins over the deletion
    REQUIRE(w.remote.ids("Contacts").size() == 1);
    other.sql("INSERT INTO contact(id, last_name, phone) VALUES(1, 'Lee', '1')");
    for (Device* device : {&other, &w.device}) {
        w.clock.advance(minutes{1});
        device->sync("a");
    }
    CHECK(w.remote.ids("Contacts").size() == 2);
}

TEST_CASE("limit: two replicas that bridge the same two remotes each make their own copies",
          "[engine][limits]") {
    LimitWorld w;
    Device other{w.clock};
    w.connect(other, merge::Policy::kNewest);
    MemoryRemote second(w.clock);
    second.streams = people_streams();
    second.org = "org-2";
    for (Device* device : {&w.device, &other}) device->prepare("b", second);
    for (int i = 0; i < 2; ++i)
        for (Device* device : {&w.device, &other}) {
            device->sync("b");  // before either shows there
            REQUIRE(engine::set_push(device->engine_db(), "b", true));
        }
    CHECK(second.ids("Contacts").size() == 2);
}

TEST_CASE(
    "limit: what was handed on since the backup is copied again if it was born at the other remote",
    "[engine][limits]") {
    LimitWorld w;
    MemoryRemote second(w.clock);
    second.streams = people_streams();
    second.org = "org-2";
    w.device.connect("b", second);
    const auto rounds = [&] {
        for (int i = 0; i < 3; ++i)
            for (const char* name : {"a", "b"}) {
                w.device.sync(name);
                w.clock.advance(minutes{1});
            }
    };
    rounds();
    w.device.back_up();
    w.remote.create("Contacts", {{"Last_Name", Value("New")}});
    rounds();
    REQUIRE(second.ids("Contacts").size() == 2);
    w.clock.advance(hours{1});
    w.device.restore();
    REQUIRE(engine::start_epoch(w.device.engine_db()));
    rounds();
    CHECK(second.ids("Contacts").size() == 3);
}

TEST_CASE("limit: the form of what was sent before a restore passes for somebody else's value",
          "[engine][limits]") {
    LimitWorld w(merge::Policy::kManual);
    w.remote.normalise = [](const std::string&, const std::string& field, Value value) {
        return field == "Email" && value == Value("Lee@X.cn") ? Value("lee@x.cn") : value;
    };
    w.device.sql("UPDATE contact SET email = 'Lee@X.cn'");
    w.device.back_up();
    w.device.sync("a");
    REQUIRE(w.remote.value("Contacts", w.lee, "Email") == Value("lee@x.cn"));
    w.clock.advance(hours{1});
    w.device.restore();
    REQUIRE(engine::start_epoch(w.device.engine_db()));
    w.device.sql("UPDATE contact SET email = 'new@x.cn'");
    w.device.sync("a");
    CHECK(engine::list_conflicts(w.device.engine_db(), {})->size() == 1);
    CHECK(w.device.text("SELECT email FROM contact") == "new@x.cn");
    CHECK(w.remote.value("Contacts", w.lee, "Email") == Value("lee@x.cn"));
}

TEST_CASE("limit: a reference to what is deleted here is blanked by the sync after the deletion",
          "[engine][limits]") {
    LimitWorld w;
    const auto account = w.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    w.remote.edit("Contacts", w.lee, {{"Account_Name", Value(account)}});
    w.clock.advance(minutes{1});
    w.device.sync("a");
    w.device.sql("DELETE FROM account");
    w.clock.advance(minutes{1});
    w.device.sync("a");
    CHECK(w.remote.at("Accounts", account).deleted);
    CHECK(w.remote.value("Contacts", w.lee, "Account_Name") == Value(account));
    w.clock.advance(minutes{1});
    w.device.sync("a");
    CHECK(w.remote.value("Contacts", w.lee, "Account_Name").is_null());
}
