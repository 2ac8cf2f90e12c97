#include <string>
#include <vector>

#include "daemon/cli/run.hpp"

int main(int argc, char** argv) {
    kontor::cli::Cancel cancel;
    // Without signals Ctrl-C ends the program the hard way, which does no harm either.
    (void)cancel.watch_signals();
    auto io = kontor::cli::standard_io(cancel);
    return kontor::cli::run(std::vector<std::string>(argv + 1, argv + argc), io, cancel);
}
