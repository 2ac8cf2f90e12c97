#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "daemon/feedback/survey.hpp"

namespace kontor::jobs {

/// The job that a survey's [timing] asks for, "survey:ID"; nullopt if it names neither times nor an
/// event. It follows up.
[[nodiscard]] std::optional<config::Job> job_of(const feedback::Survey& survey);

/// The jobs of a folder of surveys. One thread at a time.
class SurveyJobs {
public:
    explicit SurveyJobs(std::string folder) : folder_(std::move(folder)) {}

    /// Whether a file came, went or was written to since read().
    [[nodiscard]] bool changed() const;
    /// Reads them all. A survey whose file has a mistake keeps the job that it had.
    void read();

    [[nodiscard]] const std::vector<config::Job>& jobs() const { return jobs_; }
    /// By job: what is wrong with its survey's file, the first mistake.
    [[nodiscard]] const std::map<std::string, std::string>& mistakes() const { return mistakes_; }

private:
    using Stamps = std::map<std::string, std::pair<std::int64_t, std::uintmax_t>>;
    [[nodiscard]] Stamps stamps() const;

    std::string folder_;
    Stamps read_;
    std::vector<config::Job> jobs_;
    std::map<std::string, std::string> mistakes_;
};

}  // namespace kontor::jobs
