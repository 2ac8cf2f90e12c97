#include "daemon/cli/numbers.hpp"

#include <charconv>

namespace kontor::cli {

Outcome<std::int64_t> whole_number(messages::Language language, const std::string& name,
                                   const std::string& value) {
    std::int64_t number = -1;
    const auto* last = value.data() + value.size();
    const auto [end, error] = std::from_chars(value.data(), last, number);
    if (error != std::errc{} || end != last || number < 0)
        return usage(language, "cli.usage.number", {{"name", name}, {"value", value}});
    return number;
}

Outcome<std::optional<std::int64_t>> number_option(Context& context, std::string_view option) {
    if (!context.args().has(option)) return std::nullopt;
    auto number =
        whole_number(context.language(), "--" + std::string(option), context.args().option(option));
    if (!number) return tl::unexpected<Failure>(std::move(number.error()));
    return std::optional<std::int64_t>(*number);
}

Outcome<std::optional<std::int64_t>> count_option(Context& context, std::string_view option) {
    auto number = number_option(context, option);
    if (number && *number == 0)
        return usage(context.language(), "cli.usage.count", {{"name", "--" + std::string(option)}});
    return number;
}

}  // namespace kontor::cli
