// Messages that come in: what each is, and what bounces lead to.
#include "daemon/feedback/incoming_mail.hpp"

#include "daemon/feedback/mail_cursor.hpp"
#include "tests/daemon/feedback/office.hpp"

using namespace kontor;
using namespace kontor::feedback;
using namespace kontor::feedback::test;
using std::chrono::hours;

namespace {

const Instant kSent = at("2026-05-20T04:00:00Z");
const Instant kLater = kSent + hours(24);

/// One contact whose invitation was sent.
struct Post : Office {
    explicit Post(const std::string& parts = "") : survey(make_survey(parts)) {
        auto transaction = replica::Transaction::begin(db);
        auto contact = *(**catalogues.get(db)).entity("contact");
        contact.fields.clear();
        replica::Field field;
        field.name = "bounced";
        field.type = remote::FieldType::kBoolean;
        contact.fields.push_back(field);
        REQUIRE(replica::ensure_entity(db, contact));
        REQUIRE(transaction->commit());
        sql("INSERT INTO contact(last_name,email,bounced) VALUES('Li','li@example.com',0)");
        const auto selection = select(survey, kSent);
        REQUIRE(selection);
        REQUIRE(*invitations(kSent).reserve(survey, *selection) == 1);
        REQUIRE(invitations(kSent).hand_out(survey)->due.size() == 1);
        tag = *sign_mail_tag(invitation().key, secret);
    }
    [[nodiscard]] Invitation invitation() const { return **find_invitation(db, 1); }
    [[nodiscard]] mail::Incoming reply(const std::string& text) const {
        mail::Incoming out;
        out.id = "r@example.com";
        out.answers_to = {tag + ".0@example.com"};
        out.text = text;
        return out;
    }
    [[nodiscard]] mail::Incoming bounce(const std::string& status) const {
        mail::Incoming out;
        out.report = out.automatic = true;
        out.returned = {tag + ".0@example.com"};
        out.deliveries = {{"failed", status}};
        return out;
    }
    [[nodiscard]] ReadMail read(const mail::Incoming& message, Instant when = kLater) const {
        const auto out = read_mail(
            db, secret, [&](const std::string&) { return survey; }, message, when);
        REQUIRE(out);
        return *out;
    }
    [[nodiscard]] MailKind kind(const mail::Incoming& message, Instant when = kLater) const {
        return read(message, when).kind;
    }
    [[nodiscard]] Result<> came_back(bool nobody) {
        return note_bounce(db, catalogues, survey, invitation(), nobody, "job:mail");
    }
    [[nodiscard]] std::string state() const {
        return one("SELECT state||'/'||coalesce(reason,'') FROM survey_invitation");
    }

    Survey survey;
    host::Secret secret{std::string("s3cret")};
    std::string tag;
};

}  // namespace

TEST_CASE("a reply becomes an answer, once", "[feedback][incoming]") {
    Post post;
    const auto read = post.read(post.reply("3, too slow\n\n> Would you?"));
    CHECK(read.kind == MailKind::kAnswer);
    CHECK(read.response.answers == Answers{{"score", {"3"}}, {"why", {"too slow"}}});
    CHECK(read.response.channel == "mail");
    CHECK(read.response.answered == kLater);
    REQUIRE(record_response(post.db, post.catalogues, post.survey, read.invitation, read.response,
                            "job:mail"));
    CHECK(post.one("SELECT score||' '||comment||' '||submission FROM survey_response") ==
          "3 too slow r@example.com");
    // The same message again, and another one.
    CHECK(post.kind(post.reply("3, too slow")) == MailKind::kKnown);
    auto second = post.reply("9");
    second.id = "r2@example.com";
    CHECK(post.kind(second) == MailKind::kAnswered);
}

TEST_CASE("words for which there is no question are kept as the answer's comment",
          "[feedback][incoming]") {
    Post post;
    const auto read = post.read(post.reply("9, all fine"));  // the text question is for low scores
    REQUIRE(record_response(post.db, post.catalogues, post.survey, read.invitation, read.response,
                            "job:mail"));
    CHECK(post.one("SELECT score||' '||comment FROM survey_response") == "9 all fine");
}

TEST_CASE("what is no answer is told from one", "[feedback][incoming]") {
    Post post;
    CHECK(post.kind(post.reply("退订。\n\n> asked")) == MailKind::kUnsubscribe);
    CHECK(post.kind(post.reply("> only\n> quoted")) == MailKind::kUnclear);
    CHECK(post.kind(post.reply("11")) == MailKind::kUnclear);
    auto program = post.reply("9");
    program.automatic = true;
    CHECK(post.kind(program) == MailKind::kAutomatic);
    CHECK(post.kind({}) == MailKind::kOther);
    // Late by the time at the server, whenever it is read.
    const auto expires = *post.invitation().expires;
    CHECK(post.kind(post.reply("9"), expires - hours(1)) == MailKind::kAnswer);
    CHECK(post.kind(post.reply("9"), expires) == MailKind::kExpired);
    CHECK(post.kind(post.reply("unsubscribe"), expires + hours(5'000)) == MailKind::kUnsubscribe);
    post.sql("UPDATE survey_invitation SET state='withdrawn'");
    CHECK(post.kind(post.reply("9")) == MailKind::kWithdrawn);
    post.sql("DELETE FROM survey_invitation");
    CHECK(post.kind(post.reply("9")) == MailKind::kUnknown);
}

TEST_CASE("a tag that we did not sign does nothing, whatever the message says",
          "[feedback][incoming]") {
    Post post;
    auto forged = post.tag;
    forged.back() = forged.back() == '0' ? '1' : '0';
    auto reply = post.reply("9");
    reply.answers_to = {forged + ".0@example.com"};
    auto bounce = post.bounce("5.1.1");
    bounce.returned = {forged + ".0@example.com"};
    auto leave = post.reply("unsubscribe");
    leave.answers_to = {forged + ".0@example.com"};
    for (const auto& message : {reply, bounce, leave})
        CHECK(post.kind(message) == MailKind::kForged);
    // The right one beside it counts: what the address says, or what is answered.
    reply.recipients = {"feedback+" + post.tag + "@example.com"};
    CHECK(post.kind(reply) == MailKind::kAnswer);
}

TEST_CASE("an address that is nobody's is not written to any more", "[feedback][incoming]") {
    Post post("[audience]\nbounced = \"bounced\"\n");
    CHECK(post.kind(post.bounce("4.2.2")) == MailKind::kDelayed);
    const auto read = post.read(post.bounce("5.1.1"));
    CHECK(read.kind == MailKind::kBounced);
    CHECK(read.nobody);
    REQUIRE(post.came_back(true));
    CHECK(post.state() == "unreachable/bounced");
    CHECK(post.one("SELECT bounced FROM contact") == "1");
    CHECK(post.kind(post.bounce("5.1.1")) == MailKind::kKnown);
    REQUIRE(post.came_back(true));
    CHECK(post.one("SELECT count(*) FROM kontor_history WHERE op='u' AND entity=(SELECT id FROM "
                   "kontor_entity WHERE name='contact')") == "1");
    // Years later another survey asks others. The hash of the address is enough for that.
    post.sql("UPDATE contact SET bounced=0");
    const auto other = make_survey("", "other");
    auto selection = post.select(other, kSent + hours(24 * 700));
    REQUIRE(selection);
    CHECK(selection->chosen.empty());
    CHECK(selection->counts.at(Verdict::kBounced) == 1);
    // By telephone they may be.
    post.sql("UPDATE contact SET mobile='+86 138 0000 0000'");
    const auto phone = make_survey("channels = [\"link\", \"phone\"]\n", "phone");
    selection = post.select(phone, kSent + hours(24 * 700));
    REQUIRE(selection->chosen.size() == 1);
    CHECK(selection->chosen[0].channel == "phone");
    // Another address is another beginning.
    post.sql("UPDATE contact SET email='wei@example.com'");
    CHECK(post.select(other, kSent + hours(24 * 700))->chosen.size() == 1);
    post.sql("UPDATE contact SET bounced=1");
    const auto heeds = make_survey("[audience]\nbounced = \"bounced\"\n", "other");
    CHECK(post.select(heeds, kSent + hours(24 * 700))->counts.at(Verdict::kBounced) == 1);
}

TEST_CASE("a message that was refused says nothing against the address", "[feedback][incoming]") {
    Post post("[audience]\nbounced = \"bounced\"\n");
    const auto read = post.read(post.bounce("5.2.2"));
    CHECK(read.kind == MailKind::kBounced);
    CHECK_FALSE(read.nobody);
    REQUIRE(post.came_back(false));
    CHECK(post.state() == "unreachable/mail_refused");
    CHECK(post.one("SELECT bounced FROM contact") == "0");
    CHECK(post.select(make_survey("", "other"), kSent + hours(24 * 700))->chosen.size() == 1);
}

TEST_CASE("an address that was corrected meanwhile is not marked, nor what was answered undone",
          "[feedback][incoming]") {
    Post post("[audience]\nbounced = \"bounced\"\n");
    post.sql("UPDATE contact SET email='wei@example.com'");
    REQUIRE(post.came_back(true));
    CHECK(post.one("SELECT bounced FROM contact") == "0");
    CHECK(post.state() == "unreachable/bounced");
    Post answered;
    answered.sql("UPDATE survey_invitation SET state='answered'");
    REQUIRE(answered.came_back(true));
    CHECK(answered.state() == "answered/");
}

TEST_CASE("how far a folder was read is remembered, each folder for itself",
          "[feedback][incoming]") {
    const Office office;
    MailboxSettings mailbox;
    mailbox.imap = "imaps://mail.example.com";
    mailbox.user = "feedback";
    CHECK(*load_mail_cursor(office.db, mailbox) == MailCursor{});
    const MailCursor cursor{7, 4'294'967'295, {3, 9}};
    REQUIRE(save_mail_cursor(office.db, mailbox, cursor));
    CHECK(*load_mail_cursor(office.db, mailbox) == cursor);
    auto other = mailbox;
    other.folder = "Other";
    CHECK(*load_mail_cursor(office.db, other) == MailCursor{});
    // What is no cursor is one that begins anew.
    for (const char* broken :
         {"nonsense", "[]", R"({"validity":-1,"uid":"x","open":[0,"y",99999999999]})"}) {
        office.sql(std::string("UPDATE kontor_meta SET value='") + broken +
                   "' WHERE key LIKE 'mailbox:%'");
        CHECK(*load_mail_cursor(office.db, mailbox) == MailCursor{});
    }
}
