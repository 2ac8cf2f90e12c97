#include "daemon/api/feedback_service.hpp"

#include <openssl/rand.h>

#include <array>
#include <filesystem>

#include "connectors/host/base64.hpp"
#include "daemon/feedback/lexicon_file.hpp"

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

Result<Sent> FeedbackService::send(const Survey& survey, const std::string& actor, bool dry_run) {
    auto words = lexicon();
    if (!words) return pass(words);
    auto set = settings();
    if (!set) return pass(set);
    const std::lock_guard lock(sending_);
    auto db = services_.databases.lend(Access::kLocal);
    if (!db) return pass(db);
    auto sent =
        feedback::send({**db, services_.databases.catalogues(), services_.clock.now(), actor},
                       survey, dry_run, {*words, set->pulled_answers});
    if (sent && !dry_run) services_.edited();
    return sent;
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
    auto set = settings();
    if (!set) return pass(set);
    if (set->link_key.empty())
        return fail(Errc::kConfig, "link_key names no secret",
                    {{"reason", "survey_no_key"}, {"key", "link_key"}});
    const std::lock_guard lock(key_);
    auto secret = services_.secrets.read(set->link_key);
    if (secret || secret.error().code != Errc::kNotFound) return secret;
    std::array<unsigned char, 32> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        return fail(Errc::kInternal, "the system gives no random numbers");
    host::Secret made(host::to_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
    if (auto written = services_.secrets.write(set->link_key, made); !written) return pass(written);
    services_.log.info("feedback.key_made");
    return made;
}

Result<Links> FeedbackService::links() {
    auto set = settings();
    if (!set) return pass(set);
    if (set->public_url.empty())
        return fail(Errc::kConfig, "public_url says no address",
                    {{"reason", "survey_no_url"}, {"key", "public_url"}});
    auto secret = link_secret();
    if (!secret) return pass(secret);
    return Links(set->public_url, std::move(*secret));
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

Result<std::vector<Due>> FeedbackService::handed_out(const Survey& survey) {
    auto db = services_.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    return Invitations({**db, services_.databases.catalogues(), services_.clock.now(), ""})
        .handed_out(survey);
}

}  // namespace kontor::api
