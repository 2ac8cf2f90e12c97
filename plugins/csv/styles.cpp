#include "plugins/csv/styles.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>

#include "connectors/sdk/canonical.hpp"
#include "plugins/csv/values.hpp"
#include "plugins/csv/xml_pieces.hpp"

namespace kontor::csv {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kDaysTo1904 = 1'462;

std::string clock(std::int64_t seconds) {
    std::array<char, 16> out{};
    std::snprintf(out.data(), out.size(), "%02d:%02d:%02d", static_cast<int>(seconds / 3600),
                  static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
    return out.data();
}

}  // namespace

NumberKind kind_of_format(std::string_view format) {
    bool date = false, time = false;
    for (std::size_t i = 0; i < format.size(); ++i) {
        const char c = format[i];
        if (c == ';') break;  // the rest is for negative numbers
        if (c == '\\' || c == '_' || c == '*') {
            ++i;
        } else if (c == '"') {
            i = std::min(format.find('"', i + 1), format.size());
        } else if (c == '[') {
            // [h]:mm is a time; other brackets are colours, languages and conditions.
            const auto end = std::min(format.find(']', i), format.size());
            const auto inside = format.substr(i + 1, end - i - 1);
            if (!inside.empty() && inside.find_first_not_of("hHsSmM") == std::string_view::npos)
                time = true;
            i = end;
        } else if (c == 'y' || c == 'Y' || c == 'd' || c == 'D' || c == 'e') {
            date = true;
        } else if (c == 'h' || c == 'H' || c == 's' || c == 'S') {
            time = true;
        } else if (c == 'G' || c == 'g') {
            if (format.substr(i, 7) == "General") return NumberKind::kNumber;
        } else if (c == '0' || c == '#' || c == 'E' || c == '?') {
            // 0.00E+00; but seconds may have a fraction: ss.00.
            if (!time) return NumberKind::kNumber;
        }
    }
    if (date) return time ? NumberKind::kDateTime : NumberKind::kDate;
    return time ? NumberKind::kTime : NumberKind::kNumber;
}

NumberKind kind_of_builtin(int id) {
    // 27 to 36 and 50 to 58 are dates of the Chinese, Japanese and Korean Excel, some of them
    // times.
    if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 54) ||
        id == 57 || id == 58)
        return NumberKind::kDate;
    if ((id >= 18 && id <= 21) || (id >= 32 && id <= 35) || (id >= 45 && id <= 47) || id == 55 ||
        id == 56)
        return NumberKind::kTime;
    return id == 22 ? NumberKind::kDateTime : NumberKind::kNumber;
}

std::vector<NumberKind> read_styles(const std::string& xml) {
    pugi::xml_document document;
    parse_xml(xml, document);
    const auto root = document.document_element();
    std::map<int, NumberKind> own;
    for (const auto& format : child_of(root, "numFmts").children())
        own[format.attribute("numFmtId").as_int()] =
            kind_of_format(format.attribute("formatCode").value());
    std::vector<NumberKind> out;
    for (const auto& style : child_of(root, "cellXfs").children()) {
        if (local_name(style) != "xf") continue;
        const int id = style.attribute("numFmtId").as_int();
        const auto found = own.find(id);
        out.push_back(found != own.end() ? found->second : kind_of_builtin(id));
    }
    return out;
}

std::string number_text(std::string_view value, NumberKind kind, bool from_1904) {
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size() || !std::isfinite(number))
        return std::string(value);
    if (kind != NumberKind::kNumber && number >= 0 && number < 3e6) {
        auto seconds = static_cast<std::int64_t>(std::llround(number * kDaySeconds));
        if (kind != NumberKind::kTime && from_1904) seconds += kDaysTo1904 * kDaySeconds;
        const std::int64_t day = seconds / kDaySeconds, rest = seconds % kDaySeconds;
        if (kind == NumberKind::kTime && day == 0) return clock(rest);
        if (const auto date = date_of_serial(day)) {
            if (kind == NumberKind::kDate || rest == 0) return *date;
            return *date + "T" + clock(rest);
        }
    }
    // Excel itself keeps and shows 15 digits; the file has more, such as 0.30000000000000004.
    std::array<char, 40> digits{};
    std::snprintf(digits.data(), digits.size(), "%.15g", number);
    std::string out;
    return sdk::append_decimal(digits.data(), out) ? out : std::string(value);
}

}  // namespace kontor::csv
