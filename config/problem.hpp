#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sync/base/result.hpp"

namespace kontor::config {

/// One thing wrong in a configuration: where, which key, why, and what was probably meant.
struct Problem {
    std::string file;  ///< "" for flags and the environment
    int line = 0;      ///< 1-based; 0 = not in a file
    int column = 0;
    std::string key;      ///< dotted, "connection.zoho.plugin"; "" if none
    std::string reason;   ///< English; never holds a secret
    std::string nearest;  ///< the valid key or value that was probably meant, "" if none

    /// `file:line:column: key: reason (did you mean 'x'?)`
    [[nodiscard]] std::string text() const;
};

using Problems = std::vector<Problem>;

/// The first problem as an error, with the number of them all. `problems` is not empty.
[[nodiscard]] Error to_error(const Problems& problems);

/// The candidate that is least different from `word`; "" if none is similar enough.
[[nodiscard]] std::string nearest(std::string_view word,
                                  const std::vector<std::string>& candidates);

}  // namespace kontor::config
