#include "connectors/kit/form.hpp"

#include <nlohmann/json.hpp>

#include "sync/base/clock.hpp"

namespace kontor::kit {
namespace {

using nlohmann::json;

bool is_date(const std::string& text) {
    return text.size() == 10 && parse_instant(text + "T00:00:00Z").has_value();
}

bool is_instant(const std::string& text) {
    const auto at = parse_instant(text);
    return at && format_instant(*at) == text;
}

bool is_decimal(const std::string& text) {
    std::size_t at = text.starts_with('-') ? 1 : 0;
    const auto digits = [&] {
        const auto from = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
        return at - from;
    };
    const auto first = at;
    const auto whole = digits();
    if (whole == 0 || (whole > 1 && text[first] == '0')) return false;
    if (at == text.size()) return text != "-0";
    if (text[at++] != '.') return false;
    return digits() > 0 && at == text.size() && text.back() != '0';
}

bool is_list(const std::string& text) {
    const auto list = json::parse(text, nullptr, false);
    if (!list.is_array()) return false;
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (!list[i].is_string()) return false;
        if (i > 0 && list[i - 1].get<std::string>() >= list[i].get<std::string>()) return false;
    }
    return list.dump() == text;
}

bool is_compact(const std::string& text) {
    return json::parse(text, nullptr, false).is_discarded() ? false
                                                            : text.find('\n') == std::string::npos;
}

}  // namespace

std::string wrong_form(const remote::FieldSpec& field, const Value& value) {
    if (value.is_absent() || value.is_null()) return {};
    const bool text = value.kind() == Kind::kText;
    const bool integer = value.kind() == Kind::kInteger;
    using enum remote::FieldType;
    switch (field.type) {
        case kBoolean:
            return integer && (value.integer() == 0 || value.integer() == 1) ? "" : "0 or 1";
        case kInteger:
            return integer ? "" : "an integer";
        case kReal:
            return integer || value.kind() == Kind::kReal ? "" : "a number";
        case kDecimal:
            return integer || (text && is_decimal(value.text())) ? "" : "12.5 or 12";
        case kDate:
            return text && is_date(value.text()) ? "" : "YYYY-MM-DD";
        case kInstant:
            return text && is_instant(value.text()) ? "" : "YYYY-MM-DDTHH:MM:SS.sssZ";
        case kList:
            return text && is_list(value.text()) ? "" : "[\"a\",\"b\"], sorted";
        case kJson:
            return text && is_compact(value.text()) ? "" : "compact JSON";
        case kReference:
            return text && !value.text().empty() ? "" : "a remote id";
        default:
            return text ? "" : "a text";
    }
}

}  // namespace kontor::kit
