#include "sync/base/decimal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace kontor {
namespace {

bool digit(char c) {
    return c >= '0' && c <= '9';
}

std::string canonical(bool negative, std::string digits, std::ptrdiff_t point) {
    // `point` digits stand before the decimal point; it may lie outside the digits.
    if (point <= 0) {
        digits.insert(0, static_cast<std::size_t>(1 - point), '0');
        point = 1;
    }
    if (point > static_cast<std::ptrdiff_t>(digits.size()))
        digits.append(static_cast<std::size_t>(point) - digits.size(), '0');
    std::string whole = digits.substr(0, static_cast<std::size_t>(point));
    std::string fraction = digits.substr(static_cast<std::size_t>(point));
    while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
    const auto first = whole.find_first_not_of('0');
    whole = first == std::string::npos ? "0" : whole.substr(first);
    const bool zero = whole == "0" && fraction.empty();
    std::string out = negative && !zero ? "-" : "";
    out += whole;
    if (!fraction.empty()) out += "." + fraction;
    return out;
}

// A canonical decimal as sign and digits scaled by 10^scale.
struct Scaled {
    bool negative = false;
    std::string digits;
};

int scale_of(std::string_view text) {
    const auto point = text.find('.');
    return point == std::string_view::npos ? 0 : static_cast<int>(text.size() - point - 1);
}

Scaled scaled(std::string_view text, int scale) {
    Scaled out;
    if (!text.empty() && text.front() == '-') {
        out.negative = true;
        text.remove_prefix(1);
    }
    const int own = scale_of(text);
    for (const char c : text)
        if (c != '.') out.digits.push_back(c);
    out.digits.append(static_cast<std::size_t>(scale - own), '0');
    return out;
}

int compare_magnitudes(const std::string& a, const std::string& b) {
    const auto first_a = std::min(a.find_first_not_of('0'), a.size());
    const auto first_b = std::min(b.find_first_not_of('0'), b.size());
    const std::string_view x = std::string_view(a).substr(first_a);
    const std::string_view y = std::string_view(b).substr(first_b);
    if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
    return x.compare(y);
}

Scaled add(Scaled a, Scaled b) {
    const std::size_t width = std::max(a.digits.size(), b.digits.size()) + 1;
    a.digits.insert(0, width - a.digits.size(), '0');
    b.digits.insert(0, width - b.digits.size(), '0');
    const bool subtract = a.negative != b.negative;
    if (subtract && compare_magnitudes(a.digits, b.digits) < 0) std::swap(a, b);
    int carry = 0;
    for (std::size_t i = width; i-- > 0;) {
        int value = a.digits[i] - '0';
        value += subtract ? -(b.digits[i] - '0') - carry : (b.digits[i] - '0') + carry;
        carry = subtract ? (value < 0 ? 1 : 0) : value / 10;
        a.digits[i] = static_cast<char>('0' + (value + 10) % 10);
    }
    return a;
}

}  // namespace

std::optional<std::string> canonical_decimal(std::string_view text) {
    bool negative = false;
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
        negative = text.front() == '-';
        text.remove_prefix(1);
    }
    std::string digits;
    std::ptrdiff_t point = -1;
    std::size_t at = 0;
    for (; at < text.size() && (digit(text[at]) || text[at] == '.'); ++at) {
        if (text[at] == '.') {
            if (point >= 0) return std::nullopt;
            point = static_cast<std::ptrdiff_t>(digits.size());
        } else {
            digits.push_back(text[at]);
        }
    }
    if (digits.empty()) return std::nullopt;
    if (point < 0) point = static_cast<std::ptrdiff_t>(digits.size());
    if (at < text.size()) {
        if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
        auto rest = text.substr(at + 1);
        if (!rest.empty() && rest.front() == '+') rest.remove_prefix(1);
        int exponent = 0;
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), exponent);
        if (error != std::errc{} || end != rest.data() + rest.size() || std::abs(exponent) > 400)
            return std::nullopt;
        point += exponent;
    }
    return canonical(negative, std::move(digits), point);
}

bool is_canonical_decimal(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    std::size_t whole = 0;
    while (whole < text.size() && digit(text[whole])) ++whole;
    if (whole == 0 || (whole > 1 && text.front() == '0')) return false;
    if (whole == text.size()) return !negative || text != "0";
    const std::string_view fraction = text.substr(whole + 1);
    return text[whole] == '.' && !fraction.empty() && fraction.back() != '0' &&
           std::ranges::all_of(fraction, digit);
}

std::string decimal_from_real(double value, int scale) {
    if (!std::isfinite(value)) return "0";
    std::array<char, 512> buffer{};
    if (scale < 0) {
        // With an exponent: without, a large one would get all digits that its double has.
        const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                                std::chars_format::scientific);
        static_cast<void>(error);  // 512 bytes hold any double
        return canonical_decimal({buffer.data(), static_cast<std::size_t>(end - buffer.data())})
            .value_or("0");
    }
    // The shortest text first: 2.675 is stored a little below, yet a person means 2.675 and
    // expects 2.68.
    std::string exact = decimal_from_real(value, -1);
    if (scale_of(exact) <= scale) return exact;
    std::string cut =
        exact.substr(0, exact.size() - static_cast<std::size_t>(scale_of(exact) - scale));
    const bool up = exact[cut.size()] >= '5';
    if (!cut.empty() && cut.back() == '.') cut.pop_back();
    std::string base = canonical_decimal(cut).value_or("0");
    if (!up) return base;
    std::string unit =
        scale == 0 ? "1" : "0." + std::string(static_cast<std::size_t>(scale - 1), '0') + "1";
    if (value < 0) unit.insert(0, "-");
    return add_subtract(base, unit, "0").value_or(base);
}

int significant_digits(std::string_view text) {
    std::string digits;
    for (const char c : text)
        if (digit(c)) digits.push_back(c);
    const auto first = digits.find_first_not_of('0');
    if (first == std::string::npos) return 0;
    const auto last = digits.find_last_not_of('0');
    return static_cast<int>(last - first + 1);
}

std::optional<std::string> add_subtract(std::string_view a, std::string_view b,
                                        std::string_view c) {
    const auto x = canonical_decimal(a), y = canonical_decimal(b), z = canonical_decimal(c);
    if (!x || !y || !z) return std::nullopt;
    const int scale = std::max({scale_of(*x), scale_of(*y), scale_of(*z)});
    Scaled minus = scaled(*z, scale);
    minus.negative = !minus.negative;
    const Scaled sum = add(add(scaled(*x, scale), scaled(*y, scale)), minus);
    return canonical(sum.negative, sum.digits,
                     static_cast<std::ptrdiff_t>(sum.digits.size()) - scale);
}

int compare_decimals(std::string_view a, std::string_view b) {
    const int scale = std::max(scale_of(a), scale_of(b));
    const Scaled x = scaled(a, scale), y = scaled(b, scale);
    const int magnitude = compare_magnitudes(x.digits, y.digits);
    if (x.negative != y.negative) {
        const bool both_zero = x.digits.find_first_not_of('0') == std::string::npos &&
                               y.digits.find_first_not_of('0') == std::string::npos;
        if (both_zero) return 0;
        return x.negative ? -1 : 1;
    }
    return x.negative ? -magnitude : magnitude;
}

}  // namespace kontor
