// The same people at two remotes: linked where it is certain, asked about where it is not, never
// doubled meanwhile, and no value lost.
#include <catch2/catch.hpp>

#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::seconds;

namespace {

RemoteRow person(const char* first, const char* last, const char* email, const char* phone) {
    RemoteRow out{{"First_Name", Value(first)}, {"Last_Name", Value(last)}};
    if (*email != '\0') out["Email"] = Value(email);
    if (*phone != '\0') out["Phone"] = Value(phone);
    return out;
}

struct TwoCrms {
    TwoCrms() : one(clock), two(clock), device(clock) {
        one.streams = two.streams = people_streams();
        for (auto& stream : two.streams) stream.can.key_field = "Key_2";
    }
    void connect_both() {
        clock.advance(seconds{60});
        device.connect("one", one);
        clock.advance(seconds{60});
        device.connect("two", two);
        rounds(2);
    }
    void rounds(int n) {
        for (int i = 0; i < n; ++i)
            for (const char* name : {"one", "two"}) {
                device.sync(name);
                clock.advance(seconds{30});
            }
    }
    std::vector<engine::Conflict> open() { return *engine::list_conflicts(device.engine_db(), {}); }
    void answer(engine::Side side) {
        REQUIRE(engine::resolve(device.engine_db(), clock, device.random, open().front().id, side,
                                "uid:1"));
        clock.advance(seconds{5});
    }
    std::int64_t contacts() { return device.number("SELECT count(*) FROM contact"); }

    FakeClock clock;
    MemoryRemote one, two;
    Device device;
};

}  // namespace

TEST_CASE("who is certainly there already is linked, not doubled", "[match]") {
    TwoCrms f;
    const auto a = f.one.create("Contacts", person("伟", "王", "wang.wei@example.cn", ""));
    const auto b =
        f.two.create("Contacts", person("伟", "王", "Wang.Wei@Example.cn", "13800138000"));
    f.connect_both();
    CHECK(f.contacts() == 1);
    CHECK(f.one.ids("Contacts").size() == 1);
    CHECK(f.two.ids("Contacts").size() == 1);
    CHECK(f.device.number("SELECT count(*) FROM kontor_notice WHERE kind = 'matched'") == 1);
    // A blank took the other side's value, and went on to the first remote.
    CHECK(f.one.value("Contacts", a, "Phone") == Value("13800138000"));
    // Both had an e-mail, written differently: nobody's was overwritten unasked.
    CHECK(f.one.value("Contacts", a, "Email") == Value("wang.wei@example.cn"));
    CHECK(f.two.value("Contacts", b, "Email") == Value("Wang.Wei@Example.cn"));
    // … and nobody is asked, for it is the same.
    CHECK(f.open().empty());

    f.device.sql("UPDATE contact SET phone = '139'");
    f.rounds(2);
    CHECK(f.one.value("Contacts", a, "Phone") == Value("139"));
    CHECK(f.two.value("Contacts", b, "Phone") == Value("139"));
}

TEST_CASE("who may be there already is asked about, and doubled nowhere meanwhile", "[match]") {
    TwoCrms f;
    const auto a = f.one.create("Contacts", person("Ada", "Lovelace", "ada@example.com", "1"));
    const auto b = f.two.create("Contacts", person("Ada", "King", "ada@example.com", ""));
    f.connect_both();
    REQUIRE(f.open().size() == 1);
    const auto question = f.open()[0];
    CHECK(question.kind == "match");
    CHECK(question.rule == "email");
    CHECK(question.connection == "two");
    const auto last =
        std::ranges::find(question.fields, "last_name", &engine::ConflictField::column);
    REQUIRE(last != question.fields.end());
    CHECK(last->ours == Value("Lovelace"));
    CHECK(last->theirs == Value("King"));
    CHECK(f.contacts() == 1);
    CHECK(f.two.ids("Contacts").size() == 1);
    CHECK(f.one.ids("Contacts").size() == 1);
    f.two.edit("Contacts", b, {{"Phone", Value("2")}});
    f.rounds(2);
    CHECK(f.open().size() == 1);
    CHECK(f.contacts() == 1);
    CHECK(engine::resolve(f.device.engine_db(), f.clock, f.device.random, question.id,
                          engine::Side::kOurs, "uid:1")
              .error()
              .code == Errc::kInvalid);

    SECTION("the same") {
        f.answer(engine::Side::kSame);
        f.rounds(2);
        CHECK(f.contacts() == 1);
        CHECK(f.two.ids("Contacts").size() == 1);
        CHECK(f.device.remote_id("Contacts", f.device.local("Contacts", a)) == a);
        // Last name and phone differ without a base: asked, not decided.
        CHECK(f.open().size() == 2);
        f.device.sql("UPDATE contact SET email = 'new@example.com'");
        f.rounds(1);
        CHECK(f.two.value("Contacts", b, "Email") == Value("new@example.com"));
    }
    SECTION("two people") {
        f.answer(engine::Side::kApart);
        f.rounds(2);
        CHECK(f.contacts() == 2);
        CHECK(f.one.ids("Contacts").size() == 2);
        CHECK(f.two.ids("Contacts").size() == 2);
        CHECK(f.open().empty());
        CHECK(f.device.number("SELECT count(*) FROM kontor_match") == 0);
        f.rounds(2);
        CHECK(f.contacts() == 2);
    }
    SECTION("theirs is deleted meanwhile") {
        f.two.erase("Contacts", b);
        f.rounds(2);
        CHECK(f.open().empty());
        CHECK(f.contacts() == 1);
        CHECK(f.two.ids("Contacts").size() == 1);  // ours has been created there
    }
    SECTION("ours is deleted meanwhile") {
        f.device.sql("DELETE FROM contact");
        f.rounds(2);
        CHECK(f.open().empty());
        CHECK(f.device.text("SELECT last_name FROM contact") == "King");
        CHECK(f.two.ids("Contacts").size() == 1);
    }
}

TEST_CASE("what is asked is not answered by what a page shows that lags", "[match]") {
    TwoCrms f;
    f.one.create("Contacts", person("Ada", "King", "ada@example.com", "13800138000"));
    const bool alike = GENERATE(true, false);  // before it was changed
    CAPTURE(alike);
    const auto b = f.two.create("Contacts", alike ? person("Ada", "King", "ada@example.com", "")
                                                  : person("Bob", "Smith", "bob@example.com", ""));
    const auto old = f.two.at("Contacts", b);
    f.clock.advance(seconds{60});
    f.two.edit("Contacts", b, person("Ada", "King", "king@example.com", "13800138000"));
    f.connect_both();
    REQUIRE(f.open().size() == 1);
    f.two.replay("Contacts", b, old);
    f.rounds(1);
    REQUIRE(f.open().size() == 1);
    CHECK(f.contacts() == 1);
    CHECK(f.device.number("SELECT count(*) FROM kontor_link WHERE ext_id IS NOT NULL") == 1);

    f.answer(engine::Side::kSame);
    f.rounds(2);
    CHECK(f.contacts() == 1);
    CHECK(f.two.ids("Contacts").size() == 1);
}

TEST_CASE("several that may be it are asked about one after the other", "[match]") {
    TwoCrms f;
    f.one.create("Contacts", person("A", "One", "shared@example.com", ""));
    f.one.create("Contacts", person("B", "Two", "shared@example.com", ""));
    f.two.create("Contacts", person("C", "Three", "shared@example.com", ""));
    f.two.create("Contacts", person("D", "Four", "shared@example.com", ""));
    f.connect_both();
    int asked = 0;
    while (!f.open().empty() && asked < 10) {
        CHECK(f.contacts() < 4);
        f.answer(engine::Side::kApart);
        f.rounds(1);
        ++asked;
    }
    CHECK(asked == 4);  // each with each
    f.rounds(2);
    CHECK(f.contacts() == 4);
    CHECK(f.one.ids("Contacts").size() == 4);
    CHECK(f.two.ids("Contacts").size() == 4);
}

TEST_CASE("a contact's company counts, though it is matched in the same sync", "[match]") {
    TwoCrms f;
    const auto ours = f.one.create("Accounts", {{"Account_Name", Value("北京云山科技有限公司")}});
    auto ada = person("Ada", "Lovelace", "", "");
    ada["Account_Name"] = Value(ours);
    f.one.create("Contacts", ada);
    auto theirs = person("Ada", "Lovelace", "", "5");
    theirs["Account_Name"] = Value(f.two.create("Accounts", {{"Account_Name", Value("Other")}}));
    f.two.create("Contacts", theirs);
    auto same = person("Lovelace", "Ada", "", "6");
    same["Account_Name"] =
        Value(f.two.create("Accounts", {{"Account_Name", Value("北京云山科技有限公司")}}));
    f.two.create("Contacts", same);
    f.connect_both();
    // The company alone is possible; who works for it is asked about once that is known.
    REQUIRE(f.open().size() == 1);
    CHECK(f.open()[0].entity == "account");
    f.answer(engine::Side::kSame);
    f.rounds(2);
    CHECK(f.device.number("SELECT count(*) FROM account") == 2);
    CHECK(f.two.ids("Accounts").size() == 2);
}

TEST_CASE("the first remote meets what was typed before it was connected", "[match]") {
    TwoCrms f;
    f.one.create("Contacts", person("Ada", "Lovelace", "ada@example.com", ""));
    f.one.create("Contacts", person("Bob", "Other", "bob@example.com", ""));
    f.device.sql(
        "INSERT INTO contact(first_name, last_name, email, phone) VALUES"
        " ('Ada', 'Lovelace', 'ada@example.com', '7'), ('Cy', 'New', 'cy@example.com', '')");
    f.clock.advance(seconds{60});
    f.device.connect("one", f.one);
    f.device.sync("one");
    CHECK(f.contacts() == 3);
    CHECK(f.one.ids("Contacts").size() == 3);
    CHECK(f.one.value("Contacts", f.one.ids("Contacts").front(), "Phone") == Value("7"));
}

TEST_CASE("a record that another device made is known by its key at every remote", "[match]") {
    FakeClock clock;
    MemoryRemote one(clock), two(clock);
    one.streams = two.streams = people_streams();
    {
        Device first(clock);
        first.connect("one", one);
        first.connect("two", two);
        first.sql("INSERT INTO contact(last_name) VALUES('Only a name')");
        for (int i = 0; i < 2; ++i)
            for (const char* name : {"one", "two"}) first.sync(name);
        REQUIRE(two.ids("Contacts").size() == 1);
    }
    clock.advance(seconds{60});
    Device second(clock);
    second.connect("one", one);
    second.connect("two", two);
    for (int i = 0; i < 2; ++i)
        for (const char* name : {"one", "two"}) second.sync(name);
    CHECK(second.number("SELECT count(*) FROM contact") == 1);
    CHECK(one.ids("Contacts").size() == 1);
    CHECK(two.ids("Contacts").size() == 1);
}

TEST_CASE("a record that is linked takes over the key it was made with, unless it has its own",
          "[match]") {
    const std::string made_with = "00112233445566778899aabbccddeeff";
    TwoCrms f;
    auto there = person("Ada", "Lovelace", "ada@example.com", "1");
    there["Key_2"] = Value(made_with);
    const auto uid = [&] { return f.device.text("SELECT uid FROM contact"); };
    SECTION("it came from elsewhere and waits to be made there") {
        if (GENERATE(true, false))
            for (auto& stream : f.one.streams) stream.can.key_field.clear();
        f.connect_both();
        f.one.create("Contacts", person("Ada", "Lovelace", "ada@example.com", ""));
        f.clock.advance(seconds{5});
        f.device.sync("one");
        f.two.create("Contacts", there);
        f.clock.advance(seconds{5});
        f.rounds(1);
        CHECK(uid() == made_with);
    }
    SECTION("it was made here, and another remote knows it by its own") {
        f.connect_both();
        f.device.sql(
            "INSERT INTO contact(first_name, last_name, email)"
            " VALUES('Ada', 'Lovelace', 'ada@example.com')");
        f.device.sync("one");
        const auto own = uid();
        REQUIRE(f.one.value("Contacts", f.one.ids("Contacts").front(), "Kontor_Id") == Value(own));
        f.two.create("Contacts", there);
        f.clock.advance(seconds{5});
        f.rounds(1);
        CHECK(uid() == own);
    }
    CHECK(f.contacts() == 1);
    CHECK(f.two.ids("Contacts").size() == 1);
}
