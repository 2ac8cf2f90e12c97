#include "tests/simulation/seeds.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cinttypes>
#include <cstdio>

namespace kontor::simulation {
namespace {

/// What a run over many seeds has found.
struct Totals {
    std::uint64_t seeds = 0;
    std::vector<std::uint64_t> failed;
    Tally tally;
    double simulated_days = 0;
};

void run_seed(const Experiment& experiment, std::uint64_t seed, const SeedOptions& options,
              Totals& totals) {
    auto outcome = experiment.run(seed, false);
    ++totals.seeds;
    for (const auto& [what, n] : outcome.tally.counts) totals.tally.add(what, n);
    totals.simulated_days +=
        static_cast<double>(outcome.simulated.count()) / (24.0 * 3600.0 * 1000.0);
    if (options.hashes) std::printf("%" PRIu64 " %016" PRIx64 "\n", seed, outcome.hash);
    const auto again = experiment.run(seed, false);
    if (again.hash != outcome.hash) {
        outcome.violations.push_back("D10: two runs of one seed differ");
        if (options.trace)  // to be compared
            for (int i = 0; i < 2; ++i) {
                std::printf("run %d\n", i + 1);
                static_cast<void>(experiment.run(seed, true));
            }
    }
    if (outcome.violations.empty()) return;
    totals.failed.push_back(seed);
    std::printf("\nseed %" PRIu64 " FAILED\n", seed);
    for (const auto& violation : outcome.violations) std::printf("  %s\n", violation.c_str());
    if (!options.no_shrink && kind_of(outcome.violations.front()) != "D10")
        experiment.explain(seed, outcome);
    std::fflush(stdout);
}

/// Every jobs-th seed, so that processes share the work evenly.
Totals run_share(const SeedOptions& options, const Experiment& experiment, int share) {
    Totals totals;
    const auto started = std::chrono::steady_clock::now();
    for (std::uint64_t i = static_cast<std::uint64_t>(share);
         options.minutes > 0 || i < options.count; i += static_cast<std::uint64_t>(options.jobs)) {
        if (options.minutes > 0 &&
            std::chrono::steady_clock::now() - started > std::chrono::minutes{options.minutes})
            break;
        run_seed(experiment, options.first + i, options, totals);
        if (totals.failed.size() >= options.failures_max) break;
    }
    return totals;
}

void print_totals(const Totals& totals, double seconds) {
    std::printf("\n%" PRIu64
                " seeds, each run twice, in %.1f s: %.1f seeds/s, %.0f simulated"
                " days/s\n",
                totals.seeds, seconds, static_cast<double>(totals.seeds) / seconds,
                2 * totals.simulated_days / seconds);
    for (const auto& [what, n] : totals.tally.counts)
        std::printf("  %-16s %" PRId64 "\n", what.c_str(), n);
    if (totals.failed.empty()) {
        std::printf("no violation\n");
        return;
    }
    std::printf("%zu seeds FAILED:", totals.failed.size());
    for (const auto seed : totals.failed) std::printf(" %" PRIu64, seed);
    std::printf("\n");
}

}  // namespace

std::string kind_of(const std::string& violation) {
    return violation.substr(0, violation.find_first_of(":("));
}

SeedArguments::SeedArguments(CLI::App& app, SeedOptions& options) : app_(app), options_(options) {
    app.add_option("--seeds", options.count, "how many seeds")->capture_default_str();
    one_ = app.add_option("--seed", seed_, "the first seed; alone: only this one");
    app.add_option("--jobs", options.jobs, "processes")->check(CLI::Range(1, 64));
    app.add_option("--minutes", options.minutes, "go on for so long, whatever --seeds says");
    app.add_option("--failures", options.failures_max, "stop after so many failures");
    app.add_flag("--trace", options.trace, "print what happens in a failing scenario");
    app.add_flag("--hashes", options.hashes,
                 "print the hash of each seed's trace: who changes the simulation sees which"
                 " stories are others now");
    app.add_flag("--no-shrink", options.no_shrink, "leave failing scenarios as they are");
}

void SeedArguments::finish() {
    if (one_->count() == 0) return;
    options_.first = seed_;
    if (app_.count("--seeds") == 0 && options_.minutes == 0) options_.count = 1;
}

int run_seeds(const SeedOptions& options, const std::function<Experiment()>& make) {
    const auto started = std::chrono::steady_clock::now();
    const auto share = [&](int number) {
        const auto totals = run_share(options, make(), number);
        print_totals(
            totals,
            std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
        return totals.failed.empty() ? 0 : 1;
    };
    if (options.jobs == 1) return share(0);
    std::vector<pid_t> children;
    for (int number = 0; number < options.jobs; ++number) {
        std::fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            const int code = share(number);
            std::fflush(stdout);
            _exit(code);
        }
        children.push_back(child);
    }
    int failed = 0;
    for (const pid_t child : children) {
        int status = 0;
        waitpid(child, &status, 0);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) failed = 1;
    }
    return failed;
}

}  // namespace kontor::simulation
