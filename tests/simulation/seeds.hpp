#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "tests/simulation/outcome.hpp"

namespace kontor::simulation {

/// Which seeds are run, and how.
struct SeedOptions {
    std::uint64_t first = 1, count = 300;
    int jobs = 1;
    int minutes = 0;
    bool trace = false;
    bool no_shrink = false;
    bool once = false;
    bool hashes = false;
    std::size_t failures_max = 20;
    unsigned hang_seconds = 300;  ///< a seed that takes longer hangs; 0: none does
    /// The command that runs the same stories, to which a seed is added.
    std::string repeat;
};

/// The command line's part for them; `finish` once it has been parsed, with the program's name.
/// Options that are added after it shape the stories.
class SeedArguments {
public:
    SeedArguments(CLI::App& app, SeedOptions& options);
    void finish(const std::string& program);

private:
    CLI::App& app_;
    SeedOptions& options_;
    std::uint64_t seed_ = 0;
    CLI::Option* one_;
    std::set<std::string> own_;  ///< names of the options that say which seeds, and how
};

/// How one seed is run, in one process.
struct Experiment {
    std::function<Outcome(std::uint64_t seed, bool print)> run;
    /// Prints the shortest scenario that still fails as `outcome` does.
    std::function<void(std::uint64_t seed, const Outcome& outcome)> explain;
};

/// Runs each seed twice, or once, in as many processes as asked for, each with an experiment of its
/// own. Prints failures and totals, and the seed of a crash or of what does not end. The exit code:
/// 0 if no seed failed.
int run_seeds(const SeedOptions& options, const std::function<Experiment()>& make);

}  // namespace kontor::simulation
