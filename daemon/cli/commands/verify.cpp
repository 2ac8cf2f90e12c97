// kontor verify: asks kontord to compare, shows how far it is, and tells what was found.
#include <poll.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/numbers.hpp"
#include "daemon/cli/progress.hpp"
#include "daemon/cli/width.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

constexpr std::int64_t kSample = 1'000;
constexpr int kPage = 1'000;
constexpr int kAskEveryMs = 200;

Outcome<json> request_of(Context& context) {
    const auto& args = context.args();
    const auto sample = count_option(context, "sample");
    if (!sample) return tl::unexpected<Failure>(sample.error());
    const auto seed = number_option(context, "seed");
    if (!seed) return tl::unexpected<Failure>(seed.error());
    if (args.has("all") && (*sample || *seed)) return usage(context.language(), "cli.usage.sample");
    json out{{"sample", args.has("all") ? 0 : sample->value_or(kSample)}};
    if (*seed) out["seed"] = **seed;
    if (const auto entity = args.argument("ENTITY"); !entity.empty())
        out["streams"] = json::array({entity});
    return out;
}

/// One connection's comparison, from asking for it to its end.
class Comparison {
public:
    Comparison(Context& context, std::string name)
        : context_(context),
          name_(std::move(name)),
          path_("/connections/" + url_encode(name_) + "/verify"),
          progress_(context) {}

    /// The report, without its findings.
    Outcome<json> run(const json& request) {
        const auto asked = context_.api().post(path_, request);
        if (!asked) return tl::unexpected<Failure>(asked.error());
        ticket_ = text_at(*asked, "ticket");
        for (;;) {
            auto answer = context_.api().get(path_ + "?limit=1&ticket=" + ticket_);
            if (context_.cancel().requested()) return stopped();
            if (!answer) return answer;
            const auto& progress = object_at(*answer, "progress");
            if (text_at(*answer, "state") == "done") {
                progress_.clear();
                return answer;
            }
            if (!progress.empty())
                progress_.show({.connection = name_,
                                .stage = text_at(progress, "stage"),
                                .stream = text_at(progress, "stream"),
                                .done = integer_at(progress, "done"),
                                .total = integer_at(progress, "total")},
                               std::chrono::steady_clock::now());
            pollfd fd{.fd = context_.cancel().fd(), .events = POLLIN, .revents = 0};
            (void)::poll(&fd, 1, kAskEveryMs);
        }
    }

    /// Prints what was found, page by page.
    Outcome<> print_findings(bool explained, std::int64_t total) {
        std::int64_t shown = 0;
        for (bool more = true; more;) {
            const auto page = context_.api().get(
                path_ + "?ticket=" + ticket_ + "&limit=" + std::to_string(kPage) +
                "&offset=" + std::to_string(shown) + (explained ? "&explained=true" : ""));
            if (!page) return tl::unexpected<Failure>(page.error());
            const auto& findings = list_at(*page, "findings");
            print(findings);
            shown += static_cast<std::int64_t>(findings.size());
            more = findings.size() == kPage;
        }
        if (shown < total)
            context_.note(context_.text("cli.verify.cut",
                                        {{"shown", grouped(shown)}, {"count", grouped(total)}}));
        return {};
    }

private:
    tl::unexpected<Failure> stopped() {
        progress_.clear();
        context_.api().remove_at_last(path_ + "?ticket=" + ticket_);
        auto failure = context_.interrupted();
        failure.value().message = context_.text("cli.verify.stopped");
        return failure;
    }

    void print(const json& findings) {
        Table table{.columns = {{.title = context_.text("cli.column.difference"), .min = 10},
                                {.title = context_.text("cli.column.record"), .min = 10},
                                {.title = context_.text("cli.column.ext_id")},
                                {.title = context_.text("cli.column.field")},
                                {.title = context_.text("cli.column.ours")},
                                {.title = context_.text("cli.column.theirs")},
                                {.title = context_.text("cli.column.reason")}},
                    .rows = {}};
        for (const auto& found : findings) {
            if (context_.json()) {
                auto line = found;
                line["message_type"] = "difference";
                line["connection"] = name_;
                context_.print_line(line);
                continue;
            }
            auto reason = text_at(found, "reason");
            if (!reason.empty()) reason = context_.word(reason);
            if (const auto detail = text_at(found, "detail"); !detail.empty())
                reason += " (" + detail + ")";
            table.add({context_.word(text_at(found, "kind")),
                       text_at(found, "entity") + " " + text_at(found, "record"),
                       text_at(found, "ext_id"), text_at(found, "column"), text_at(found, "ours"),
                       text_at(found, "theirs"), reason});
        }
        if (!table.rows.empty()) context_.print(table);
    }

    Context& context_;
    const std::string name_;
    const std::string path_;
    Progress progress_;
    std::string ticket_;
};

/// Of what a remote does not show nothing is known: it is neither equal nor different.
void print_not_shown(Context& context, const std::string& name, const json& stream) {
    const auto& fields = object_at(stream, "not_shown_fields");
    if (fields.empty()) return;
    std::string listed;
    for (const auto& [field, count] : fields.items())
        listed += (listed.empty() ? "" : ", ") + field + " (" +
                  grouped(count.is_number_integer() ? count.get<std::int64_t>() : 0) + ")";
    context.note(
        context.text("cli.verify.not_shown", {{"name", name},
                                              {"stream", text_at(stream, "stream")},
                                              {"count", grouped(integer_at(stream, "not_shown"))},
                                              {"fields", listed}}));
}

void print_counts(Context& context, const std::string& name, const json& report) {
    Table table{.columns = {{.title = context.text("cli.column.stream"), .min = 10},
                            {.title = context.text("cli.column.compared"), .right = true, .min = 8},
                            {.title = context.text("cli.column.equal"), .right = true},
                            {.title = context.text("cli.column.differ"), .right = true},
                            {.title = context.text("cli.column.only_here"), .right = true},
                            {.title = context.text("cli.column.only_there"), .right = true},
                            {.title = context.text("cli.column.explained"), .right = true}},
                .rows = {}};
    std::map<std::string, std::int64_t> reasons;
    for (const auto& stream : list_at(report, "streams")) {
        if (!flag_at(stream, "ready")) {
            context.note(context.text("cli.verify.not_ready",
                                      {{"name", name}, {"stream", text_at(stream, "stream")}}));
            continue;
        }
        std::int64_t explained = 0;
        for (const auto& [reason, count] : object_at(stream, "explained").items()) {
            explained += count.is_number_integer() ? count.get<std::int64_t>() : 0;
            reasons[reason] += count.is_number_integer() ? count.get<std::int64_t>() : 0;
        }
        const auto number = [&](const char* key) { return grouped(integer_at(stream, key)); };
        table.add({text_at(stream, "stream"), number("compared"), number("equal"), number("differ"),
                   number("only_here"), number("only_there"), grouped(explained)});
    }
    context.print(table);
    if (integer_at(report, "sample") > 0)
        for (const auto& stream : list_at(report, "streams"))
            if (flag_at(stream, "whole"))
                context.note(context.text("cli.verify.whole",
                                          {{"name", name}, {"stream", text_at(stream, "stream")}}));
    for (const auto& [reason, count] : reasons)
        context.note(context.text("cli.verify.reason",
                                  {{"count", grouped(count)}, {"reason", context.word(reason)}}));
    for (const auto& stream : list_at(report, "streams")) print_not_shown(context, name, stream);
}

/// True if some were chosen by chance.
bool is_sampled(const json& report) {
    for (const auto& stream : list_at(report, "streams"))
        if (flag_at(stream, "ready") && !flag_at(stream, "whole"))
            return integer_at(report, "sample") > 0;
    return false;
}

bool all_ready(const json& report) {
    for (const auto& stream : list_at(report, "streams"))
        if (!flag_at(stream, "ready")) return false;
    return true;
}

/// Compares one connection and tells of it.
Outcome<Exit> verify_one(Context& context, const std::string& name, const json& request) {
    Comparison comparison(context, name);
    auto report = comparison.run(request);
    if (!report) return tl::unexpected<Failure>(std::move(report.error()));
    const auto& error = object_at(*report, "error");
    if (!error.empty()) {
        return tl::unexpected<Failure>(context.failure_in(error, name));
    }
    const auto unexplained = integer_at(*report, "unexplained");
    if (auto shown = comparison.print_findings(false, unexplained); !shown)
        return tl::unexpected<Failure>(std::move(shown.error()));
    if (context.args().has("explained"))
        if (auto shown = comparison.print_findings(true, integer_at(*report, "explained")); !shown)
            return tl::unexpected<Failure>(std::move(shown.error()));
    if (context.json()) {
        report->erase("findings");
        report->erase("offset");
        report->erase("progress");
        (*report)["message_type"] = "summary";
        (*report)["connection"] = name;
        context.print_line(*report);
    } else {
        print_counts(context, name, *report);
        if (is_sampled(*report))
            context.note(context.text("cli.verify.sampled", {{"sample", text_at(*report, "sample")},
                                                             {"seed", text_at(*report, "seed")}}));
        context.note(context.text(unexplained == 0 ? "cli.verify.equal" : "cli.verify.differ",
                                  {{"name", name}, {"count", grouped(unexplained)}}));
    }
    if (unexplained > 0) return Exit::kDiffers;
    return all_ready(*report) ? Exit::kOk : Exit::kPartly;
}

/// One of several that could not be compared. The others are, all the same.
void print_failure(Context& context, const std::string& name, const Failure& failure) {
    if (context.json()) {
        context.print_line({{"message_type", "summary"},
                            {"connection", name},
                            {"streams", json::array()},
                            {"error",
                             {{"code", failure.code},
                              {"message", failure.message},
                              {"hint", failure.hint},
                              {"args", failure.args}}}});
        return;
    }
    context.warn(
        one_line(context.text("cli.sync.failed", {{"name", name}, {"error", failure.message}})));
    if (!failure.hint.empty())
        context.note(context.text("cli.hint", {{"hint", one_line(failure.hint)}}));
}

/// False if it is not the connection that failed: the others would end no other way.
bool is_of_one(const Failure& failure) {
    return failure.exit != Exit::kUnreachable && failure.exit != Exit::kInterrupted;
}

}  // namespace

Outcome<Exit> run_verify(Context& context) {
    const auto request = request_of(context);
    if (!request) return tl::unexpected<Failure>(request.error());
    std::vector<std::string> names;
    if (const auto named = context.args().argument("CONNECTION"); !named.empty()) {
        names.push_back(named);
    } else {
        const auto answer = context.api().get("/connections");
        if (!answer) return tl::unexpected<Failure>(answer.error());
        for (const auto& c : list_at(*answer, "connections")) names.push_back(text_at(c, "name"));
        if (names.empty()) context.note(context.text("cli.status.none"));
    }
    Exit worst = Exit::kOk;
    std::size_t failed_count = 0;
    for (const auto& name : names) {
        auto done = verify_one(context, name, *request);
        if (!done) {
            if (names.size() == 1 || !is_of_one(done.error())) return done;
            print_failure(context, name, done.error());
            if (failed_count++ == 0 && worst == Exit::kOk) worst = done.error().exit;
            continue;
        }
        if (worst != Exit::kDiffers && *done != Exit::kOk) worst = *done;
    }
    const bool differ = worst == Exit::kDiffers;
    return failed_count == 0 || failed_count == names.size() || differ ? worst : Exit::kPartly;
}

}  // namespace kontor::cli
