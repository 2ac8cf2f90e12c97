// The real Zoho connector on the simulated Zoho account, from seeds and in virtual time: what the
// engine is proven to do with remotes in memory, it does with this one.
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "tests/simulation/seeds.hpp"
#include "tests/simulation/shrink_steps.hpp"
#include "tests/simulation/zoho/world.hpp"

namespace {

using namespace kontor::simulation;

/// Where scenarios run. One in a process.
class Laboratory {
public:
    Laboratory() {
        std::string name = std::filesystem::temp_directory_path() / "kontor-zoho-sim-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        folder_ = name;
        default_disk_.seed(1);
        outfit_ = zoho::make_outfit(folder_ + "/outfit");
    }
    ~Laboratory() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    Laboratory(const Laboratory&) = delete;
    Laboratory& operator=(const Laboratory&) = delete;

    Outcome run(std::uint64_t seed, const std::vector<zoho::Step>& steps, bool print) {
        default_disk_.seed(seed);
        zoho::World world(outfit_, folder_, seed, steps, print);
        std::string thrown;
        try {
            world.run();
        } catch (const std::exception& error) {
            thrown = std::string("exception: ") + error.what();
        }
        auto out = world.outcome();
        if (!thrown.empty()) out.violations.push_back(thrown);
        return out;
    }

    void explain(std::uint64_t seed, const std::string& kind, bool trace) {
        const auto steps = zoho::generate(seed);
        const auto shorter = shrink_steps<zoho::Step>(
            steps,
            [&](const std::vector<zoho::Step>& fewer) {
                const auto outcome = run(seed, fewer, false);
                return !outcome.violations.empty() && kind_of(outcome.violations.front()) == kind;
            },
            200);
        std::printf("shrunk from %zu to %zu steps:\n%s", steps.size(), shorter.size(),
                    zoho::describe(shorter).c_str());
        for (const auto& violation : run(seed, shorter, trace).violations)
            std::printf("  %s\n", violation.c_str());
    }

private:
    DefaultDisk default_disk_;
    std::string folder_;
    zoho::Outfit outfit_;
};

}  // namespace

int main(int argc, char** argv) {
    SeedOptions options;
    CLI::App app{"Simulates Kontor with the real Zoho connector and checks what must always hold."};
    SeedArguments seeds(app, options);
    CLI11_PARSE(app, argc, argv);
    seeds.finish(argv[0]);

    prepare_process();
    return run_seeds(options, [&] {
        auto laboratory = std::make_shared<Laboratory>();
        return Experiment{
            .run = [=](std::uint64_t seed,
                       bool print) { return laboratory->run(seed, zoho::generate(seed), print); },
            .explain =
                [=, trace = options.trace](std::uint64_t seed, const Outcome& outcome) {
                    laboratory->explain(seed, kind_of(outcome.violations.front()), trace);
                }};
    });
}
