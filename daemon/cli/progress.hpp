#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "daemon/cli/context.hpp"

namespace kontor::cli {

/// How far one connection's sync is, or other long work.
struct Step {
    std::string connection;  ///< "" = work of no connection
    std::string stage;       ///< load pull sweep push index wait …
    std::string stream;
    std::int64_t done = 0;
    std::int64_t total = 0;  ///< 0 = not known
};

/// Shows steps: one line that changes where stderr is a terminal, a line for the beginning and one
/// for the end of each stage where it is not, JSON lines on stdout with --json (at most ten a
/// second), nothing with --quiet.
class Progress {
public:
    using Time = std::chrono::steady_clock::time_point;
    explicit Progress(Context& context) : context_(context) {}

    void show(const Step& step, Time now);
    /// Takes the changing line away, or tells how the last stage ended, so that other output does
    /// not mix with it.
    void clear();

private:
    void show_json(const Step& step, Time now);
    void tell_end();
    [[nodiscard]] std::string line_of(const Step& step, double rate) const;

    Context& context_;
    Step last_;
    Time stage_started_{};
    Time shown_{};
    std::int64_t first_done_ = 0;
    bool line_open_ = false;
    bool untold_ = false;  ///< the last step has not been shown
};

/// "12,400/100,000 (12 %) 3,100/s 28 s left": what is known of it. `rate` in records a second, 0 =
/// not known.
[[nodiscard]] std::string progress_count(messages::Language language, const Step& step,
                                         double rate);

/// "45 s", "3 min", "2 h 5 min".
[[nodiscard]] std::string duration_text(std::chrono::seconds time);

/// 1234567 → "1,234,567".
[[nodiscard]] std::string grouped(std::int64_t number);

}  // namespace kontor::cli
