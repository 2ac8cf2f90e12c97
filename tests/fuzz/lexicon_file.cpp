// A team's own words, and a text that is read by them: what stands in the file until a zero byte,
// and what is behind it; without one the file is the text.
#include <cmath>

#include "daemon/feedback/lexicon_file.hpp"
#include "daemon/feedback/survey_file.hpp"
#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kontor;
    const auto input = as_text(data, size);
    const auto end = input.find('\0');
    const auto text = end == std::string_view::npos ? input : input.substr(end + 1);

    feedback::Lexicon lexicon;
    config::Problems problems;
    feedback::add_words(input.substr(0, end), "/etc/kontor/lexicon.toml", lexicon, problems);
    for (const auto& problem : problems) must_hold(!problem.reason.empty());

    const auto said = lexicon.read(text);
    must_hold(said.score >= -1 && said.score <= 1);
    must_hold((said.mood == feedback::Mood::kNeutral) <= (said.score == 0));
    for (const auto& hit : said.words) {
        must_hold(std::isfinite(hit.weight) && hit.at < text.size());
        must_hold(text.substr(hit.at).starts_with(hit.word));
    }
    for (const auto& theme : said.themes) {
        must_hold(!theme.words.empty() && !theme.label.empty() && std::isfinite(theme.weight));
        must_hold(!problems.empty() || feedback::is_id(theme.theme));
    }
    return 0;
}
