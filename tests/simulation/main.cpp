// The simulation of the whole engine from seeds: devices with real replicas, remotes in memory,
// colleagues and users who edit while it syncs, and everything that can go wrong on the way.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "tests/simulation/seeds.hpp"
#include "tests/simulation/shrink.hpp"
#include "tests/simulation/step.hpp"

using namespace kontor::simulation;

int main(int argc, char** argv) {
    SeedOptions options;
    Size size;
    CLI::App app{"Simulates Kontor's sync engine from seeds and checks what must always hold."};
    SeedArguments seeds(app, options);
    app.add_option("--devices", size.devices, "devices; 0: as the seed says");
    app.add_option("--remotes", size.remotes, "remotes; 0: as the seed says");
    app.add_option("--steps", size.steps, "steps; 0: as the seed says");
    std::string twist;
    app.add_option("--twist", twist, "only seeds whose story has it; the others are skipped")
        ->check(CLI::IsMember(twist_names()));
    CLI11_PARSE(app, argc, argv);
    seeds.finish(argv[0]);

    prepare_process();
    return run_seeds(options, [&] {
        auto laboratory = std::make_shared<Laboratory>();
        return Experiment{
            .run =
                [=](std::uint64_t seed, bool print) {
                    const auto scenario = generate(seed, size);
                    if (twist.empty() || has_twist(scenario.twists, twist))
                        return laboratory->run(scenario, print);
                    Outcome other;
                    other.skipped = true;
                    return other;
                },
            .explain =
                [=, trace = options.trace](std::uint64_t seed, const Outcome& outcome) {
                    const auto scenario = generate(seed, size);
                    const auto shorter =
                        laboratory->shrink(scenario, kind_of(outcome.violations.front()), 400);
                    const auto again = laboratory->run(shorter);
                    std::printf("shrunk from %zu to %zu steps:\n%s", scenario.steps.size(),
                                shorter.steps.size(), describe(shorter).c_str());
                    for (const auto& violation : again.violations)
                        std::printf("  %s\n", violation.c_str());
                    if (trace) static_cast<void>(laboratory->run(shorter, true));
                }};
    });
}
