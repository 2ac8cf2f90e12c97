#pragma once

#include <functional>
#include <string>

#include "config/load.hpp"
#include "connectors/host/secret_store.hpp"
#include "daemon/api/mailbox.hpp"
#include "daemon/jobs/run.hpp"
#include "daemon/runtime/connections.hpp"
#include "sync/base/random.hpp"

namespace kontor::jobs {

/// How far a run is.
struct Progress {
    std::string stage;  ///< "" = nothing to tell
    std::int64_t done = 0;
    std::int64_t total = 0;  ///< 0 = not known
};

/// What a task works with while it runs; all are called on its thread.
struct TaskPorts {
    std::function<bool()> stopping;
    std::function<void(const Progress&)> progress;
    std::function<void(const std::string& line)> say;  ///< into the run's log
};

/// What jobs do. Thread-safe; what `Parts` refers to must outlive it.
class Tasks {
public:
    struct Parts {
        const host::SecretStore& secrets;
        const Clock& clock;
        Random& random;  ///< thread-safe
        const app::Connections& connections;
        api::FeedbackService& surveys;
        api::Mailbox& mailbox;
        std::function<config::Loaded()> configuration;
        std::function<std::string(const std::string&)> environment;  ///< "" = not set
    };
    explicit Tasks(Parts parts) : parts_(std::move(parts)) {}

    /// Does the job's work. Blocks. kCancelled once `stopping` says so. A backup that cannot be
    /// restored, a verification that finds differences, invitations that did not go, a source of
    /// answers that is not there, and a program that ends with a code other than 0 are failures.
    /// The outcome's log is the caller's.
    [[nodiscard]] Outcome run(const config::Job& job, const Run& run, const TaskPorts& ports) const;

private:
    [[nodiscard]] Outcome back_up(const config::Job& job, const TaskPorts& ports) const;
    [[nodiscard]] Outcome verify(const config::Job& job, const TaskPorts& ports) const;
    [[nodiscard]] Outcome send_survey(const config::Job& job, const Run& run,
                                      const TaskPorts& ports) const;
    [[nodiscard]] Outcome take_answers(const config::Job& job, const TaskPorts& ports) const;
    [[nodiscard]] Outcome receive_mail(const config::Job& job, const TaskPorts& ports) const;
    [[nodiscard]] Outcome run_command(const config::Job& job, const Run& run,
                                      const TaskPorts& ports) const;

    Parts parts_;
};

}  // namespace kontor::jobs
