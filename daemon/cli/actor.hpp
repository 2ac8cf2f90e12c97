#pragma once

#include <string>

namespace kontor::cli {

/// Who did something, as history names it, with the name of the user of this computer where there
/// is one, or with the one that the daemon knows: "uid:1000 (ann)", "remote:zoho:42 (李婷)".
[[nodiscard]] std::string actor_text(const std::string& actor, const std::string& name = {});

/// The name alone, for a narrow column; the actor where nobody knows one.
[[nodiscard]] std::string actor_name(const std::string& actor, const std::string& name = {});

}  // namespace kontor::cli
