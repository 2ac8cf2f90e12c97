// The simulation of the whole engine from seeds: devices with real replicas, remotes in memory,
// colleagues and users who edit while it syncs, and everything that can go wrong on the way.
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <vector>

#include "tests/simulation/shrink.hpp"
#include "tests/simulation/step.hpp"

namespace {

using namespace kontor::simulation;

struct Options {
    std::uint64_t first = 1, count = 300;
    bool one = false;
    Size size;
    int jobs = 1;
    int minutes = 0;
    bool trace = false;
    bool no_shrink = false;
    std::size_t failures_max = 20;
};

/// What a run over many seeds has found; sums up over processes.
struct Totals {
    std::uint64_t seeds = 0;
    std::vector<std::uint64_t> failed;
    Tally tally;
    double simulated_days = 0;
};

void report_failure(Laboratory& laboratory, const Scenario& scenario, const Outcome& outcome,
                    const Options& options) {
    std::printf("\nseed %" PRIu64 " FAILED\n", scenario.seed);
    for (const auto& violation : outcome.violations) std::printf("  %s\n", violation.c_str());
    const std::string kind = kind_of(outcome.violations.front());
    if (options.no_shrink || kind == "D10") return;
    const auto shorter = laboratory.shrink(scenario, kind, 400);
    const auto again = laboratory.run(shorter);
    std::printf("shrunk from %zu to %zu steps:\n%s", scenario.steps.size(), shorter.steps.size(),
                describe(shorter).c_str());
    for (const auto& violation : again.violations) std::printf("  %s\n", violation.c_str());
    if (options.trace) static_cast<void>(laboratory.run(shorter, true));
    std::fflush(stdout);
}

void run_seed(Laboratory& laboratory, std::uint64_t seed, const Options& options, Totals& totals) {
    const auto scenario = generate(seed, options.size);
    auto outcome = laboratory.run(scenario);
    ++totals.seeds;
    for (const auto& [what, n] : outcome.tally.counts) totals.tally.add(what, n);
    totals.simulated_days +=
        static_cast<double>(outcome.simulated.count()) / (24.0 * 3600.0 * 1000.0);
    const auto again = laboratory.run(scenario);
    if (again.hash != outcome.hash) {
        outcome.violations.push_back("D10: two runs of one seed differ");
        if (options.trace)  // to be compared
            for (int i = 0; i < 2; ++i) {
                std::printf("run %d\n", i + 1);
                static_cast<void>(laboratory.run(scenario, true));
            }
    }
    if (outcome.violations.empty()) return;
    totals.failed.push_back(seed);
    report_failure(laboratory, scenario, outcome, options);
}

/// Every jobs-th seed, so that processes share the work evenly.
Totals run_share(const Options& options, int share) {
    Totals totals;
    Laboratory laboratory;
    const auto started = std::chrono::steady_clock::now();
    for (std::uint64_t i = static_cast<std::uint64_t>(share);
         options.minutes > 0 || i < options.count; i += static_cast<std::uint64_t>(options.jobs)) {
        if (options.minutes > 0 &&
            std::chrono::steady_clock::now() - started > std::chrono::minutes{options.minutes})
            break;
        run_seed(laboratory, options.first + i, options, totals);
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

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"Simulates Kontor's sync engine from seeds and checks what must always hold."};
    std::uint64_t seed = 0;
    app.add_option("--seeds", options.count, "how many seeds")->capture_default_str();
    auto* one = app.add_option("--seed", seed, "the first seed; alone: only this one");
    app.add_option("--devices", options.size.devices, "devices; 0: as the seed says");
    app.add_option("--remotes", options.size.remotes, "remotes; 0: as the seed says");
    app.add_option("--steps", options.size.steps, "steps; 0: as the seed says");
    app.add_option("--jobs", options.jobs, "processes")->check(CLI::Range(1, 64));
    app.add_option("--minutes", options.minutes, "go on for so long, whatever --seeds says");
    app.add_option("--failures", options.failures_max, "stop after so many failures");
    app.add_flag("--trace", options.trace, "print what happens in a failing scenario");
    app.add_flag("--no-shrink", options.no_shrink, "leave failing scenarios as they are");
    CLI11_PARSE(app, argc, argv);
    if (one->count() > 0) {
        options.first = seed;
        if (app.count("--seeds") == 0 && options.minutes == 0) options.count = 1;
    }

    prepare_process();
    const auto started = std::chrono::steady_clock::now();
    const auto seconds = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    };
    if (options.jobs == 1) {
        const auto totals = run_share(options, 0);
        print_totals(totals, seconds());
        return totals.failed.empty() ? 0 : 1;
    }
    std::vector<pid_t> children;
    for (int share = 0; share < options.jobs; ++share) {
        std::fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            const auto totals = run_share(options, share);
            print_totals(totals, seconds());
            std::fflush(stdout);
            _exit(totals.failed.empty() ? 0 : 1);
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
