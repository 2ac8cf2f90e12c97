#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/result.hpp"

namespace kontor::backup {

/// Another program, and what it is given. Nothing of the own environment is handed on.
struct Program {
    std::string path;  ///< or a name to be found in PATH
    std::vector<std::string> arguments;
    std::vector<std::string> environment;  ///< NAME=VALUE
    /// Texts that it reads as descriptors 3, 4, …: secrets that belong neither into arguments,
    /// which all processes see, nor into files. At most 32 KiB each.
    std::vector<std::string> inputs;
    std::string folder;  ///< in which it runs; "" = ours
    /// Asked with the end of what it has written to standard error, each time that it writes: true
    /// to interrupt it, for it goes on trying what cannot be.
    std::function<bool(std::string_view errors)> hopeless = {};
};

struct Ended {
    int code = 0;        ///< exit code; 128 + the signal that ended it
    std::string errors;  ///< the end of what it wrote to standard error
};

/// Runs a program to its end and hands on its output line by line. `cancelled` is asked twice a
/// second: then it is interrupted (SIGINT), killed ten seconds later, and kCancelled comes back.
/// kNotFound if there is no such program. Blocks; one thread for each run.
[[nodiscard]] Result<Ended> run_program(const Program& program,
                                        const std::function<void(std::string_view line)>& line,
                                        const std::function<bool()>& cancelled);

}  // namespace kontor::backup
