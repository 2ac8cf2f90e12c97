#pragma once

#include <string>

namespace kontor::cli {

/// Who did something, as history names it, with the name of the user of this computer where there
/// is one: "uid:1000 (ann)".
[[nodiscard]] std::string actor_text(const std::string& actor);

}  // namespace kontor::cli
