#pragma once

#include <functional>
#include <string>

#include "config/config.hpp"
#include "connectors/host/secret_store.hpp"
#include "daemon/jobs/run.hpp"
#include "daemon/messages/messages.hpp"

namespace kontor::jobs {

/// Tells people of an alert in every way that [jobs.alert] names; with none of them nothing
/// happens, and that is a success. An error if one of the ways failed: all are tried again then, so
/// that somebody may hear of it twice rather than not at all. Blocks; thread-safe.
class Alerts {
public:
    struct Parts {
        const host::SecretStore& secrets;
        std::function<std::string(const std::string&)> environment;
        messages::Language language = messages::Language::kEnglish;
    };
    explicit Alerts(Parts parts) : parts_(std::move(parts)) {}

    [[nodiscard]] Result<> deliver(const config::Alert& ways, const Alert& alert,
                                   const std::function<bool()>& cancelled) const;

private:
    Result<> run_command(const config::Alert& ways, const Alert& alert,
                         const std::function<bool()>& cancelled) const;
    Result<> call_webhook(const config::Alert& ways, const Alert& alert) const;
    Result<> send_mail(const config::Alert& ways, const Alert& alert,
                       const std::function<bool()>& cancelled) const;

    Parts parts_;
};

/// One line that says what happened.
[[nodiscard]] std::string alert_subject(messages::Language language, const Alert& alert);
/// What a person needs to know of it.
[[nodiscard]] std::string alert_text(messages::Language language, const Alert& alert);

/// What a program of the user's is given of our environment: PATH, HOME, language and the like.
[[nodiscard]] std::vector<std::string> plain_environment(
    const std::function<std::string(const std::string&)>& environment);

}  // namespace kontor::jobs
