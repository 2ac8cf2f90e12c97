#include "daemon/cli/times.hpp"

#include "config/table_reader.hpp"

namespace kontor::cli {

Outcome<Instant> time_of(Context& context, const std::string& text, const Clock& clock) {
    if (const auto ago = config::parse_duration(text)) return clock.now() - *ago;
    if (const auto at = parse_instant(text)) return *at;
    return usage(context.language(), "cli.usage.time", {{"value", text}});
}

}  // namespace kontor::cli
