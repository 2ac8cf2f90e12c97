#pragma once

#include <mutex>
#include <string>

#include "daemon/api/services.hpp"
#include "daemon/feedback/incoming_mail.hpp"
#include "daemon/feedback/links.hpp"
#include "daemon/feedback/responses.hpp"
#include "daemon/feedback/send.hpp"
#include "daemon/feedback/settings.hpp"
#include "daemon/feedback/sources.hpp"
#include "daemon/feedback/surveys.hpp"

namespace kontor::api {

/// Surveys as the daemon runs them: with its replica, its configuration and its clock. What the
/// API, the form and the scheduler have in common. Thread-safe; `services` must outlive it.
class FeedbackService {
public:
    explicit FeedbackService(Services& services) : services_(services) {}

    /// surveys/ beside the configuration.
    [[nodiscard]] std::string folder() const;
    /// kNotFound, kConfig as load_survey().
    [[nodiscard]] Result<feedback::Survey> survey(const std::string& id) const;
    /// feedback.toml as it is now. kConfig.
    [[nodiscard]] Result<feedback::Settings> settings() const;
    /// Words of praise, blame and themes: the usual ones and lexicon.toml beside the configuration.
    /// kConfig.
    [[nodiscard]] Result<feedback::Lexicon> lexicon() const;

    /// What became of the e-mails of a run.
    struct Mailed {
        bool on = false;  ///< feedback.toml names a mail server
        std::int64_t sent = 0, refused = 0, failed = 0;
        std::optional<Error> problem;  ///< why the last one failed
    };
    struct Run : feedback::Sent {
        feedback::Taken taken;
        Mailed mailed;
    };
    /// One run of a survey; see feedback::send(). Where there is a mail server, what is due is
    /// sent, each message once: it counts as sent before it goes, and no more if the server did not
    /// take it. One at a time. `actor` as in kontor_history.
    [[nodiscard]] Result<Run> send(const feedback::Survey& survey, const std::string& actor,
                                   bool dry_run);
    /// The same where nobody looks at what it returns: without a mail server, links wait for a
    /// person who sends them. `choose` false: only goes on with those that were chosen before.
    [[nodiscard]] Result<Run> send_by_itself(const feedback::Survey& survey,
                                             const std::string& actor, bool choose);

    /// Takes the answers that the survey's sources have; see feedback::take_submissions(). Where
    /// feedback.toml does not say pulled_answers, they are only counted.
    [[nodiscard]] Result<feedback::Taken> take(const feedback::Survey& survey,
                                               const std::string& actor);

    /// Acts on the answers that nobody has acted upon; see feedback::act_on_answers().
    [[nodiscard]] Result<feedback::Acted> act(const feedback::Survey& survey,
                                              const std::string& actor);

    /// Records an answer and acts on it: to the invitation, or, without one, a submission of `who`.
    /// Errors as record_response() and record_import(); what cannot be acted upon keeps the answer
    /// and is tried again by the next run.
    struct Recorded {
        std::int64_t response = 0;
        feedback::Acted acted;
    };
    [[nodiscard]] Result<Recorded> record(const feedback::Survey& survey,
                                          const std::optional<feedback::Invitation>& invitation,
                                          const std::string& who,
                                          const feedback::Response& response,
                                          const std::string& actor);

    /// Makes the links of a survey. kConfig (reason survey_no_key, survey_no_url) if feedback.toml
    /// does not name the secret that signs them, or the form's address. Where the secret is a file
    /// or in the keyring and is not there yet, it is made.
    [[nodiscard]] Result<feedback::Links> links(const feedback::Survey& survey);

    /// What a link leads to; errors as links(), and kStorage.
    [[nodiscard]] Result<feedback::Opened> open(const std::string& token,
                                                feedback::Purpose purpose);
    /// See feedback::unsubscribe(); also of a survey whose file is gone.
    [[nodiscard]] Result<> unsubscribe(const feedback::Invitation& invitation,
                                       const std::string& actor);
    /// Does what a message that came in says; see feedback::read_mail(). Doing it again does no
    /// harm. Errors as read_mail(), record() and links().
    [[nodiscard]] Result<feedback::ReadMail> take_mail(const mail::Incoming& message,
                                                       Instant arrived, const std::string& actor);
    /// The links that may still be answered.
    [[nodiscard]] Result<std::vector<feedback::Due>> handed_out(const feedback::Survey& survey);

private:
    [[nodiscard]] Result<Run> send(const feedback::Survey& survey, const std::string& actor,
                                   const feedback::Settings& settings,
                                   const feedback::Reach& reach);
    [[nodiscard]] Result<host::Secret> link_secret();
    [[nodiscard]] Result<host::Secret> link_secret(const feedback::Settings& settings);
    [[nodiscard]] Result<feedback::Links> links(const feedback::Survey& survey,
                                                const feedback::Settings& settings);
    [[nodiscard]] Result<feedback::Taken> take_into(const replica::Database& db,
                                                    const feedback::Survey& survey,
                                                    const feedback::Settings& settings,
                                                    const std::string& actor);
    [[nodiscard]] Result<Mailed> mail(const feedback::Invitations::Parts& parts,
                                      const feedback::Survey& survey,
                                      const feedback::Settings& settings,
                                      const std::vector<feedback::Due>& due);

    Services& services_;
    std::mutex sending_;  // one run of whatever survey, and one taking of answers
    std::mutex key_;      // two requests must not make two
};

}  // namespace kontor::api
