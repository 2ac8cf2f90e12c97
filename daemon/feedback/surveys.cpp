#include "daemon/feedback/surveys.hpp"

#include <algorithm>
#include <filesystem>

#include "daemon/feedback/survey_file.hpp"

namespace kontor::feedback {

namespace fs = std::filesystem;

Surveys load_surveys(const std::string& folder) {
    Surveys out;
    std::vector<std::string> files;
    std::error_code ignored;
    for (fs::directory_iterator it(folder, ignored), end; !ignored && it != end;
         it.increment(ignored))
        if (it->path().extension() == ".toml" && it->path().filename().string()[0] != '.')
            files.push_back(it->path().string());
    std::ranges::sort(files);
    for (const auto& file : files)
        if (auto survey = read_survey(file, out.problems))
            out.surveys.push_back(std::move(*survey));
    return out;
}

Result<Survey> load_survey(const std::string& folder, const std::string& id) {
    const auto file = (fs::path(folder) / (id + ".toml")).string();
    std::error_code ignored;
    if (!is_id(id) || !fs::exists(file, ignored))
        return fail(Errc::kNotFound, "there is no survey " + id,
                    {{"reason", "no_survey"}, {"survey", id}, {"folder", folder}});
    config::Problems problems;
    auto survey = read_survey(file, problems);
    if (!survey) return tl::unexpected<Error>(config::to_error(problems));
    return std::move(*survey);
}

}  // namespace kontor::feedback
