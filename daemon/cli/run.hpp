#pragma once

#include <string>
#include <vector>

#include "daemon/cli/io.hpp"

namespace kontor::cli {

/// One run of the `kontor` program. `words` are its arguments without the program's name. Returns
/// the exit code; everything has been written to `io`.
[[nodiscard]] int run(const std::vector<std::string>& words, Io& io, const Cancel& cancel);

}  // namespace kontor::cli
