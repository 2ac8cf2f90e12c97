#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
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
    bool hashes = false;
    std::size_t failures_max = 20;
};

/// The command line's part for them; `finish` once it has been parsed.
class SeedArguments {
public:
    SeedArguments(CLI::App& app, SeedOptions& options);
    void finish();

private:
    CLI::App& app_;
    SeedOptions& options_;
    std::uint64_t seed_ = 0;
    CLI::Option* one_;
};

/// How one seed is run, in one process.
struct Experiment {
    std::function<Outcome(std::uint64_t seed, bool print)> run;
    /// Prints the shortest scenario that still fails as `outcome` does.
    std::function<void(std::uint64_t seed, const Outcome& outcome)> explain;
};

/// Runs each seed twice, in as many processes as asked for, each with an experiment of its own.
/// Prints failures and totals. The exit code: 0 if no seed failed.
int run_seeds(const SeedOptions& options, const std::function<Experiment()>& make);

}  // namespace kontor::simulation
