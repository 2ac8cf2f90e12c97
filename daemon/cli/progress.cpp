#include "daemon/cli/progress.hpp"

#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "daemon/cli/width.hpp"

namespace kontor::cli {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kRedrawAfter{100};
/// A rate from less time than this would jump about.
constexpr double kRateSecondsMin = 0.5;

double rate_of(std::int64_t records, Progress::Time from, Progress::Time to) {
    const double elapsed = duration<double>(to - from).count();
    return elapsed < kRateSecondsMin ? 0 : static_cast<double>(records) / elapsed;
}

}  // namespace

std::string grouped(std::int64_t number) {
    auto text = std::to_string(number);
    const std::size_t first = text.front() == '-' ? 1 : 0;
    for (std::size_t at = text.size(); at > first + 3;) {
        at -= 3;
        text.insert(at, ",");
    }
    return text;
}

std::string duration_text(seconds time) {
    const auto total = time.count();
    if (total < 60) return std::to_string(total) + " s";
    if (total < 3600) return std::to_string((total + 30) / 60) + " min";
    return std::to_string(total / 3600) + " h " + std::to_string(total % 3600 / 60) + " min";
}

std::string progress_count(messages::Language language, const Step& step, double rate) {
    std::string out = grouped(step.done);
    if (step.total > 0) {
        out += "/" + grouped(step.total);
        const auto percent = std::min<std::int64_t>(100, step.done * 100 / step.total);
        out += " (" + std::to_string(percent) + " %)";
    }
    if (rate < 1) return out;
    out += "  " + messages::render(language, "cli.progress.rate",
                                   {{"rate", grouped(static_cast<std::int64_t>(rate))}});
    if (step.total > step.done) {
        const seconds left(
            static_cast<std::int64_t>(static_cast<double>(step.total - step.done) / rate));
        out +=
            "  " + messages::render(language, "cli.progress.left", {{"time", duration_text(left)}});
    }
    return out;
}

void Progress::show(const Step& step, Time now) {
    const bool new_stage = step.connection != last_.connection || step.stage != last_.stage ||
                           step.stream != last_.stream;
    if (new_stage) {
        tell_end();
        stage_started_ = now;
        first_done_ = step.done;
    }
    last_ = step;
    untold_ = true;
    if (!new_stage && now - shown_ < kRedrawAfter) return;
    if (context_.quiet()) return;
    if (context_.json()) {
        shown_ = now;
        show_json(step, now);
        return;
    }
    auto& io = context_.io();
    if (!io.err_terminal && !new_stage) return;
    shown_ = now;
    untold_ = false;
    const auto shown = line_of(step, rate_of(step.done - first_done_, stage_started_, now));
    if (!io.err_terminal) {
        io.err << shown << '\n';
        return;
    }
    io.err << "\r\x1b[K" << (io.columns > 1 ? clip(shown, io.columns - 1) : shown);
    io.err.flush();
    line_open_ = true;
}

std::string Progress::line_of(const Step& step, double rate) const {
    const bool counted = step.done > 0 || step.total > 0;
    auto out = one_line(context_.text(
        step.connection.empty() ? "cli.progress.work"
        : step.stream.empty()   ? "cli.progress.whole"
                                : "cli.progress",
        {{"name", step.connection},
         {"stage", context_.text_or("stage." + step.stage, step.stage)},
         {"stream", step.stream},
         {"count", counted ? progress_count(context_.language(), step, rate) : std::string()}}));
    while (out.ends_with(' ')) out.pop_back();
    return out;
}

void Progress::tell_end() {
    const bool lines = !context_.quiet() && !context_.json() && !context_.io().err_terminal;
    if (std::exchange(untold_, false) && lines) context_.io().err << line_of(last_, 0) << '\n';
}

void Progress::show_json(const Step& step, Time now) {
    const double rate = rate_of(step.done - first_done_, stage_started_, now);
    nlohmann::json line{{"message_type", "status"},  {"connection", step.connection},
                        {"stage", step.stage},       {"stream", step.stream},
                        {"done", step.done},         {"total", step.total},
                        {"records_per_second", rate}};
    if (rate >= 1 && step.total > step.done)
        line["seconds_left"] =
            static_cast<std::int64_t>(static_cast<double>(step.total - step.done) / rate);
    context_.print_line(line);
}

void Progress::clear() {
    tell_end();
    if (!line_open_) return;
    context_.io().err << "\r\x1b[K";
    context_.io().err.flush();
    line_open_ = false;
}

}  // namespace kontor::cli
