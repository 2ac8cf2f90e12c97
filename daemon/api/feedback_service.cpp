#include "daemon/api/feedback_service.hpp"

#include <openssl/rand.h>

#include <array>
#include <filesystem>

#include "connectors/host/base64.hpp"
#include "daemon/feedback/invitation_mail.hpp"
#include "daemon/feedback/lexicon_file.hpp"
#include "daemon/mail/letter.hpp"
#include "daemon/mail/smtp.hpp"

namespace kontor::api {

using namespace feedback;
using replica::Access;

std::string FeedbackService::folder() const {
    return (std::filesystem::path(services_.configuration().folder) / "surveys").string();
}

Result<Survey> FeedbackService::survey(const std::string& id) const {
    return load_survey(folder(), id);
}

Result<Settings> FeedbackService::settings() const {
    return load_settings(services_.configuration().folder);
}

Result<Lexicon> FeedbackService::lexicon() const {
    return load_lexicon(lexicon_path(services_.configuration().folder));
}

Result<FeedbackService::Run> FeedbackService::send(const Survey& survey, const std::string& actor,
                                                   bool dry_run) {
    auto set = settings();
    if (!set) return pass(set);
    const auto delivery = set->mail.smtp.empty() ? Delivery::kShown : Delivery::kOneByOne;
    return send(survey, actor, *set, Reach{.dry_run = dry_run, .delivery = delivery});
}

Result<FeedbackService::Run> FeedbackService::send_by_itself(const Survey& survey,
                                                             const std::string& actor,
                                                             bool choose) {
    auto set = settings();
    if (!set) return pass(set);
    const auto delivery = set->mail.smtp.empty() ? Delivery::kNone : Delivery::kOneByOne;
    return send(survey, actor, *set, Reach{.choose = choose, .delivery = delivery});
}

Result<FeedbackService::Run> FeedbackService::send(const Survey& survey, const std::string& actor,
                                                   const Settings& set, const Reach& reach) {
    auto words = lexicon();
    if (!words) return pass(words);
    const std::lock_guard lock(sending_);
    auto db = services_.databases.lend(Access::kLocal);
    if (!db) return pass(db);
    const Invitations::Parts parts{**db, services_.databases.catalogues(), services_.clock.now(),
                                   actor};
    Taken taken;
    if (!reach.dry_run) {
        auto found = take_into(**db, survey, set, actor);
        if (!found) return pass(found);
        taken = std::move(*found);
    }
    auto sent = feedback::send(parts, survey, reach, {*words, set.pulled_answers});
    if (!sent) return pass(sent);
    Run out{std::move(*sent), std::move(taken), {}};
    if (reach.dry_run) return out;
    services_.edited();
    if (set.mail.smtp.empty()) return out;
    auto mailed = mail(parts, survey, set, out.sending.due);
    if (!mailed) return pass(mailed);
    out.mailed = std::move(*mailed);
    services_.edited();
    return out;
}

Result<FeedbackService::Mailed> FeedbackService::mail(const Invitations::Parts& parts,
                                                      const Survey& survey,
                                                      const Settings& settings,
                                                      const std::vector<Due>& due) {
    Mailed out;
    out.on = true;
    if (due.empty()) return out;
    Invitations invitations(parts);
    mail::Server server{settings.mail.smtp, settings.mail.user, {}, settings.mail.ca_file};
    std::optional<Links> make;
    std::optional<mail::Submission> post;
    const auto set_up = [&]() -> Result<> {
        if (!settings.mail.password.empty()) {
            auto password = services_.secrets.read(settings.mail.password);
            if (!password) return pass(password);
            server.password = std::move(*password);
        }
        auto made = links(survey, settings);
        if (!made) return pass(made);
        make.emplace(std::move(*made));
        auto prepared = mail::Submission::prepare(server, {});
        if (!prepared) return pass(prepared);
        post.emplace(std::move(*prepared));
        return {};
    };
    if (auto ready = set_up(); !ready) {
        out.failed = static_cast<std::int64_t>(due.size());
        out.problem = ready.error();
        return out;
    }
    const auto from = mail::address_of(settings.mail.from);
    for (std::size_t at = 0; at < due.size(); ++at) {
        const auto& one = due[at];
        auto link = make->answer(one.invitation);
        auto leave = make->unsubscribe(one.invitation);
        auto tag = make->mail_tag(one.invitation);
        if (!link || !leave || !tag) return pass(!link ? link : !leave ? leave : tag);
        // Where answers and bounces go to tells whose they are, if the server takes that.
        const auto with_tag = [&](const std::string& address) {
            return settings.mail.tagged ? tagged_address(address, *tag) : address;
        };
        auto words = invitation_mail(survey, one, *link, *leave);
        mail::Letter letter{settings.mail.from,
                            one.person.address,
                            with_tag(settings.mail.reply_to.empty() && settings.mail.tagged
                                         ? settings.mail.from
                                         : settings.mail.reply_to),
                            std::move(words.subject),
                            std::move(words.text),
                            std::move(words.html),
                            *tag + "." + std::to_string(one.reminder) + from.substr(from.find('@')),
                            {{"List-Unsubscribe", "<" + *leave + ">"},
                             {"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"},
                             {"Auto-Submitted", "auto-generated"}}};
        auto bytes = mail::compose(letter, parts.now);
        auto still_due = invitations.about_to_send(one);
        if (!still_due) return pass(still_due);
        if (!*still_due) continue;
        auto gone = bytes ? post->send(with_tag(from), {one.person.address}, *bytes)
                          : Result<>(tl::unexpected<Error>(bytes.error()));
        if (gone) {
            ++out.sent;
            continue;
        }
        const auto code = gone.error().code;
        const bool for_good = code == Errc::kInvalid ||
                              (code == Errc::kPermission && gone.error().args.contains("at"));
        if (auto done = invitations.not_sent(one, for_good); !done) return pass(done);
        if (!for_good) out.problem = gone.error();
        // What keeps this one from going keeps all that follow: they are due again.
        if (code == Errc::kTls || code == Errc::kUnauthenticated) {
            out.failed += static_cast<std::int64_t>(due.size() - at);
            return out;
        }
        ++(for_good ? out.refused : out.failed);
    }
    return out;
}

Result<Taken> FeedbackService::take(const Survey& survey, const std::string& actor) {
    auto set = settings();
    if (!set) return pass(set);
    const std::lock_guard lock(sending_);
    auto db = services_.databases.lend(Access::kLocal);
    if (!db) return pass(db);
    return take_into(**db, survey, *set, actor);
}

Result<Taken> FeedbackService::take_into(const replica::Database& db, const Survey& survey,
                                         const Settings& settings, const std::string& actor) {
    std::optional<host::Secret> secret;
    std::optional<Taken::Broken> no_key;
    for (const auto& source : survey.sources) {
        if (source.invitation.empty() || secret || no_key) continue;
        auto read = link_secret(settings);
        if (read)
            secret = std::move(*read);
        else
            no_key = {source.line, read.error()};
    }
    auto taken =
        take_submissions({db, services_.databases.catalogues(), services_.clock.now(), actor},
                         survey, settings.pulled_answers, secret ? &*secret : nullptr);
    if (!taken) return pass(taken);
    if (no_key) taken->broken.push_back(std::move(*no_key));
    if (taken->answers + taken->changed > 0) services_.edited();
    return taken;
}

Result<Acted> FeedbackService::act(const Survey& survey, const std::string& actor) {
    auto words = lexicon();
    if (!words) return pass(words);
    auto set = settings();
    if (!set) return pass(set);
    auto db = services_.databases.lend(Access::kLocal);
    if (!db) return pass(db);
    auto acted =
        act_on_answers({**db, services_.databases.catalogues(), services_.clock.now(), actor},
                       survey, {*words, set->pulled_answers});
    if (!acted) return pass(acted);
    if (acted->answers > 0) services_.edited();
    return acted;
}

Result<FeedbackService::Recorded> FeedbackService::record(
    const Survey& survey, const std::optional<Invitation>& invitation, const std::string& who,
    const Response& response, const std::string& actor) {
    Recorded out;
    {
        auto db = services_.databases.lend(Access::kLocal);
        if (!db) return pass(db);
        auto& catalogues = services_.databases.catalogues();
        auto made = invitation
                        ? record_response(**db, catalogues, survey, *invitation, response, actor)
                        : record_import(**db, catalogues, survey, who, response, actor);
        if (!made) return pass(made);
        out.response = *made;
        services_.edited();
    }
    // The answer is safe; whatever is wrong now is told by the next run too.
    if (auto acted = act(survey, actor))
        out.acted = std::move(*acted);
    else
        out.acted.open.push_back({out.response, 0, acted.error()});
    for (const auto& open : out.acted.open)
        services_.log.warning("feedback.action_failed", {{"survey", survey.id},
                                                         {"response", open.response},
                                                         {"line", open.line},
                                                         {"reason", open.error.message}});
    return out;
}

Result<host::Secret> FeedbackService::link_secret() {
    const auto set = settings();
    if (!set) return tl::unexpected<Error>(set.error());
    return link_secret(*set);
}

Result<host::Secret> FeedbackService::link_secret(const Settings& settings) {
    if (settings.link_key.empty())
        return fail(Errc::kConfig, "link_key names no secret",
                    {{"reason", "survey_no_key"}, {"key", "link_key"}});
    const std::lock_guard lock(key_);
    auto secret = services_.secrets.read(settings.link_key);
    if (secret || secret.error().code != Errc::kNotFound) return secret;
    std::array<unsigned char, 32> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        return fail(Errc::kInternal, "the system gives no random numbers");
    host::Secret made(host::to_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
    if (auto written = services_.secrets.write(settings.link_key, made); !written)
        return pass(written);
    services_.log.info("feedback.key_made");
    return made;
}

Result<Links> FeedbackService::links(const Survey& survey) {
    const auto set = settings();
    if (!set) return tl::unexpected<Error>(set.error());
    return links(survey, *set);
}

Result<Links> FeedbackService::links(const Survey& survey, const Settings& settings) {
    if (settings.public_url.empty())
        return fail(Errc::kConfig, "public_url says no address",
                    {{"reason", "survey_no_url"}, {"key", "public_url"}});
    auto secret = link_secret(settings);
    if (!secret) return pass(secret);
    return Links(settings.public_url, std::move(*secret), survey.link_elsewhere());
}

Result<Opened> FeedbackService::open(const std::string& token, Purpose purpose) {
    auto secret = link_secret();
    if (!secret) return pass(secret);
    auto db = services_.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    return open_link(**db, token, purpose, *secret, services_.clock.now());
}

Result<> FeedbackService::unsubscribe(const Invitation& invitation, const std::string& actor) {
    // Whoever wants to be left in peace is, whatever became of the survey's file.
    const auto defined = survey(invitation.survey);
    auto db = services_.databases.lend(Access::kLocal);
    if (!db) return pass(db);
    auto done = feedback::unsubscribe(**db, services_.databases.catalogues(),
                                      defined ? *defined : Survey{}, invitation, actor);
    if (done) services_.edited();
    return done;
}

Result<ReadMail> FeedbackService::take_mail(const mail::Incoming& message, Instant arrived,
                                            const std::string& actor) {
    auto secret = link_secret();
    if (!secret) return pass(secret);
    const auto survey_of = [this](const std::string& id) { return survey(id); };
    Result<ReadMail> read;
    {
        auto db = services_.databases.lend(Access::kReadOnly);
        if (!db) return pass(db);
        read = read_mail(**db, *secret, survey_of, message, arrived);
    }
    if (!read) return read;
    Result<> done;
    if (read->kind == MailKind::kUnsubscribe) {
        done = unsubscribe(read->invitation, actor);
    } else if (read->kind == MailKind::kBounced) {
        // As with unsubscribing: also of a survey whose file is gone.
        const auto defined = survey(read->invitation.survey);
        auto db = services_.databases.lend(Access::kLocal);
        if (!db) return pass(db);
        done = note_bounce(**db, services_.databases.catalogues(), defined ? *defined : Survey{},
                           read->invitation, read->nobody, actor);
        if (done) services_.edited();
    } else if (read->kind == MailKind::kAnswer) {
        auto defined = survey(read->invitation.survey);
        if (!defined) return pass(defined);
        auto recorded = record(*defined, read->invitation, "", read->response, actor);
        // Somebody was faster, by the form for instance.
        if (!recorded && recorded.error().code == Errc::kConflict &&
            recorded.error().args.contains("invitation"))
            read->kind = recorded.error().args.at("reason") == "survey_answered"
                             ? MailKind::kAnswered
                             : MailKind::kWithdrawn;
        else if (!recorded)
            return pass(recorded);
    }
    if (!done) return pass(done);
    return read;
}

Result<std::vector<Due>> FeedbackService::handed_out(const Survey& survey) {
    auto db = services_.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    return Invitations({**db, services_.databases.catalogues(), services_.clock.now(), ""})
        .handed_out(survey);
}

}  // namespace kontor::api
