// One story, crashed at each of its steps in turn: whatever the device was just writing, syncing or
// asking for, it starts again and ends as if nothing had happened. The process that tells the story
// forks at each step; the child crashes there and tells the rest.
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tests/simulation/machine.hpp"
#include "tests/simulation/state.hpp"
#include "tests/simulation/story.hpp"

namespace {

using namespace kontor::simulation;

constexpr int kFailuresMax = 10;
constexpr int kInDoubt = 2;  // exit code

struct Options {
    std::uint64_t only = 0;
    std::uint64_t jobs = 1;
    std::uint64_t part = 1;
    std::uint64_t parts = 1;
    bool keyed = true;
    bool trace = false;
};

/// Tells the story and lets it crash at its share of the steps.
class Teller {
public:
    Teller(const Options& options, std::uint64_t share, std::string expected)
        : options_(options), share_(share), expected_(std::move(expected)) {}

    /// How many crashes ended otherwise.
    int tell(Machines& machines) {
        Story story(machines, options_.keyed, options_.trace);
        story.at_each_step([&](StepKind kind) { step(story, kind); });
        const std::string wrong = what_is_wrong(story);
        if (!wrong.empty()) std::printf("%s: %s\n", name_.c_str(), wrong.c_str());
        std::fflush(stdout);
        if (child_) _exit(!wrong.empty() ? 1 : doubtful_ ? kInDoubt : 0);
        std::printf("%" PRIu64 " crashes at %" PRIu64 " steps, %d ended otherwise, %" PRIu64
                    " with creates in doubt\n",
                    crashes_, steps_, failed_, in_doubt_);
        if (!options_.keyed && options_.only == 0 && in_doubt_ == 0) {
            std::printf("no create ended in doubt: the answers that are lost were not lost\n");
            ++failed_;
        }
        std::fflush(stdout);
        return failed_ + (wrong.empty() ? 0 : 1);
    }

private:
    std::string what_is_wrong(Story& story) {
        std::string error;
        try {
            story.run();
        } catch (const std::exception& thrown) {
            error = thrown.what();
        }
        if (!story.problems().empty()) return story.problems().front();
        if (!error.empty()) return error;
        const auto ending = story.ending();
        doubtful_ = !options_.keyed && !story.doubtful().empty();
        if (!doubtful_) return ending == expected_ ? "" : first_difference(expected_, ending);
        // Listed; there or not, but not twice; and all others are as they would be.
        for (const auto& name : story.doubtful())
            if (const auto copies = story.copies_there(name); copies > 1)
                return name + " is in doubt, and there " + std::to_string(copies) + " times";
        const auto mine = story.without_doubt(ending), theirs = story.without_doubt(expected_);
        return mine == theirs ? "" : first_difference(theirs, mine);
    }

    void step(Story& story, StepKind kind) {
        if (child_) return;
        ++steps_;
        const bool changed = has_changed(story);
        // In the midst of a transaction nothing has changed since it began.
        changed_ = kind != StepKind::kFrame && kind != StepKind::kRequest;
        const auto shares = options_.jobs * options_.parts;
        if (options_.only > 0 ? steps_ != options_.only : steps_ % shares != share_) return;
        if (failed_ >= kFailuresMax) return;
        const bool writes = kind == StepKind::kFrame || kind == StepKind::kWrite;
        // What is written between two requests has nothing to do with keys.
        if (!options_.keyed && writes) return;
        if (kind == StepKind::kFrame && !changed) return;
        crash(story, Left::kSome, "unsynced writes torn");
        // They would be the same again as at the last step; in the midst of a write, too.
        if (!changed || kind == StepKind::kWrite) return;
        if (!child_) crash(story, Left::kAll, "killed");
        // Between two syncs it would be the same again and again.
        if (!child_ && !writes) crash(story, Left::kNothing, "unsynced writes lost");
    }

    /// Since the last step, on the disk or at a remote.
    bool has_changed(const Story& story) {
        const auto before = std::exchange(carried_out_, story.carried_out());
        return changed_ || before != carried_out_;
    }

    void crash(Story& story, Left left, const char* how) {
        std::fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            child_ = true;
            name_ = "step " + std::to_string(steps_) + ", " + how;
            story.crash(left);
            return;
        }
        int status = 0;
        waitpid(child, &status, 0);
        ++crashes_;
        if (WIFEXITED(status) && WEXITSTATUS(status) == kInDoubt) ++in_doubt_;
        if (WIFEXITED(status) && WEXITSTATUS(status) % kInDoubt == 0) return;
        ++failed_;
        if (!WIFEXITED(status))
            std::printf("step %" PRIu64 ", %s: ended by signal %d\n", steps_, how,
                        WTERMSIG(status));
    }

    const Options& options_;
    std::uint64_t share_;
    std::string expected_;
    std::string name_ = "without a crash";
    bool child_ = false, doubtful_ = false;
    bool changed_ = true;  ///< by the last step, on the disk
    std::uint64_t carried_out_ = 0;
    std::uint64_t steps_ = 0, crashes_ = 0, in_doubt_ = 0;
    int failed_ = 0;
};

/// What the story ends with if nothing crashes; the machine that told it is what others start from.
std::string ending_of(Machines& machines, const Options& options) {
    Story story(machines, options.keyed, false);
    story.run();
    std::string ending = story.ending();
    story.sync_all();
    if (!story.problems().empty()) throw std::runtime_error(story.problems().front());
    if (story.ending() != ending) throw std::runtime_error("the story does not come to rest");
    if (options.trace)
        for (const auto& kind : story.kinds()) std::printf("%s\n", kind.c_str());
    for (const auto& kind : story.missing_kinds())
        throw std::runtime_error("it does not happen any more: " + kind);
    machines.start_from(story.machine());
    return ending;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"Crashes one story at each of its steps and compares how it ends."};
    app.add_option("--step", options.only, "at this one only");
    app.add_option("--jobs", options.jobs, "processes")->check(CLI::Range(1, 64));
    app.add_option("--parts", options.parts, "cut the steps into so many parts")
        ->check(CLI::Range(1, 64));
    app.add_option("--part", options.part, "crash at the steps of this part alone, from 1 on")
        ->check(CLI::Range(1, 64))
        ->check([&](const std::string& part) {
            return std::stoull(part) <= options.parts ? "" : "there are fewer --parts";
        });
    app.add_flag("!--without-key", options.keyed, "at a remote that has no field for our key");
    app.add_flag("--trace", options.trace, "print all that happens");
    CLI11_PARSE(app, argc, argv);
    prepare_process();
    const auto started = std::chrono::steady_clock::now();
    DefaultDisk default_disk;
    default_disk.seed(1);
    Machines machines(kAllTables);
    std::string expected;
    try {
        expected = ending_of(machines, options);
    } catch (const std::exception& error) {
        std::printf("without a crash: %s\n", error.what());
        return 1;
    }
    if (options.trace) std::printf("%s", expected.c_str());
    std::vector<pid_t> children;
    for (std::uint64_t share = 0; share < (options.only > 0 ? 1 : options.jobs); ++share) {
        std::fflush(stdout);
        const pid_t child = fork();
        const auto of_all = (options.part - 1) * options.jobs + share;
        if (child == 0) _exit(Teller(options, of_all, expected).tell(machines) == 0 ? 0 : 1);
        children.push_back(child);
    }
    int failed = 0;
    for (const pid_t child : children) {
        int status = 0;
        waitpid(child, &status, 0);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) failed = 1;
    }
    std::printf("in %.1f s\n",
                std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
    return failed;
}
