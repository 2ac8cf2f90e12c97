#pragma once

#include <string>
#include <vector>

#include "config/problem.hpp"
#include "daemon/feedback/survey.hpp"
#include "sync/base/result.hpp"

namespace kontor::feedback {

/// The surveys of a folder, by id, and what is wrong with the others.
struct Surveys {
    std::vector<Survey> surveys;
    config::Problems problems;
};
/// Reads every *.toml of the folder; none if the folder is not there.
[[nodiscard]] Surveys load_surveys(const std::string& folder);

/// One survey of the folder. kNotFound (reason no_survey) if there is none of that id, kConfig if
/// its file has a mistake.
[[nodiscard]] Result<Survey> load_survey(const std::string& folder, const std::string& id);

}  // namespace kontor::feedback
