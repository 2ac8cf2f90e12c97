#include "tests/peers/zoho/page_token.hpp"

#include <charconv>
#include <cstdio>

namespace kontor::peer::zoho {

namespace {

constexpr std::size_t kNumbers = 7;
constexpr std::size_t kDigits = 16;
constexpr std::uint64_t kMask = 0xC8582A6B1D3F9E07ULL;

std::uint64_t check(const std::uint64_t (&numbers)[kNumbers]) {
    std::uint64_t sum = kMask;
    for (std::size_t i = 0; i + 1 < kNumbers; ++i) sum = (sum ^ numbers[i]) * 1099511628211ULL;
    return sum;
}

}  // namespace

std::uint64_t hash_text(std::string_view text) {
    std::uint64_t h = 14695981039346656037ULL;
    for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    return h;
}

std::string encode_page_token(const PageToken& token) {
    std::uint64_t numbers[kNumbers] = {token.bound_to,
                                       token.reached,
                                       token.page,
                                       static_cast<std::uint64_t>(token.last_key),
                                       token.last_slot,
                                       static_cast<std::uint64_t>(token.expires_s),
                                       0};
    numbers[kNumbers - 1] = check(numbers);
    std::string out;
    for (const std::uint64_t number : numbers) {
        char buffer[kDigits + 1];
        std::snprintf(buffer, sizeof buffer, "%016llx",
                      static_cast<unsigned long long>(number ^ kMask));
        out += buffer;
    }
    return out;
}

std::optional<PageToken> decode_page_token(std::string_view text) {
    if (text.size() != kNumbers * kDigits) return std::nullopt;
    std::uint64_t numbers[kNumbers];
    for (std::size_t i = 0; i < kNumbers; ++i) {
        const std::string_view part = text.substr(i * kDigits, kDigits);
        const auto [end, error] =
            std::from_chars(part.data(), part.data() + part.size(), numbers[i], 16);
        if (error != std::errc() || end != part.data() + part.size()) return std::nullopt;
        numbers[i] ^= kMask;
    }
    if (numbers[kNumbers - 1] != check(numbers)) return std::nullopt;
    PageToken token;
    token.bound_to = numbers[0];
    token.reached = numbers[1];
    token.page = numbers[2];
    token.last_key = static_cast<std::int64_t>(numbers[3]);
    token.last_slot = numbers[4];
    token.expires_s = static_cast<std::int64_t>(numbers[5]);
    return token;
}

}  // namespace kontor::peer::zoho
