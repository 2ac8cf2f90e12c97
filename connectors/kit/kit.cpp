#include "connectors/kit/kit.hpp"

#include "connectors/kit/checks.hpp"

namespace kontor::kit {
namespace {

// Reading first: what writes changes what there is to read.
std::vector<Check> checks() {
    std::vector<Check> out;
    for (const auto group :
         {read_checks(), fault_checks(), value_checks(), increment_checks(), batch_checks(),
          version_checks(), lost_checks(), delete_checks(), log_checks()})
        out.insert(out.end(), group.begin(), group.end());
    return out;
}

bool chosen(const std::set<std::string>& wanted, std::string_view name) {
    return wanted.empty() || wanted.contains(std::string(name));
}

Verdict carry_out(Bench& bench, const Check& check, const remote::StreamSpec* stream) {
    if (!stream) return check.of_connection(bench);
    if (check.writes && !check.blind && is_write_only(*stream)) return not_applicable("write_only");
    return check.of_stream(bench, *stream);
}

struct Step {
    const Check* check;
    const remote::StreamSpec* stream;  // null: the connection
};

std::vector<Step> steps_of(const std::vector<Check>& all, const Bench& bench,
                           const Options& options) {
    std::vector<Step> out;
    for (const auto& check : all) {
        if (!chosen(options.checks, check.name) || (check.writes && !options.write)) continue;
        if (check.of_connection) out.push_back({&check, nullptr});
        if (!check.of_stream) continue;
        for (const auto& stream : bench.streams())
            if (chosen(options.streams, stream.name)) out.push_back({&check, &stream});
    }
    return out;
}

}  // namespace

std::vector<CheckInfo> all_checks() {
    std::vector<CheckInfo> out;
    for (const auto& check : checks()) out.push_back({check.name, check.writes});
    return out;
}

Verdict could_not_create(const Error& error) {
    if (error.code == Errc::kUnsupported && error.args.contains("field"))
        return not_applicable("value_needed", {{"field", error.args.at("field")}});
    return failed("not_created", {{"error", error.message}});
}

Result<Report> run(const Options& options, const Deps& deps) {
    Bench bench(options, deps);
    if (auto opened = bench.open(); !opened) return pass(opened);
    const auto all = checks();
    const auto steps = steps_of(all, bench, options);
    Report report;
    for (std::size_t i = 0; i < steps.size() && !options.stop.stop_requested(); ++i) {
        const auto& [check, stream] = steps[i];
        const std::string name(stream ? stream->name : "");
        if (options.on_step) options.on_step(check->name, name, i, steps.size());
        bench.network().calm();
        auto verdict = carry_out(bench, *check, stream);
        report.findings.push_back({std::string(check->name), name, std::move(verdict)});
    }
    report.left_behind = bench.clean_up();
    if (options.stop.stop_requested()) return fail(Errc::kCancelled, "cancelled");
    return report;
}

}  // namespace kontor::kit
