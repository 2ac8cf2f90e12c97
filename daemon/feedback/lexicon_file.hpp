#pragma once

#include <string>
#include <string_view>

#include "config/problem.hpp"
#include "daemon/feedback/lexicon.hpp"
#include "sync/base/result.hpp"

namespace kontor::feedback {

/// The words that are known without a file, in the form of a file. Valid for ever.
[[nodiscard]] std::string_view usual_words();

/// The usual words, and on top of them what the file says; no file: these alone. kConfig with every
/// mistake and its line.
[[nodiscard]] Result<Lexicon> load_lexicon(const std::string& file);

/// Adds a file's words. What is wrong becomes a problem. `file` is only for messages.
void add_words(std::string_view toml, const std::string& file, Lexicon& lexicon,
               config::Problems& problems);

/// Where a team's own words are: lexicon.toml beside the configuration.
[[nodiscard]] std::string lexicon_path(const std::string& config_folder);

}  // namespace kontor::feedback
