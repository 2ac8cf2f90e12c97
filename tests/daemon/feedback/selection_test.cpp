// Who is asked, and why the others are not.
#include "daemon/feedback/selection.hpp"

#include "tests/daemon/feedback/office.hpp"

using namespace kontor;
using namespace kontor::feedback;
using namespace kontor::feedback::test;
using std::chrono::hours;

namespace {

const Instant kNow = at("2026-05-20T04:00:00Z");  // a Wednesday, noon in Shanghai

Candidate anybody() {
    Candidate c;
    c.who = "contact:1";
    c.address = "li.na@example.com";
    c.phone = "+86 138 0000 0000";
    c.zone = "Asia/Shanghai";
    return c;
}

using Counts = std::map<Verdict, std::int64_t>;

}  // namespace

TEST_CASE("each gate has its reason, in its order", "[feedback][selection]") {
    const auto survey = make_survey(
        "channels = [\"link\"]\n[limits]\nsame_survey = \"90d\"\nany_survey = \"30d\"\n"
        "account = \"7d\"\nquiet = { from = \"20:00\", until = \"09:00\" }\n");
    struct Case {
        const char* what;
        std::function<void(Candidate&, Past&)> change;
        Verdict verdict;
        Instant now = kNow;
    };
    const auto ago = [](int days) { return kNow - hours(24 * days); };
    const Case cases[] = {
        {"all is well", [](auto&, auto&) {}, Verdict::kAsk},
        {"nobody", [](auto& c, auto&) { c.who = ""; }, Verdict::kNoPerson},
        {"opted out", [](auto& c, auto&) { c.opted_out = true; }, Verdict::kOptedOut},
        {"opted out and no address",
         [](auto& c, auto&) {
             c.opted_out = true;
             c.address = "";
         },
         Verdict::kOptedOut},
        {"no consent", [](auto& c, auto&) { c.consents = false; }, Verdict::kNoConsent},
        {"no address", [](auto& c, auto&) { c.address = ""; }, Verdict::kNoAddress},
        {"no good address", [](auto& c, auto&) { c.address = "li.na at home"; },
         Verdict::kNoAddress},
        {"two addresses", [](auto& c, auto&) { c.address = "a@b.c, d@e.f"; }, Verdict::kNoAddress},
        {"met already", [](auto&, auto& p) { p.chosen_already = true; }, Verdict::kSamePerson},
        {"89 days ago", [&](auto&, auto& p) { p.this_survey = ago(89); }, Verdict::kAskedThis},
        {"90 days ago", [&](auto&, auto& p) { p.this_survey = ago(90); }, Verdict::kAsk},
        {"another, 29 days ago", [&](auto&, auto& p) { p.any_survey = ago(29); },
         Verdict::kAskedOther},
        {"another, 30 days ago", [&](auto&, auto& p) { p.any_survey = ago(30); }, Verdict::kAsk},
        {"a colleague, 6 days ago", [&](auto&, auto& p) { p.account = ago(6); },
         Verdict::kAccountAsked},
        {"a colleague, 7 days ago", [&](auto&, auto& p) { p.account = ago(7); }, Verdict::kAsk},
        // Chosen all the same: quiet hours hold back what is sent.
        {"evening in Shanghai", [](auto&, auto&) {}, Verdict::kAsk, at("2026-05-20T12:00:00Z")},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        auto candidate = anybody();
        Past past;
        c.change(candidate, past);
        CHECK(to_string(judge(survey, candidate, past, c.now)) == to_string(c.verdict));
    }
}

TEST_CASE("an event asks after its delay, once, and not about old news", "[feedback][selection]") {
    const auto survey = make_survey(
        "[timing]\nbecomes = \"stage=Won\"\ndelay = \"2d\"\n[limits]\nsame_survey = \"0d\"\n"
        "expires = \"30d\"\n");
    auto candidate = anybody();
    const auto verdict = [&](std::optional<Instant> event, const Past& past = {}) {
        candidate.event = event;
        return judge(survey, candidate, past, kNow);
    };
    CHECK(verdict(std::nullopt) == Verdict::kNoEvent);
    CHECK(verdict(kNow - hours(47)) == Verdict::kDelay);
    CHECK(verdict(kNow - hours(48)) == Verdict::kAsk);
    CHECK(verdict(kNow - hours(32 * 24)) == Verdict::kLongAgo);
    Past asked;
    asked.this_survey = kNow - hours(40);
    CHECK(verdict(kNow - hours(50), asked) == Verdict::kAskedThis);
}

TEST_CASE("sampling is the same each time and has its share", "[feedback][selection]") {
    const auto tenth = make_survey("[limits]\nsample = 0.1\n");
    const auto other = make_survey("[limits]\nsample = 0.1\nseed = \"other\"\n");
    const auto none = make_survey("[limits]\nsample = 0\n");
    int taken = 0;
    int both = 0;
    for (int i = 0; i < 5'000; ++i) {
        auto candidate = anybody();
        candidate.address = "p" + std::to_string(i) + "@example.com";
        const bool in = judge(tenth, candidate, {}, kNow) == Verdict::kAsk;
        CHECK(in == (judge(tenth, candidate, {}, kNow) == Verdict::kAsk));
        taken += in ? 1 : 0;
        both += in && judge(other, candidate, {}, kNow) == Verdict::kAsk ? 1 : 0;
        CHECK(judge(none, candidate, {}, kNow) == Verdict::kNotSampled);
    }
    CHECK(taken > 400);
    CHECK(taken < 600);
    CHECK(both < 100);  // another seed takes other people
}

TEST_CASE("a person is the same over records, spellings and channels", "[feedback][selection]") {
    const auto survey = make_survey("channels = [\"phone\", \"link\"]\n");
    auto one = anybody();
    auto other = anybody();
    other.who = "contact:2";
    other.address = " Li.Na@Example.com";
    other.phone = "";
    CHECK(one.reached_by(survey) == std::pair<std::string, std::string>("phone", "+8613800000000"));
    CHECK(other.reached_by(survey).first == "link");
    CHECK(one.person(survey) == other.person(survey));
    CHECK(one.person(survey).find("example") == std::string::npos);
}

TEST_CASE("the whole audience is looked at and counted", "[feedback][selection]") {
    Office office;
    office.sql(
        "INSERT INTO account(name) VALUES('Zylker');"
        "INSERT INTO contact(last_name,email,email_opt_out,account_id,mailing_country) VALUES"
        "('Li','li@example.com',NULL,1,'CN'),('Wang','wang@example.com',0,NULL,'CN'),"
        "('Out','out@example.com',1,NULL,'CN'),('Mute',NULL,NULL,NULL,'CN'),"
        "('Twin','LI@example.com',NULL,1,'CN'),('Far','far@example.com',NULL,NULL,'NZ');");
    const auto survey = make_survey("[audience]\nwhere = [\"mailing_country=CN\"]\n");
    const auto selection = office.select(survey, kNow);
    REQUIRE(selection);
    CHECK(selection->counts == Counts{{Verdict::kAsk, 2},
                                      {Verdict::kOptedOut, 1},
                                      {Verdict::kNoAddress, 1},
                                      {Verdict::kSamePerson, 1}});
    REQUIRE(selection->chosen.size() == 2);
    CHECK(selection->chosen[0].candidate.who == "contact:1");
    CHECK(selection->chosen[0].candidate.account == 1);
    CHECK(selection->chosen[0].key.size() == 32);

    // Whoever has been asked is not asked again, by this survey or another one.
    REQUIRE(*office.invitations(kNow).reserve(survey, *selection) == 2);
    CHECK(office.select(survey, kNow)->counts.at(Verdict::kAskedThis) == 3);
    const auto other = make_survey("", "other");
    CHECK(office.select(other, kNow)->counts == Counts{{Verdict::kAsk, 1},
                                                       {Verdict::kOptedOut, 1},
                                                       {Verdict::kNoAddress, 1},
                                                       {Verdict::kAskedOther, 3}});
    // Ninety days later the key is another one.
    const auto later = office.select(survey, kNow + hours(90 * 24));
    REQUIRE(later->chosen.size() == 2);
    CHECK(later->chosen[0].key != selection->chosen[0].key);
}

TEST_CASE("a batch is full when it is full", "[feedback][selection]") {
    Office office;
    for (int i = 0; i < 5; ++i)
        office.sql("INSERT INTO contact(email) VALUES('p" + std::to_string(i) + "@example.com')");
    const auto selection = office.select(make_survey("[limits]\nbatch = 3\n"), kNow);
    REQUIRE(selection);
    CHECK(selection->chosen.size() == 3);
    CHECK(selection->beyond_batch == 2);
    CHECK(selection->counts.at(Verdict::kAsk) == 5);
}

TEST_CASE("a deal that is won asks its contact about it", "[feedback][selection]") {
    Office office;
    office.sql(
        "INSERT INTO contact(last_name,email) VALUES('Li','li@example.com');"
        "INSERT INTO deal(name,stage,contact_id) VALUES('A','Open',1),('B','Open',1),('C','Open',"
        "NULL);");
    const auto survey = make_survey(
        "[audience]\nentity = \"deal\"\nperson = \"contact_id\"\n"
        "[timing]\nbecomes = \"stage=Won\"\ndelay = \"1d\"\n[limits]\nsame_survey = \"0d\"\n");
    const auto real = SystemClock().now();  // history has the file's own time
    CHECK(office.select(survey, real)->counts.empty());
    office.sql("UPDATE deal SET stage='Won' WHERE name<>'B'");
    CHECK(office.select(survey, real)->counts == Counts{{Verdict::kDelay, 2}});
    const auto next = real + hours(25);
    const auto selection = office.select(survey, next);
    CHECK(selection->counts == Counts{{Verdict::kAsk, 1}, {Verdict::kNoPerson, 1}});
    REQUIRE(selection->chosen.size() == 1);
    CHECK(selection->chosen[0].candidate.what == "deal:1");
    REQUIRE(office.invitations(next).reserve(survey, *selection));
    CHECK(office.select(survey, next + hours(1))->counts.at(Verdict::kAskedThis) == 1);
}

TEST_CASE("a survey that does not fit the replica says which line", "[feedback][selection]") {
    Office office;
    const auto line_of = [&](const std::string& parts) {
        const auto selection = office.select(make_survey(parts), kNow);
        REQUIRE_FALSE(selection);
        return selection.error().args.at("line");
    };
    CHECK(line_of("[audience]\nwhere = [\n\"last_name=Li\",\n\"nose=long\"]\n") == "6");
    CHECK(line_of("[audience]\nconsent = \"nose\"\n") == "3");
    CHECK(line_of("[audience]\nentity = \"unicorn\"\n") == "3");
    CHECK(line_of("[audience]\nentity = \"deal\"\nperson = \"name\"\n") == "3");
    CHECK(line_of("[audience]\nwhere = [\"email_opt_out>3 times\"]\n") == "4");
}
