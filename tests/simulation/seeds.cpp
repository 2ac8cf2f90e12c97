#include "tests/simulation/seeds.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <sstream>
#include <stdexcept>

#include "tests/simulation/under_way.hpp"

namespace kontor::simulation {
namespace {

/// What a run over many seeds has found.
struct Totals {
    std::uint64_t seeds = 0, skipped = 0;
    std::vector<std::uint64_t> failed;
    Tally tally;
    double simulated_days = 0;
};

// Who asks what happens in a seed that ends the process sees it as far as it goes.
void show_crash(const Experiment& experiment, std::uint64_t seed, unsigned hang_seconds) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        name_no_seed();
        alarm(hang_seconds);
        static_cast<void>(experiment.run(seed, false));
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0) static_cast<void>(experiment.run(seed, true));
}

void run_seed(const Experiment& experiment, std::uint64_t seed, const SeedOptions& options,
              AtSeed& at, Totals& totals) {
    if (options.trace && options.count == 1 && options.minutes == 0)
        show_crash(experiment, seed, options.hang_seconds);
    auto outcome = experiment.run(seed, false);
    if (outcome.skipped) {
        ++totals.skipped;
        return;
    }
    ++totals.seeds;
    for (const auto& [what, n] : outcome.tally.counts) totals.tally.add(what, n);
    totals.simulated_days +=
        static_cast<double>(outcome.simulated.count()) / (24.0 * 3600.0 * 1000.0);
    if (options.hashes) std::printf("%" PRIu64 " %016" PRIx64 "\n", seed, outcome.hash);
    if (!options.once && experiment.run(seed, false).hash != outcome.hash) {
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
    std::printf("  repeat: %s%" PRIu64 "\n", options.repeat.c_str(), seed);
    std::fflush(stdout);  // whatever becomes of the search for a shorter one
    at.take_time();
    if (!options.no_shrink && kind_of(outcome.violations.front()) != "D10")
        experiment.explain(seed, outcome);
    std::fflush(stdout);
}

/// Every jobs-th seed, so that processes share the work evenly.
Totals run_share(const SeedOptions& options, const Experiment& experiment, int share,
                 UnderWay& under_way) {
    Totals totals;
    const auto started = std::chrono::steady_clock::now();
    for (std::uint64_t i = static_cast<std::uint64_t>(share);
         options.minutes > 0 || i < options.count; i += static_cast<std::uint64_t>(options.jobs)) {
        if (options.minutes > 0 &&
            std::chrono::steady_clock::now() - started > std::chrono::minutes{options.minutes})
            break;
        AtSeed at(under_way, options.first + i, options.hang_seconds);
        run_seed(experiment, options.first + i, options, at, totals);
        if (totals.failed.size() >= options.failures_max) break;
    }
    return totals;
}

// To its parent, by a pipe: what a child that has come to its end has found.
std::string written(const Totals& totals) {
    std::ostringstream out;
    out << totals.seeds << ' ' << totals.skipped << ' ' << totals.simulated_days << ' '
        << totals.failed.size();
    for (const auto seed : totals.failed) out << ' ' << seed;
    for (const auto& [what, n] : totals.tally.counts) out << '\n' << n << ' ' << what;
    out << "\n.";
    return out.str();
}

// False if the child did not come to its end.
bool add_written(const std::string& text, Totals& totals) {
    if (!text.ends_with("\n.")) return false;
    std::istringstream in(text);
    std::uint64_t seeds = 0, skipped = 0, failed = 0, seed = 0;
    double days = 0;
    in >> seeds >> skipped >> days >> failed;
    totals.seeds += seeds;
    totals.skipped += skipped;
    totals.simulated_days += days;
    while (failed-- > 0 && in >> seed) totals.failed.push_back(seed);
    std::int64_t n = 0;
    for (std::string what; in >> n && std::getline(in >> std::ws, what);) totals.tally.add(what, n);
    return true;
}

void print_totals(const Totals& totals, bool once, double seconds) {
    std::printf("\n%" PRIu64
                " seeds, each run %s, in %.1f s: %.1f seeds/s, %.0f simulated"
                " days/s\n",
                totals.seeds, once ? "once" : "twice", seconds,
                static_cast<double>(totals.seeds) / seconds,
                (once ? 1 : 2) * totals.simulated_days / seconds);
    if (totals.skipped > 0)
        std::printf("%" PRIu64 " others skipped, whose stories were not asked for\n",
                    totals.skipped);
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

struct Child {
    pid_t pid = 0;
    int from = -1;  ///< the pipe's end to read
    UnderWay* under_way = nullptr;
};

Child start_share(const SeedOptions& options, const std::function<Experiment()>& make, int number) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
    Child out{.pid = 0, .from = ends[0], .under_way = share_under_way()};
    std::fflush(stdout);
    const pid_t parent = getpid();
    out.pid = fork();
    if (out.pid < 0) throw std::runtime_error("no process");
    if (out.pid > 0) {
        close(ends[1]);
        return out;
    }
    // Nobody would hear of what goes on without the parent.
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);
    close(ends[0]);
    name_seed_at_end(*out.under_way, options.repeat);
    const auto totals = run_share(options, make(), number, *out.under_way);
    std::fflush(stdout);
    const std::string text = written(totals);
    for (std::size_t at = 0; at < text.size();) {
        const auto n = write(ends[1], text.data() + at, text.size() - at);
        if (n <= 0) _exit(1);
        at += static_cast<std::size_t>(n);
    }
    _exit(totals.failed.empty() ? 0 : 1);
}

// Adds what it has found; false if it has not come to its end.
bool finish_share(const Child& child, const SeedOptions& options, Totals& totals) {
    std::string text;
    std::array<char, 4096> part;
    for (ssize_t n = 0; (n = read(child.from, part.data(), part.size())) > 0;)
        text.append(part.data(), static_cast<std::size_t>(n));
    close(child.from);
    int status = 0;
    waitpid(child.pid, &status, 0);
    if (add_written(text, totals)) return true;
    const std::uint64_t seed = child.under_way->seed;
    const std::string why = WIFSIGNALED(status)
                                ? "crash: signal " + std::to_string(WTERMSIG(status))
                                : "crash: it exits with " + std::to_string(WEXITSTATUS(status));
    // Whoever was told to end had, as far as is known, a good one.
    const bool ordered = WIFSIGNALED(status) && is_order(WTERMSIG(status));
    if (!child.under_way->busy)
        std::printf("\na process ended between two seeds: %s\n", why.c_str());
    else if (!ordered)
        totals.failed.push_back(seed);
    if (child.under_way->busy && !child.under_way->told)
        std::printf("%s", told_of_crash(seed, why, options.repeat).c_str());
    std::fflush(stdout);
    return false;
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
    app.add_flag("--once", options.once,
                 "run each seed once: twice as many in the time, and D10 is not looked at");
    app.add_flag("--no-shrink", options.no_shrink, "leave failing scenarios as they are");
    app.add_option("--hang-after", options.hang_seconds,
                   "seconds after which a seed counts as hanging; 0: never, for a debugger")
        ->capture_default_str();
    for (const auto* option : app.get_options()) own_.insert(option->get_name());
}

void SeedArguments::finish(const std::string& program) {
    options_.repeat = program;
    for (const auto* option : app_.get_options())
        if (option->count() > 0 && !own_.contains(option->get_name()))
            options_.repeat += " " + option->get_name() + " " + option->results().front();
    options_.repeat += " --seed ";
    if (one_->count() == 0) return;
    options_.first = seed_;
    if (app_.count("--seeds") == 0 && options_.minutes == 0) options_.count = 1;
}

int run_seeds(const SeedOptions& options, const std::function<Experiment()>& make) {
    const auto started = std::chrono::steady_clock::now();
    if (options.trace) std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // none of it may be lost
    Totals totals;
    bool whole = true;
    if (options.jobs == 1) {
        // In this process, where a debugger finds it.
        UnderWay& under_way = *share_under_way();
        name_seed_at_end(under_way, options.repeat);
        totals = run_share(options, make(), 0, under_way);
    } else {
        std::vector<Child> children;
        for (int number = 0; number < options.jobs; ++number)
            children.push_back(start_share(options, make, number));
        for (const auto& child : children) whole = finish_share(child, options, totals) && whole;
    }
    print_totals(totals, options.once,
                 std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
    if (!whole) std::printf("what else the processes that were ended have run is not counted\n");
    return totals.failed.empty() && whole ? 0 : 1;
}

}  // namespace kontor::simulation
