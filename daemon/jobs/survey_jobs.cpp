#include "daemon/jobs/survey_jobs.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "config/table_reader.hpp"
#include "daemon/feedback/surveys.hpp"

namespace kontor::jobs {
namespace {

namespace fs = std::filesystem;

std::string name_of(const std::string& survey) {
    return "survey:" + survey;
}

// As people write an event: "on deal.stage = Closed Won, 2d later".
std::string said(const feedback::Survey& survey) {
    const auto& where = survey.timing.becomes->where;
    auto out = "on " + survey.audience.entity + "." + where.field + " " + where.compare;
    if (!where.value.empty()) out += " " + where.value;
    if (survey.timing.delay.count() > 0)
        out += ", " + config::format_duration(survey.timing.delay) + " later";
    return out;
}

// A word is looked for as it is. Of anything else each change counts: what it must come to be is
// looked at when people are chosen.
config::JobEvent event_of(const feedback::Survey& survey) {
    const auto& where = survey.timing.becomes->where;
    config::JobEvent out{survey.audience.entity, where.field, std::nullopt, true};
    const bool word = std::ranges::any_of(where.value, [](char c) {
        return static_cast<unsigned char>(c) > 127 || std::isalpha(static_cast<unsigned char>(c));
    });
    if (where.compare == "=" && word && where.value != "true" && where.value != "false")
        out.becomes = where.value;
    return out;
}

}  // namespace

std::optional<config::Job> job_of(const feedback::Survey& survey) {
    const auto& timing = survey.timing;
    config::Job out;
    out.name = name_of(survey.id);
    out.run = {"feedback", "send", survey.id};
    out.follows_up = true;
    if (!timing.schedule.empty()) {
        const auto times = config::Schedule::parse(timing.schedule);
        if (!times) return std::nullopt;  // its file was read, so there is a schedule in it
        out.when = {timing.schedule};
        out.times = {*times};
    } else if (timing.becomes) {
        out.when = {said(survey)};
        out.events = {event_of(survey)};
    } else {
        return std::nullopt;
    }
    return out;
}

SurveyJobs::Stamps SurveyJobs::stamps() const {
    Stamps out;
    std::error_code failed;
    for (fs::directory_iterator it(folder_, failed), end; !failed && it != end;
         it.increment(failed)) {
        std::error_code gone;
        const auto written = it->last_write_time(gone).time_since_epoch().count();
        const auto size = it->file_size(gone);
        if (it->path().extension() == ".toml")
            out[it->path().filename().string()] = {written, gone ? 0 : size};
    }
    return out;
}

bool SurveyJobs::changed() const {
    return stamps() != read_;
}

void SurveyJobs::read() {
    // Before the files: what is written meanwhile is a change.
    read_ = stamps();
    const auto loaded = feedback::load_surveys(folder_);
    const auto before = std::exchange(jobs_, {});
    mistakes_.clear();
    for (const auto& problem : loaded.problems)
        mistakes_.emplace(name_of(fs::path(problem.file).stem().string()), problem.text());
    for (const auto& survey : loaded.surveys)
        if (auto job = job_of(survey)) jobs_.push_back(std::move(*job));
    for (const auto& job : before)
        if (mistakes_.contains(job.name)) jobs_.push_back(job);
}

}  // namespace kontor::jobs
