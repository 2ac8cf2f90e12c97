// What the simulation (tests/simulation) has found in the engine about fields that a remote cuts,
// hides, renames, or makes longer or of another type: one case for each defect.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "sync/engine/epoch.hpp"
#include "sync/engine/only_read.hpp"
#include "sync/replica/undo.hpp"
#include "tests/sync/engine/found_world.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::seconds;

TEST_CASE("a text that lists cut is read again if it may have changed within the same second",
          "[engine][found]") {
    auto streams = people_streams();
    streams[0].fields[2].may_be_cut = true;  // Phone stands for any text that lists cut
    FoundWorld w(streams);
    w.remote.cut_fields = {"Phone"};
    const auto id = w.remote.create("Contacts", {{"Phone", Value("138")}});
    w.device.connect("a", w.remote);
    REQUIRE(w.device.text("SELECT phone FROM contact") == "138");

    w.clock.jump(-seconds{5});  // a second edit in the second of the first, after it was read
    w.remote.edit("Contacts", id, {{"Phone", Value("139")}});
    w.clock.jump(seconds{5});
    w.device.sync("a");
    CHECK(w.device.text("SELECT phone FROM contact") == "139");

    const int fetches = w.remote.fetches;  // … and once the second is over, no more
    w.device.sync("a");
    CHECK(w.remote.fetches == fetches);
}

TEST_CASE("a text that lists cut is read again if it may have changed just before our push",
          "[engine][found]") {
    auto streams = people_streams();
    streams[0].fields[2].may_be_cut = true;
    FoundWorld w(streams);
    w.remote.revisions = true;
    w.remote.cut_fields = {"Phone"};
    const auto id = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.device.connect("a", w.remote);
    w.device.sql("UPDATE contact SET last_name = 'Li'");
    w.remote.before_push = [&] { w.remote.edit("Contacts", id, {{"Phone", Value("138")}}); };
    w.device.sync("a");
    w.remote.before_push = {};
    CHECK(w.device.text("SELECT phone FROM contact") == "138");
    CHECK(w.remote.value("Contacts", id, "Last_Name") == Value("Li"));
}

TEST_CASE("what a create has no word of is the remote's own, also beside what it tells",
          "[engine][found]") {
    FoundWorld w(people_streams());
    w.device.connect("a", w.remote);
    w.device.sql("INSERT INTO contact(mailing_city) VALUES('Berlin')");
    w.device.sync("a");
    const auto id = w.remote.ids("Contacts").front();

    w.clock.advance(std::chrono::hours{1});
    w.device.sql("UPDATE contact SET mailing_city = 'Bonn'");
    w.remote.erase("Contacts", id);
    w.remote.before_push = [&] {  // the create meets it by its key
        w.remote.restore("Contacts", id);
        w.remote.edit("Contacts", id, {{"Mailing_Street", Value("Markt 1")}});
    };
    w.device.sync("a");
    REQUIRE(w.remote.ids("Contacts") == std::vector{id});
    REQUIRE(w.remote.sent.back().op == remote::ChangeOp::kCreate);
    CHECK(w.remote.value("Contacts", id, "Mailing_City") == Value("Bonn"));
    CHECK(w.device.text("SELECT mailing_city FROM contact") == "Bonn");
    CHECK(w.device.text("SELECT mailing_street FROM contact") == "Markt 1");
    CHECK(w.device.number("SELECT count(*) FROM kontor_shadow") == 0);
}

TEST_CASE("a text that lists cut is read once it can be, if it could not be read at first",
          "[engine][found]") {
    auto streams = people_streams();
    streams[0].fields[2].may_be_cut = true;
    streams[0].can.modified_resolution_ms = 1;
    FoundWorld w(streams);
    w.remote.cut_fields = {"Phone"};
    std::string id;
    w.device.connect("a", w.remote);
    // Shown late: its stamp is of before the last pull, so it is over when the record is shown
    // again.
    const auto late = [&](const std::function<void()>& edit) {
        w.clock.jump(-seconds{7});
        edit();
        w.clock.jump(seconds{7});
        w.remote.fetch_fails = true;
        REQUIRE(w.device.sync("a").problem);
        w.remote.fetch_fails = false;
        w.device.sync("a");
    };
    SECTION("a new record") {
        late([&] { id = w.remote.create("Contacts", {{"Phone", Value("138")}}); });
    }
    SECTION("a change") {
        id = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
        w.clock.advance(std::chrono::hours{1});
        w.device.sync("a");
        late([&] {
            w.remote.edit("Contacts", id, {{"Last_Name", Value("Li")}, {"Phone", Value("138")}});
        });
        CHECK(w.device.text("SELECT last_name FROM contact") == "Li");
    }
    CHECK(w.device.text("SELECT phone FROM contact") == "138");
}

TEST_CASE("what colleagues changed in a field while it was hidden is read once it is shown again",
          "[engine][found]") {
    auto streams = people_streams();
    const bool cut = GENERATE(false, true);  // in lists
    std::ranges::find(streams[0].fields, "Phone", &remote::FieldSpec::name)->may_be_cut = cut;
    FoundWorld w(streams);
    if (cut) w.remote.cut_fields = {"Phone"};
    const auto lee = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.remote.edit("Contacts", lee, {{"Phone", Value("100")}});
    w.clock.advance(seconds{60});
    w.device.connect("a", w.remote);
    const auto shown = w.device.settings("a").streams;

    w.remote.hidden_fields = {"Phone"};
    std::erase_if(w.device.settings("a").streams.front().fields,
                  [](const auto& field) { return field.name == "Phone"; });
    w.device.sync("a");
    w.clock.advance(seconds{60});
    w.remote.edit("Contacts", lee, {{"Phone", Value("200")}, {"Email", Value("lee@example.com")}});
    w.clock.advance(seconds{60});
    w.device.sync("a");
    CHECK(w.device.text("SELECT phone FROM contact") == "100");
    CHECK(w.device.text("SELECT email FROM contact") == "lee@example.com");

    w.clock.advance(seconds{60});
    w.remote.hidden_fields.clear();
    w.device.settings("a").streams = shown;
    w.device.sync("a");
    CHECK(w.device.text("SELECT phone FROM contact") == "200");
    CHECK(w.device.number("SELECT count(*) FROM kontor_meta WHERE key LIKE 'hidden:%Phone'") == 0);
    w.clock.advance(seconds{3'600});
    CHECK(w.device.sync("a").streams.front().seen == 0);  // once is enough
}

TEST_CASE("nothing is sent over what colleagues changed in a field that is hidden",
          "[engine][found]") {
    auto streams = people_streams();
    // Where it compares, the versions that are read meanwhile tell nothing of the field.
    const auto cas = GENERATE(remote::CompareAndSet::kNone, remote::CompareAndSet::kBatch);
    CAPTURE(cas == remote::CompareAndSet::kNone);
    for (auto& stream : streams) stream.can.cas = cas;
    FoundWorld w(std::move(streams));
    const auto lee = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.clock.advance(seconds{60});
    w.device.connect("a", w.remote);
    const auto shown = w.device.settings("a").streams;
    w.remote.hidden_fields = {"Phone"};
    std::erase_if(w.device.settings("a").streams.front().fields,
                  [](const auto& field) { return field.name == "Phone"; });
    w.remote.edit("Contacts", lee, {{"Phone", Value("200")}});
    w.clock.advance(seconds{60});
    w.device.sync("a");

    const char* listed = "SELECT code || ' ' || col FROM kontor_blocked";
    w.device.sql("UPDATE contact SET phone = '139', email = 'lee@example.com'");
    w.clock.advance(seconds{60});
    w.device.sync("a");
    CHECK(w.device.text(listed) == "KONTOR_HIDDEN phone");  // though the rest could be sent
    // It is shown again, and nobody here knows it yet.
    w.remote.hidden_fields.clear();
    w.device.sql("UPDATE contact SET email = 'lee@example.org'");
    for (int i = 0; i < 2; ++i) {
        w.clock.advance(seconds{60});
        w.device.sync("a");
    }
    CHECK(w.remote.value("Contacts", lee, "Phone") == Value("200"));
    CHECK(w.remote.value("Contacts", lee, "Email") == Value("lee@example.org"));
    CHECK(w.device.text(listed) == "KONTOR_HIDDEN phone");

    w.device.settings("a").streams = shown;
    w.clock.advance(seconds{60});
    w.device.sync("a");
    CHECK(w.device.number("SELECT count(*) FROM kontor_blocked") == 0);
    const auto conflicts = *engine::list_conflicts(w.device.engine_db(),
                                                   {.state = engine::ConflictQuery::State::kAll});
    REQUIRE(conflicts.size() == 1);
    CHECK(conflicts[0].fields.front().theirs == Value("200"));
    CHECK(conflicts[0].fields.front().ours == Value("139"));
}

TEST_CASE("nothing is sent over a field that is shown again before the record has been read again",
          "[engine][found]") {
    auto streams = people_streams();
    const auto cas = GENERATE(remote::CompareAndSet::kNone, remote::CompareAndSet::kBatch);
    CAPTURE(cas == remote::CompareAndSet::kNone);
    for (auto& stream : streams) stream.can.cas = cas;
    FoundWorld w(std::move(streams));
    const auto lee = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.clock.advance(seconds{60});
    w.device.connect("a", w.remote);
    const auto shown = w.device.settings("a").streams;
    w.remote.hidden_fields = {"Phone"};
    std::erase_if(w.device.settings("a").streams.front().fields,
                  [](const auto& field) { return field.name == "Phone"; });
    w.remote.edit("Contacts", lee, {{"Phone", Value("200")}});
    w.clock.advance(seconds{60});
    w.device.sync("a");
    w.device.sql("UPDATE contact SET phone = '139'");
    w.device.sync("a");

    w.remote.hidden_fields.clear();
    w.device.settings("a").streams = shown;
    w.remote.no_pull["Contacts"] = w.remote.no_list["Contacts"] = Errc::kUnavailable;
    w.clock.advance(seconds{60});
    CHECK(w.device.try_sync("a"));
    const auto conflicts = *engine::list_conflicts(w.device.engine_db(),
                                                   {.state = engine::ConflictQuery::State::kAll});
    REQUIRE(conflicts.size() == 1);
    CHECK(conflicts[0].fields.front().theirs == Value("200"));
}

TEST_CASE("of a group that is hidden in part nothing comes, also not with a new record",
          "[engine][found]") {
    FoundWorld w(people_streams());
    w.device.connect("a", w.remote);
    const auto shown = w.device.settings("a").streams;
    w.remote.hidden_fields = {"Mailing_City"};
    std::erase_if(w.device.settings("a").streams.front().fields,
                  [](const auto& field) { return field.name == "Mailing_City"; });
    w.remote.create("Contacts", {{"Last_Name", Value("Lee")},
                                 {"Mailing_City", Value("Bern")},
                                 {"Mailing_Street", Value("Aargasse")}});
    w.device.sync("a");
    CHECK(w.device.text("SELECT last_name FROM contact") == "Lee");
    CHECK(w.device.text("SELECT mailing_street FROM contact").empty());

    w.remote.hidden_fields.clear();
    w.device.settings("a").streams = shown;
    w.clock.advance(seconds{60});
    w.device.sync("a");
    CHECK(w.device.text("SELECT mailing_city FROM contact") == "Bern");
    CHECK(w.device.text("SELECT mailing_street FROM contact") == "Aargasse");
}

TEST_CASE("of our own create that is met again, what its list cuts is read by id too",
          "[engine][found]") {
    auto streams = people_streams();
    streams[0].fields[2].may_be_cut = true;  // Phone stands for any text that lists cut
    FoundWorld w(std::move(streams));
    w.device.connect("a", w.remote);
    w.remote.cut_fields = {"Phone"};
    w.device.sql("INSERT INTO contact(last_name) VALUES('Lee')");
    w.remote.next_push = MemoryRemote::Fault::kLostAnswer;
    const bool restored = GENERATE(false, true);  // to before it was sent
    CAPTURE(restored);
    if (restored) {
        w.device.back_up();
        w.remote.next_push = MemoryRemote::Fault::kNone;
    }
    static_cast<void>(w.device.try_sync("a"));
    w.clock.advance(seconds{60});
    const auto ids = w.remote.ids("Contacts");
    REQUIRE(ids.size() == 1);
    w.remote.edit("Contacts", ids[0], {{"Phone", Value("of a colleague")}});
    if (restored) {
        w.device.restore();
        REQUIRE(engine::start_epoch(w.device.engine_db()));
    }
    w.clock.advance(seconds{60});
    for (int i = 0; i < 2; ++i) w.device.sync("a", with_sweep());
    CHECK(w.remote.ids("Contacts").size() == 1);
    CHECK(w.device.text("SELECT phone FROM contact") == "of a colleague");
}

TEST_CASE("a field shown again while a deletion waited is read if the deletion is taken back",
          "[engine][found]") {
    FoundWorld w(people_streams());
    w.device.connect("a", w.remote);
    const auto shown = w.device.settings("a").streams;
    w.remote.hidden_fields = {"Phone"};
    std::erase_if(w.device.settings("a").streams.front().fields,
                  [](const auto& field) { return field.name == "Phone"; });
    const auto lee = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.clock.advance(seconds{60});
    w.device.sync("a");
    w.device.sql("UPDATE contact SET phone = '138'");
    w.device.sql("DELETE FROM contact");
    w.remote.hidden_fields.clear();
    w.device.settings("a").streams = shown;
    engine::CycleOptions receive;
    receive.push = false;
    w.clock.advance(seconds{60});
    w.device.sync("a", receive);

    w.device.sql("INSERT INTO contact(id, last_name, phone) VALUES(1, 'Lee', '138')");
    w.clock.advance(seconds{60});
    w.device.sync("a");
    CHECK(w.remote.value("Contacts", lee, "Phone") == Value("138"));
}

TEST_CASE("what a field holds once it is of another type there is read, though no stamp tells",
          "[engine][found]") {
    FoundWorld w(people_streams());
    const auto id = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.remote.edit("Contacts", id, {{"Phone", Value("call me")}});
    w.clock.advance(seconds{3'600});
    w.device.connect("a", w.remote);
    w.clock.advance(seconds{3'600});
    w.device.sync("a");
    auto& described = w.device.settings("a").streams.front().fields;
    const auto phone = std::ranges::find(described, "Phone", &remote::FieldSpec::name);
    const auto now_holds = [&](const Value& value) {
        // Not a change of the record: its version stays.
        const auto then = w.remote.at("Contacts", id).version;
        w.remote.edit("Contacts", id, {{"Phone", value}});
        w.remote.set_version("Contacts", id, then);
        w.clock.advance(seconds{3'600});
    };
    phone->type = remote::FieldType::kInteger;
    now_holds(Value::null());
    w.device.sync("a");
    CHECK(w.device.number("SELECT phone IS NULL FROM contact") == 1);
    CHECK(w.device.number("SELECT count(*) FROM kontor_history WHERE old = 'call me'") == 1);
    phone->type = remote::FieldType::kText;
    now_holds(Value("12"));
    w.device.sync("a");
    CHECK(w.device.text("SELECT phone FROM contact") == "12");
    w.clock.advance(seconds{3'600});
    CHECK(w.device.sync("a").streams.front().seen == 0);  // once is enough
}

TEST_CASE("a number in a column of text is what the remote has of it", "[engine][found]") {
    FoundWorld w(people_streams());
    const auto id = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.remote.edit("Contacts", id, {{"Phone", Value("12")}});
    w.device.connect("a", w.remote);
    w.clock.advance(seconds{3'600});
    w.device.sync("a");
    const auto becomes = [&](remote::FieldType type, const Value& value) {
        auto& described = w.device.settings("a").streams.front().fields;
        std::ranges::find(described, "Phone", &remote::FieldSpec::name)->type = type;
        w.device.remap("a", [type](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups)
                    for (auto& field : group.fields)
                        if (field.remote == "Phone") field.type = type;
        });
        const auto then = w.remote.at("Contacts", id).version;
        w.remote.edit("Contacts", id, {{"Phone", value}});
        w.remote.set_version("Contacts", id, then);
        w.clock.advance(seconds{3'600});
        const auto before = w.remote.pushes;
        w.device.sync("a");
        w.clock.advance(seconds{3'600});
        w.device.sync("a");
        CHECK(w.remote.pushes == before);  // nobody has typed anything
        CHECK(w.device.number("SELECT count(*) FROM kontor_conflict") == 0);
        CHECK(w.device.number("SELECT count(*) FROM kontor_blocked") == 0);
    };
    becomes(remote::FieldType::kInteger, Value(std::int64_t{12}));
    // Typed into the column, which is of text.
    w.device.sql("UPDATE contact SET phone = '14'");
    w.device.sync("a");
    CHECK(w.remote.value("Contacts", id, "Phone") == Value(std::int64_t{14}));
    CHECK(w.device.number("SELECT count(*) FROM kontor_blocked") == 0);
    becomes(remote::FieldType::kReal, Value(14.0));
    becomes(remote::FieldType::kText, Value(std::int64_t{14}));
    CHECK(w.device.text("SELECT phone FROM contact") == "14");
}

// Seed 2634.
TEST_CASE("what a field is emptied to as its type changes is no form of what was sent before",
          "[engine][found]") {
    FoundWorld w(people_streams());
    w.remote.answers_version = false;
    const auto id = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.clock.advance(seconds{3'600});
    w.device.connect("a", w.remote, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups) group.policy = merge::Policy::kRemote;
    });
    w.clock.advance(seconds{3'600});
    w.device.sql("UPDATE contact SET phone = '7'");
    w.remote.unlisted = {id};  // not seen again yet
    w.device.sync("a");
    REQUIRE(w.remote.value("Contacts", id, "Phone") == Value("7"));
    w.clock.advance(seconds{3'600});

    // Another type, and back: not a change of the record, which bears our name.
    const auto then = w.remote.at("Contacts", id).version;
    w.remote.edit("Contacts", id, {{"Phone", Value::null()}}, w.remote.user);
    w.remote.set_version("Contacts", id, then);
    w.remote.unlisted.clear();
    auto& described = w.device.settings("a").streams.front().fields;
    const auto phone = std::ranges::find(described, "Phone", &remote::FieldSpec::name);
    for (const auto type : {remote::FieldType::kInteger, remote::FieldType::kText}) {
        phone->type = type;
        w.clock.advance(seconds{3'600});
        w.device.sync("a");
    }
    CHECK(w.device.number("SELECT phone IS NULL FROM contact") == 1);
    CHECK(w.device.number("SELECT count(*) FROM kontor_history WHERE old = '7'") == 1);
}

TEST_CASE("an edit of a field that has become of another type outlives a deletion there",
          "[engine][found]") {
    FoundWorld w(people_streams());
    const auto id = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.remote.edit("Contacts", id, {{"Phone", Value("138")}});
    w.device.connect("a", w.remote);
    w.device.sync("a");
    w.device.sql("UPDATE contact SET phone = '139'");
    w.device.remap("a", [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups)
                for (auto& field : group.fields)
                    if (field.remote == "Phone") field.type = remote::FieldType::kInteger;
    });
    w.clock.advance(seconds{60});
    w.remote.erase("Contacts", id);
    w.device.sync("a", with_sweep());
    CHECK(w.device.text("SELECT phone FROM contact") == "139");
}

TEST_CASE("an edit of a field that is called something else by now goes over what it was based on",
          "[engine][found]") {
    FoundWorld w(people_streams());
    const auto id = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.remote.edit("Contacts", id, {{"Phone", Value("138")}});
    w.device.connect("a", w.remote, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups) group.policy = merge::Policy::kRemote;
    });
    w.device.sync("a");
    w.device.sql("UPDATE contact SET phone = '139'");
    w.device.remap("a", [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups)
                for (auto& field : group.fields)
                    if (field.remote == "Phone") field.type = remote::FieldType::kChoice;
    });
    w.device.sync("a");
    w.device.sync("a");
    CHECK(w.device.text("SELECT phone FROM contact") == "139");
    CHECK(w.remote.value("Contacts", id, "Phone") == Value("139"));
}

TEST_CASE("what a remote had cut is sent once its field is longer, though lists still cut it",
          "[engine][found]") {
    auto streams = people_streams();
    streams[0].fields[2].may_be_cut = true;
    FoundWorld w(std::move(streams));
    const auto keep = [&](int characters) {
        w.device.remap("a", [&](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups)
                    for (auto& field : group.fields)
                        if (field.remote == "Phone") field.max_length = characters;
        });
    };
    const auto id = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.device.connect("a", w.remote);
    keep(4);
    w.device.sync("a");
    w.device.sql("UPDATE contact SET phone = '1234567'");
    w.clock.advance(seconds{60});
    w.device.sync("a");
    REQUIRE(w.remote.value("Contacts", id, "Phone") == Value("1234"));
    w.clock.advance(seconds{3'600});
    w.device.sync("a");

    w.remote.cut_fields = {"Phone"};
    keep(0);
    w.device.sync("a");
    w.device.sync("a");
    CHECK(w.remote.value("Contacts", id, "Phone") == Value("1234567"));
}

namespace {

/// Invoices whose items the remote gives an id each, and a total.
struct InvoiceWorld : FoundWorld {
    InvoiceWorld()
        : FoundWorld(
              {stream_spec("Invoices", "invoice", {text_field("Subject", "subject"), items()})}) {
        remote.normalise = [this](const std::string&, const std::string& field, Value value) {
            if (field != "Items" || value.kind() != Kind::kText) return value;
            auto rows = nlohmann::json::parse(value.text());
            for (auto& row : rows) {
                if (!row.contains("id")) row["id"] = ++ids;
                row["total"] = row["price"].get<int>() * row["quantity"].get<int>();
            }
            return Value(rows.dump());
        };
    }
    void round() {
        clock.advance(seconds{60});
        device.sync("a");
        device.sync("a");
    }
    int ids = 0;

private:
    static remote::FieldSpec items() {
        auto out = text_field("Items", "items");
        out.type = remote::FieldType::kJson;
        return out;
    }
};

}  // namespace

TEST_CASE("rows come back from the remote with what it has added to them", "[engine][found]") {
    InvoiceWorld w;
    w.device.connect("a", w.remote);
    w.device.sql(R"(INSERT INTO invoice(subject, items)
                    VALUES('May', '[{"price":10,"quantity":1}]'))");
    w.round();
    const std::string first = R"([{"id":1,"price":10,"quantity":1,"total":10}])";
    CHECK(w.device.text("SELECT items FROM invoice") == first);

    const bool answered = GENERATE(true, false);
    if (!answered) w.remote.next_push = MemoryRemote::Fault::kLostAnswer;
    w.device.sql(R"(UPDATE invoice SET items = json_set(items, '$[0].quantity', 7, '$[1]',
                    json('{"price":5,"quantity":2}')))");
    w.round();
    const std::string second = R"([{"id":1,"price":10,"quantity":7,"total":70},)"
                               R"({"id":2,"price":5,"quantity":2,"total":10}])";
    CHECK(w.device.text("SELECT items FROM invoice") == second);
    CHECK(w.remote.value("Invoices", w.remote.ids("Invoices").front(), "Items") == Value(second));
    const auto pushes = w.remote.pushes;
    w.round();
    CHECK(w.remote.pushes == pushes);
    CHECK(w.ids == 2);
    CHECK(w.device.number("SELECT count(*) FROM kontor_conflict") == 0);

    // What the remote has added goes with the edit that is taken back.
    const auto edit = w.device.number(
        "SELECT max(h.seq) FROM kontor_history h JOIN kontor_field f ON f.id = h.field"
        " WHERE f.name = 'items' AND h.run IS NULL");
    const auto db = *replica::Database::open(w.device.path(), {});
    const auto undo = [&] {
        auto done =
            replica::undo(db, *replica::Catalogue::load(db), replica::UndoScope::change(edit),
                          "uid:1", engine::only_read_of(db));
        REQUIRE(done);
        return done->plan.skipped.size();
    };
    CHECK(undo() == 0);
    CHECK(w.device.text("SELECT items FROM invoice") == first);
    // But not where somebody has changed it since.
    w.device.sql("UPDATE invoice SET items = '[]'");
    CHECK(undo() == 1);
    CHECK(w.device.text("SELECT items FROM invoice") == "[]");
}

TEST_CASE("what the remote adds to rows that were typed over meanwhile is no change of theirs",
          "[engine][found]") {
    InvoiceWorld w;
    w.device.connect("a", w.remote);
    w.device.sql(R"(INSERT INTO invoice(subject, items)
                    VALUES('May', '[{"price":10,"quantity":1}]'))");
    bool typed = false;
    w.remote.before_push = [&] {
        if (std::exchange(typed, true)) return;
        w.device.sql(R"(UPDATE invoice SET items = '[{"price":20,"quantity":3}]')");
    };
    w.round();
    REQUIRE(typed);
    const std::string last = R"([{"id":2,"price":20,"quantity":3,"total":60}])";
    CHECK(w.device.text("SELECT items FROM invoice") == last);
    CHECK(w.remote.value("Invoices", w.remote.ids("Invoices").front(), "Items") == Value(last));
    CHECK(w.device.number("SELECT count(*) FROM kontor_conflict") == 0);
}

TEST_CASE(
    "what the remote adds to rows is no change of theirs where only the rows tell that they are "
    "ours",
    "[engine][found]") {
    InvoiceWorld w;
    w.device.connect("a", w.remote, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups) group.policy = merge::Policy::kRemote;
    });
    w.device.sql("INSERT INTO invoice(subject) VALUES('May')");
    w.round();
    const auto id = w.remote.ids("Invoices").front();
    const auto version = w.remote.at("Invoices", id).version;
    w.remote.answers_version = false;
    bool typed = false;
    w.remote.after_push = [&] {
        if (std::exchange(typed, true)) return;
        w.remote.set_version("Invoices", id, version);  // within the tick of its last change
        w.device.sql(R"(UPDATE invoice SET items = '[{"price":20,"quantity":3}]')");
    };
    w.device.sql(R"(UPDATE invoice SET items = '[{"price":10,"quantity":1}]')");
    for (int i = 0; i < 3; ++i) w.round();
    REQUIRE(typed);
    const std::string last = R"([{"id":2,"price":20,"quantity":3,"total":60}])";
    CHECK(w.device.text("SELECT items FROM invoice") == last);
    CHECK(w.remote.value("Invoices", id, "Items") == Value(last));
    CHECK(w.device.number("SELECT count(*) FROM kontor_conflict") == 0);
}
