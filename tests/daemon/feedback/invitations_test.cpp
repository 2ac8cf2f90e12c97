// Invitations and answers: reserved first, sent once, answered once.
#include "daemon/feedback/invitations.hpp"

#include "daemon/feedback/responses.hpp"
#include "daemon/feedback/send.hpp"
#include "tests/daemon/feedback/office.hpp"
#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::feedback;
using namespace kontor::feedback::test;
using std::chrono::hours;

namespace {

const Instant kNow = at("2026-05-20T04:00:00Z");
const char* const kQuiet =
    "[audience]\ndefault_time_zone = \"Asia/Shanghai\"\n[limits]\nquiet = { from = \"20:00\", "
    "until = \"09:00\" }\n";

std::vector<std::string> reasons(const std::vector<Held>& held) {
    std::vector<std::string> out;
    for (const auto& h : held) out.push_back(h.reason);
    return out;
}

/// An office with one contact who has been reserved an invitation.
struct Asked : Office {
    explicit Asked(const std::string& parts = "") : survey(make_survey(parts)) {
        sql("INSERT INTO contact(last_name,email) VALUES('Li','li@example.com')");
        const auto selection = select(survey, kNow);
        REQUIRE(selection);
        REQUIRE(*invitations(kNow).reserve(survey, *selection) == 1);
    }
    Survey survey;
    host::Secret secret{std::string("s3cret")};
    [[nodiscard]] std::string token(Purpose purpose = Purpose::kAnswer) const {
        const auto invitation = **find_invitation(db, 1);
        return *sign_ticket({invitation.key, purpose, invitation.expires}, secret);
    }
    [[nodiscard]] Opened open(const std::string& text, Instant now = kNow,
                              Purpose purpose = Purpose::kAnswer) const {
        return *open_link(db, text, purpose, secret, now);
    }
    [[nodiscard]] Result<std::int64_t> answer(const Opened& opened, const char* score) {
        return record_response(db, catalogues, survey, opened.invitation,
                               {{{"score", {score}}}, "link", "en", "", kNow}, "web");
    }
};

}  // namespace

TEST_CASE("without a remote for invitations, one device sends at once, and once",
          "[feedback][invitations]") {
    Asked office;
    CHECK(office.one("SELECT state FROM survey_invitation") == "reserved");
    const auto sending = office.invitations(kNow).hand_out(office.survey);
    REQUIRE(sending);
    REQUIRE(sending->due.size() == 1);
    CHECK(sending->due[0].person.address == "li@example.com");
    CHECK(office.one("SELECT state||' '||sent_at FROM survey_invitation") ==
          "sent 2026-05-20T04:00:00.000Z");
    CHECK(office.one("SELECT DISTINCT actor FROM kontor_history WHERE entity=(SELECT id FROM"
                     " kontor_entity WHERE name='survey_invitation')") == "job:feedback");
    CHECK(office.invitations(kNow).hand_out(office.survey)->due.empty());
    CHECK(office.invitations(kNow).handed_out(office.survey)->size() == 1);
}

TEST_CASE("what is sent one by one counts as sent from its own turn on",
          "[feedback][invitations]") {
    Asked office("[limits]\nreminders = [\"3d\"]\nexpires = \"14d\"\n");
    const auto due = [&](Instant now) {
        return office.invitations(now).hand_out(office.survey, Delivery::kOneByOne)->due;
    };
    const auto state = [&] { return office.one("SELECT state FROM survey_invitation"); };
    const auto first = due(kNow);
    REQUIRE(first.size() == 1);
    CHECK(state() == "ready");
    CHECK(due(kNow).size() == 1);  // whoever meant to send it was killed
    CHECK(office.invitations(kNow).about_to_send(first[0]) == true);
    CHECK(state() == "sent");
    CHECK(office.invitations(kNow).about_to_send(first[0]) == false);  // not twice
    CHECK(due(kNow).empty());

    const auto later = kNow + hours(24 * 4);
    const auto reminder = due(later);
    REQUIRE(reminder.size() == 1);
    CHECK(office.one("SELECT reminders FROM survey_invitation") != "1");
    SECTION("a reminder") {
        CHECK(office.invitations(later).about_to_send(reminder[0]) == true);
        CHECK(office.one("SELECT reminders FROM survey_invitation") == "1");
        CHECK(due(later).empty());
        REQUIRE(office.invitations(later).not_sent(reminder[0], false));
        CHECK(due(later).size() == 1);
    }
    SECTION("an answer that comes first") {
        office.sql("UPDATE survey_invitation SET state = 'answered'");
        CHECK(office.invitations(later).about_to_send(reminder[0]) == false);
        CHECK(state() == "answered");
    }
}

TEST_CASE("reminders go out once each until somebody answers", "[feedback][invitations]") {
    Asked office("[limits]\nreminders = [\"3d\", \"7d\"]\nexpires = \"14d\"\n");
    const auto due = [&](int day) {
        return office.invitations(kNow + hours(24 * day)).hand_out(office.survey)->due;
    };
    REQUIRE(due(0).size() == 1);
    CHECK(due(2).empty());
    REQUIRE(due(3).size() == 1);
    CHECK(due(3).empty());
    // A laptop that slept over both sends the last one only.
    REQUIRE(due(8).size() == 1);
    CHECK(due(9).empty());
    CHECK(office.one("SELECT reminders FROM survey_invitation") == "2");
    CHECK(due(20).empty());
}

TEST_CASE("what changed since it was reserved is looked at again", "[feedback][invitations]") {
    Asked office(kQuiet);
    SECTION("in the quiet hours it waits") {
        const auto night = office.invitations(kNow + hours(18)).hand_out(office.survey);
        CHECK(night->due.empty());
        CHECK(reasons(night->waiting) == std::vector<std::string>{"quiet"});
        CHECK(office.invitations(kNow + hours(30)).hand_out(office.survey)->due.size() == 1);
    }
    const auto withdrawn = [&] {
        const auto sending = office.invitations(kNow + hours(6)).hand_out(office.survey);
        CHECK(sending->due.empty());
        return reasons(sending->withdrawn);
    };
    using List = std::vector<std::string>;
    SECTION("who opted out is not asked") {
        office.sql("UPDATE contact SET email_opt_out=1");
        CHECK(withdrawn() == List{"opted_out"});
    }
    SECTION("another address is another person") {
        office.sql("UPDATE contact SET email='new@example.com'");
        CHECK(withdrawn() == List{"address_changed"});
    }
    SECTION("a deleted person is not asked") {
        office.sql("DELETE FROM contact");
        CHECK(withdrawn() == List{"person_gone"});
    }
}

TEST_CASE("two runs that chose the same person reserve once", "[feedback][invitations]") {
    Office office;
    office.sql("INSERT INTO contact(email) VALUES('li@example.com')");
    const auto survey = make_survey();
    const auto one = office.select(survey, kNow);
    const auto other = office.select(survey, kNow);
    REQUIRE(office.invitations(kNow).reserve(survey, *one));
    const auto second = office.invitations(kNow).reserve(survey, *other);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Errc::kConflict);
    CHECK(office.one("SELECT count(*) FROM survey_invitation") == "1");
}

TEST_CASE("a link opens once; what it cannot do is told apart", "[feedback][responses]") {
    Asked office("[limits]\nexpires = \"14d\"\n");
    const auto token = office.token();
    CHECK(office.open(token).door == Door::kOpen);
    CHECK(office.open("x" + token.substr(1)).door == Door::kForged);
    CHECK(office.open(token, kNow, Purpose::kUnsubscribe).door == Door::kForged);
    CHECK(office.open(token, kNow + hours(14 * 24)).door == Door::kExpired);
    const auto opened = office.open(token);
    REQUIRE(office.answer(opened, "9"));
    CHECK(office.open(token).door == Door::kAnswered);
    CHECK(office.open(token, kNow + hours(400 * 24)).door == Door::kAnswered);
    // Whoever had opened it before comes too late as well.
    const auto again = office.answer(opened, "1");
    REQUIRE_FALSE(again);
    CHECK(again.error().args.at("reason") == "survey_answered");
    CHECK(office.one("SELECT group_concat(survey||measure||score||who||answers) FROM"
                     " survey_response") == "snps9contact:1{\"score\":9}");
    office.sql("DELETE FROM survey_invitation");
    CHECK(office.open(token).door == Door::kUnknown);
}

TEST_CASE("unsubscribing opts out and withdraws", "[feedback][responses]") {
    Asked office;
    const auto opened =
        office.open(office.token(Purpose::kUnsubscribe), kNow, Purpose::kUnsubscribe);
    REQUIRE(opened.door == Door::kOpen);
    for (int twice = 0; twice < 2; ++twice)
        REQUIRE(unsubscribe(office.db, office.catalogues, office.survey, opened.invitation, "web"));
    CHECK(office.one("SELECT email_opt_out FROM contact") == "1");
    CHECK(office.one("SELECT state||reason FROM survey_invitation") == "withdrawnopted_out");
    CHECK(office.open(office.token()).door == Door::kWithdrawn);
    CHECK(office.select(office.survey, kNow + hours(24 * 400))->counts.at(Verdict::kOptedOut) == 1);
}

TEST_CASE("an imported submission is taken once", "[feedback][responses]") {
    Office office;
    office.sql(
        "INSERT INTO account(name) VALUES('Z'); INSERT INTO contact(email,account_id)"
        " VALUES('li@example.com',1)");
    const auto survey = make_survey();
    const Response response{{{"score", {"3"}}, {"why", {"late"}}}, "paper", "en", "77", kNow};
    REQUIRE(record_import(office.db, office.catalogues, survey, "contact:1", response, "uid:1"));
    const auto again =
        record_import(office.db, office.catalogues, survey, "contact:1", response, "uid:1");
    REQUIRE_FALSE(again);
    CHECK(again.error().args.at("reason") == "survey_imported");
    CHECK(office.one("SELECT comment||account_id||channel FROM survey_response") == "late1paper");
}

namespace {

/// A CRM with contacts and a module for invitations whose key is unique.
void furnish(kontor::test::MemoryRemote& crm) {
    using kontor::test::text_field;
    crm.streams = kontor::test::people_streams();
    crm.streams.push_back(kontor::test::stream_spec(
        "Invitations", "survey_invitation",
        {text_field("Ask_Key", "ask_key"), text_field("Survey", "survey"),
         text_field("Person", "person"), text_field("State", "state"),
         text_field("Device", "device"), text_field("Reserved_At", "reserved_at")}));
}

}  // namespace

TEST_CASE("two devices that mean to ask one person ask once", "[feedback][invitations]") {
    kontor::test::FakeClock clock(kNow);
    kontor::test::MemoryRemote crm(clock);
    furnish(crm);
    std::set<std::string> keys;
    crm.refuse = [&](const std::string& stream,
                     const remote::Change& change) -> std::optional<remote::PushResult> {
        if (stream != "Invitations" || change.op != remote::ChangeOp::kCreate) return std::nullopt;
        for (const auto& field : change.fields)
            if (field.field == "Ask_Key" && !keys.insert(field.value.text()).second) {
                remote::PushResult taken;
                taken.status = remote::PushStatus::kDuplicate;
                taken.code = "DUPLICATE_DATA";
                return taken;
            }
        return std::nullopt;
    };
    crm.create("Contacts", {{"Last_Name", Value("Li")}, {"Email", Value("li@example.com")}});
    kontor::test::Device first(clock);
    kontor::test::Device second(clock);
    first.connect("crm", crm);
    second.connect("crm", crm);
    second.sql("UPDATE kontor_meta SET value='another' WHERE key='replica_id'");

    const auto survey = make_survey();
    replica::CatalogueCache catalogues[2];
    int sent = 0;
    const auto run = [&](int which) {
        auto& device = which == 0 ? first : second;
        const auto db = replica::Database::open(device.path(), {});
        REQUIRE(db);
        Invitations invitations({*db, catalogues[which], clock.now(), "job:feedback"});
        const auto selection = select(*db, **catalogues[which].get(*db), survey, clock.now());
        REQUIRE(selection);
        const auto reserved = invitations.reserve(survey, *selection);
        if (!reserved) FAIL(reserved.error().message);
        const auto sending = invitations.hand_out(survey);
        REQUIRE(sending);
        sent += static_cast<int>(sending->due.size());
        return reasons(sending->waiting);
    };
    // Both decide before either has seen the other.
    CHECK(run(0) == std::vector<std::string>{"not_sent"});
    CHECK(run(1) == std::vector<std::string>{"not_sent"});
    CHECK(sent == 0);
    first.sync("crm");
    second.sync("crm");
    for (int round = 0; round < 3; ++round) {
        run(0);
        run(1);
        first.sync("crm");
        second.sync("crm");
    }
    CHECK(sent == 1);
    CHECK(first.number("SELECT count(*) FROM survey_invitation WHERE state='sent'") == 1);
    CHECK(second.number("SELECT count(*) FROM survey_invitation WHERE state='sent'") == 1);
    CHECK(crm.ids("Invitations").size() == 1);
}

TEST_CASE("where two surveys of two devices meet, the remote's first one goes on",
          "[feedback][invitations]") {
    Asked office;
    office.sql(
        "INSERT INTO kontor_connection(name,plugin,push_enabled) VALUES('crm','x',1);"
        "INSERT INTO kontor_stream(connection,name,entity) SELECT 1,'Invitations',id"
        " FROM kontor_entity WHERE name='survey_invitation';"
        "INSERT INTO survey_invitation(ask_key,survey,person,state,device,reserved_at)"
        " SELECT 'other','other',person,'reserved','another',reserved_at FROM survey_invitation");
    const auto reserved = [&] {
        return reasons(office.invitations(kNow).hand_out(office.survey)->waiting);
    };
    CHECK(reserved() == std::vector<std::string>{"not_sent"});
    office.sql("INSERT INTO kontor_link(stream,record,ext_id) VALUES(1,1,'a'),(1,2,'b')");
    const auto outcome = [&](const char* ours, const char* theirs) {
        office.sql(
            "UPDATE survey_invitation SET state='reserved',remote_created_at=" + std::string(ours) +
            " WHERE id=1; UPDATE survey_invitation SET"
            " remote_created_at=" +
            theirs + " WHERE id=2");
        const auto sending = office.invitations(kNow).hand_out(office.survey);
        return sending->due.size() == 1 ? std::string("sent") : reasons(sending->withdrawn).at(0);
    };
    CHECK(outcome("'2026-05-20T04:00:01.000Z'", "'2026-05-20T04:00:02.000Z'") == "sent");
    CHECK(outcome("'2026-05-20T04:00:03.000Z'", "'2026-05-20T04:00:02.000Z'") == "asked_elsewhere");
    // A remote without stamps: who sees another gives way.
    CHECK(outcome("NULL", "'2026-05-20T04:00:02.000Z'") == "asked_elsewhere");
    CHECK(outcome("NULL", "NULL") == "asked_elsewhere");
}

TEST_CASE("calls come up when they may, and end when they must", "[feedback][invitations]") {
    Office office;
    office.sql("INSERT INTO contact(last_name,mobile) VALUES('Li','138 0000 0000')");
    const auto survey = make_survey(
        "channels = [\"phone\"]\n[audience]\ndefault_time_zone = \"Asia/Shanghai\"\n"
        "[limits]\nquiet = { from = \"20:00\", until = \"09:00\" }\n");
    const auto parts = [&](Instant now) {
        return Invitations::Parts{office.db, office.catalogues, now, "uid:1"};
    };
    const Lexicon lexicon;
    const auto looked = send(parts(kNow), survey, {.dry_run = true}, {lexicon});
    REQUIRE(looked);
    CHECK(looked->selection.chosen.size() == 1);
    CHECK(office.one("SELECT count(*) FROM survey_invitation") == "0");
    const auto sent = send(parts(kNow), survey, {}, {lexicon});
    REQUIRE(sent);
    CHECK(sent->reserved == 1);
    CHECK(sent->sending.due.empty());  // nothing goes out: somebody calls
    const auto queue = [&](Instant now) { return Invitations(parts(now)).calls(survey)->size(); };
    CHECK(queue(kNow) == 1);
    CHECK(queue(kNow + hours(9)) == 0);  // 21:00 there
    const auto note = [&](Instant now, const char* outcome) {
        return Invitations(parts(now)).note_call(**find_invitation(office.db, 1), outcome);
    };
    REQUIRE(note(kNow, "no_answer"));
    CHECK(queue(kNow + hours(3)) == 0);
    CHECK(queue(kNow + hours(4)) == 1);
    CHECK_FALSE(note(kNow, "asleep"));
    REQUIRE(note(kNow + hours(4), "refused"));
    CHECK(queue(kNow + hours(5)) == 0);
    CHECK(office.one("SELECT state||attempts FROM survey_invitation") == "refused2");
    const auto late =
        record_response(office.db, office.catalogues, survey, **find_invitation(office.db, 1),
                        {{{"score", {"9"}}}, "phone", "en", "", kNow}, "uid:1");
    REQUIRE_FALSE(late);
    CHECK(late.error().args.at("reason") == "survey_withdrawn");
}
