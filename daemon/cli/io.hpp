#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "daemon/cli/cancel.hpp"

namespace kontor::cli {

/// Where a command reads and writes; tests give their own. The streams must outlive it.
struct Io {
    std::ostream& out;  ///< data
    std::ostream& err;  ///< all else
    bool in_terminal = false;
    bool out_terminal = false;
    bool err_terminal = false;
    int in_fd = -1;           ///< of standard input, to wait for it among others; -1 = cannot
    std::size_t columns = 0;  ///< of the terminal; 0 = not known
    /// A variable of the environment; nullopt if it is not set.
    std::function<std::optional<std::string>(const std::string& name)> env;
    /// One line from standard input without its break; `hidden` switches the echo off meanwhile.
    /// nullopt at the end of input and on Ctrl-C.
    std::function<std::optional<std::string>(bool hidden)> read_line;
};

/// The process's own streams and environment. `cancel` must outlive it.
[[nodiscard]] Io standard_io(const Cancel& cancel);

}  // namespace kontor::cli
