#include "daemon/cli/kit_view.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "connectors/kit/kit.hpp"
#include "daemon/cli/width.hpp"

namespace kontor::cli {
namespace {

using kit::Finding;
using nlohmann::json;

std::string key(std::string_view kind, std::string_view name) {
    return "kit." + std::string(kind) + "." + std::string(name);
}

constexpr std::size_t kNameColumn = 17;

std::string in_column(std::string_view name) {
    std::string out(name);
    out.resize(std::max(kNameColumn, name.size() + 1), ' ');
    return out;
}

/// What was found, in the person's language; "" if there is nothing to add.
std::string reason_of(messages::Language language, const kit::Verdict& verdict) {
    if (verdict.reason.empty()) return {};
    auto args = verdict.args;
    if (const auto found = args.find("error"); found != args.end())
        found->second = messages::localized(language, found->second);
    return one_line(messages::render(language, key("found", verdict.reason), args));
}

json finding_json(const Finding& finding) {
    json out = {{"check", finding.check},
                {"stream", finding.stream},
                {"result", kit::to_string(finding.verdict.outcome)}};
    if (finding.verdict.reason.empty()) return out;
    out["reason"] = finding.verdict.reason;
    out["evidence"] = finding.verdict.args;
    out["message"] = reason_of(messages::Language::kEnglish, finding.verdict);
    return out;
}

void print_json(Context& context, const kit::Report& report) {
    json findings = json::array();
    for (const auto& finding : report.findings) findings.push_back(finding_json(finding));
    json left = json::array();
    for (const auto& one : report.left_behind)
        left.push_back({{"stream", one.stream}, {"id", one.id}, {"why", one.why}});
    context.print_json({{"passed", report.count(kit::Outcome::kPassed)},
                        {"failed", report.count(kit::Outcome::kFailed)},
                        {"not_applicable", report.count(kit::Outcome::kNotApplicable)},
                        {"findings", std::move(findings)},
                        {"left_behind", std::move(left)}});
}

struct Group {
    std::string check;
    std::vector<const Finding*> findings;

    [[nodiscard]] bool all(kit::Outcome outcome) const {
        return std::ranges::all_of(
            findings, [&](const auto* each) { return each->verdict.outcome == outcome; });
    }
    [[nodiscard]] bool failed() const {
        return std::ranges::any_of(findings,
                                   [](const auto* each) { return each->verdict.failed(); });
    }
};

std::vector<Group> groups_of(const kit::Report& report) {
    std::vector<Group> out;
    for (const auto& finding : report.findings) {
        if (out.empty() || out.back().check != finding.check) out.push_back({finding.check, {}});
        out.back().findings.push_back(&finding);
    }
    return out;
}

void print_group(Context& context, const Group& group) {
    const bool skipped = group.all(kit::Outcome::kNotApplicable);
    const auto mark = group.failed() ? context.paint(Paint::kRed, context.text("kit.mark.failed"))
                      : skipped      ? context.text("kit.mark.skipped")
                                : context.paint(Paint::kGreen, context.text("kit.mark.passed"));
    context.print(mark + "  " + in_column(group.check) + context.text(key("check", group.check)));
    if (skipped) {
        context.print("      " + reason_of(context.language(), group.findings.front()->verdict));
        return;
    }
    for (const auto* finding : group.findings) {
        if (!finding->verdict.failed()) continue;
        const auto stream = finding->stream.empty() ? "" : finding->stream + ": ";
        context.print("      " + stream + reason_of(context.language(), finding->verdict));
    }
    if (group.failed()) context.print("      " + context.text(key("why", group.check)));
}

}  // namespace

void show_report(Context& context, const kit::Report& report) {
    if (context.json()) return print_json(context, report);
    for (const auto& group : groups_of(report)) print_group(context, group);
    for (const auto& one : report.left_behind)
        context.warn(context.text(
            "cli.check.left",
            {{"stream", one.stream}, {"id", one_line(one.id)}, {"why", one_line(one.why)}}));
    context.print(
        context.text("cli.check.sum",
                     {{"passed", std::to_string(report.count(kit::Outcome::kPassed))},
                      {"failed", std::to_string(report.count(kit::Outcome::kFailed))},
                      {"skipped", std::to_string(report.count(kit::Outcome::kNotApplicable))}}));
}

Outcome<Exit> list_checks(Context& context) {
    json all = json::array();
    for (const auto& check : kit::all_checks()) {
        const auto title = context.text(key("check", check.name));
        const auto why = context.text(key("why", check.name));
        all.push_back(
            {{"check", check.name}, {"writes", check.writes}, {"title", title}, {"why", why}});
        if (context.json()) continue;
        context.print(in_column(check.name) + title);
        context.print(std::string(kNameColumn, ' ') + why);
    }
    if (context.json()) context.print_json({{"checks", std::move(all)}});
    return Exit::kOk;
}

void KitProgress::show(std::string_view check, std::string_view stream, std::size_t done,
                       std::size_t total) {
    auto& io = context_.io();
    if (!io.err_terminal || context_.quiet() || context_.json()) return;
    io.err << "\r\033[K" << done << '/' << total << ' ' << check << ' ' << one_line(stream)
           << std::flush;
    open_ = true;
}

void KitProgress::clear() {
    if (std::exchange(open_, false)) context_.io().err << "\r\033[K" << std::flush;
}

}  // namespace kontor::cli
