#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "sync/base/value.hpp"

namespace kontor::simulation {

/// Every value that anybody types carries a number that no other value has, in a form that survives
/// what remotes do to values (upper case, prefixes, truncation), so that it can be found again.
using Token = std::uint64_t;

inline constexpr Token kNumberTokens = 80'000'000;  ///< tokens in numbers are offset by this

/// "w17z" and, if `tail`, some more text, Chinese included, that a remote may cut off.
[[nodiscard]] inline std::string token_text(Token token, bool tail = false) {
    return "w" + std::to_string(token) + "z" + (tail ? " 上海客户 and a longer tail" : "");
}

/// Calls `found` for each token in `text`; numbers in the token range count too.
inline void for_each_token(std::string_view text, const std::function<void(Token)>& found) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool marked = text[at] == 'w' || text[at] == 'W';
        const bool number =
            text[at] == '8' && (at == 0 || text[at - 1] < '0' || text[at - 1] > '9');
        if (!marked && !number) continue;
        std::size_t end = at + (marked ? 1 : 0);
        Token value = 0;
        while (end < text.size() && text[end] >= '0' && text[end] <= '9' && end - at < 12)
            value = value * 10 + static_cast<Token>(text[end++] - '0');
        if (marked && end > at + 1 && end < text.size() && (text[end] == 'z' || text[end] == 'Z'))
            found(value);
        if (number && end - at == 8 && value > kNumberTokens) found(value - kNumberTokens);
        at = end - (end > at ? 1 : 0);
    }
}

inline void for_each_token(const ValueView& value, const std::function<void(Token)>& found) {
    if (value.kind == Kind::kText) for_each_token(value.text, found);
    if (value.kind == Kind::kInteger) for_each_token(std::to_string(value.integer), found);
    if (value.kind == Kind::kReal)
        for_each_token(std::to_string(static_cast<std::int64_t>(value.real)), found);
}

[[nodiscard]] inline std::optional<Token> first_token(const ValueView& value) {
    std::optional<Token> out;
    for_each_token(value, [&](Token token) {
        if (!out) out = token;
    });
    return out;
}

}  // namespace kontor::simulation
