#include "daemon/cli/failure.hpp"

namespace kontor::cli {

tl::unexpected<Failure> usage(messages::Language language, std::string_view key,
                              const messages::Args& args, std::string hint) {
    return tl::unexpected<Failure>(Failure{.exit = Exit::kUsage,
                                           .code = "usage",
                                           .message = messages::render(language, key, args),
                                           .hint = std::move(hint),
                                           .args = args});
}

Failure failed(messages::Language language, Exit exit, std::string code, std::string_view key,
               const messages::Args& args, std::string_view hint_key) {
    return Failure{
        .exit = exit,
        .code = std::move(code),
        .message = messages::render(language, key, args),
        .hint = hint_key.empty() ? std::string() : messages::render(language, hint_key, args),
        .args = args};
}

Failure failure_of(messages::Language language, const Error& error) {
    return Failure{.exit = exit_code(error.code),
                   .code = std::string(to_string(error.code)),
                   .message = messages::render_error(language, error),
                   .hint = messages::render_hint(language, error),
                   .args = messages::Args(error.args.begin(), error.args.end())};
}

std::optional<Errc> errc_of(std::string_view code) {
    // Errc is dense and append-only, kProxy is its last member.
    for (int value = 0; value <= static_cast<int>(Errc::kProxy); ++value) {
        const auto candidate = static_cast<Errc>(value);
        if (to_string(candidate) == code) return candidate;
    }
    return std::nullopt;
}

Exit exit_of(std::string_view code) {
    const auto known = errc_of(code);
    return known ? exit_code(*known) : Exit::kFailed;
}

}  // namespace kontor::cli
