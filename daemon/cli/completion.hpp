#pragma once

#include <string>
#include <string_view>

namespace kontor::cli {

/// The completion script of a shell: "bash", "zsh" or "fish"; "" for others. Commands and options
/// are written into it; names of connections and entities are asked of the daemon at run time
/// (`kontor __complete`), which gives up after a fifth of a second.
[[nodiscard]] std::string completion_script(std::string_view shell);

}  // namespace kontor::cli
