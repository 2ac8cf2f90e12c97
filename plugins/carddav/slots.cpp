#include "plugins/carddav/slots.hpp"

#include <algorithm>
#include <vector>

#include "plugins/carddav/text.hpp"

namespace kontor::carddav {
namespace {

constexpr Slot kSlots[]{
    {"email", "EMAIL", "WORK"},          {"secondary_email", "EMAIL", "HOME"},
    {"work_phone", "TEL", "WORK,VOICE"}, {"mobile_phone", "TEL", "CELL"},
    {"home_phone", "TEL", "HOME,VOICE"}, {"other_phone", "TEL", "OTHER,VOICE"},
    {"fax", "TEL", "FAX,WORK"},          {"url", "URL", ""},
};

using Indices = std::vector<std::size_t>;

bool is_empty(const Property& property) {
    // An address without any component, a number without digits.
    return std::ranges::all_of(property.value, [](char c) { return c == ';' || c == ' '; });
}

bool is_preferred(const Property& property) {
    return property.has_type("PREF") || !property.parameter("PREF").empty();
}

/// Properties of this name that have a value; the preferred ones first.
Indices all_of(const Card& card, std::string_view name) {
    Indices out;
    const auto& properties = card.properties();
    for (std::size_t i = 0; i < properties.size(); ++i)
        if (properties[i].name == name && !is_empty(properties[i])) out.push_back(i);
    std::stable_partition(out.begin(), out.end(),
                          [&](std::size_t i) { return is_preferred(properties[i]); });
    return out;
}

enum class Phone { kWork, kMobile, kHome, kFax, kOther, kUntyped };

Phone phone_kind(const Property& property) {
    const auto has = [&](const char* type) { return property.has_type(type); };
    if (has("FAX")) return Phone::kFax;
    if (has("CELL") || has("MOBILE") || has("IPHONE")) return Phone::kMobile;
    if (has("PAGER") || has("OTHER") || has("CAR")) return Phone::kOther;
    if (has("HOME")) return Phone::kHome;
    if (has("WORK") || has("MAIN")) return Phone::kWork;
    return Phone::kUntyped;
}

std::optional<std::size_t> phone(const Card& card, std::string_view field) {
    const Indices all = all_of(card, "TEL");
    const auto nth_of = [&](Phone kind, std::size_t nth) -> std::optional<std::size_t> {
        for (const std::size_t at : all)
            if (phone_kind(card.properties()[at]) == kind && nth-- == 0) return at;
        return std::nullopt;
    };
    const auto work = nth_of(Phone::kWork, 0);
    if (field == "mobile_phone") return nth_of(Phone::kMobile, 0);
    if (field == "home_phone") return nth_of(Phone::kHome, 0);
    if (field == "fax") return nth_of(Phone::kFax, 0);
    // A number that does not say of what kind it is.
    if (field == "work_phone") return work ? work : nth_of(Phone::kUntyped, 0);
    if (const auto other = nth_of(Phone::kOther, 0)) return other;
    return nth_of(Phone::kUntyped, work ? 0 : 1);
}

std::optional<std::size_t> email(const Card& card, bool secondary) {
    Indices all = all_of(card, "EMAIL");
    const auto& properties = card.properties();
    if (!all.empty() && !is_preferred(properties[all.front()]))
        std::stable_partition(all.begin(), all.end(),
                              [&](std::size_t i) { return properties[i].has_type("WORK"); });
    const auto pinned = std::ranges::find_if(
        all, [&](std::size_t i) { return properties[i].parameter(kPin) == "secondary_email"; });
    if (pinned != all.end()) {
        if (secondary) return *pinned;
        all.erase(pinned);
    }
    const std::size_t wanted = secondary ? 1 : 0;
    if (wanted >= all.size()) return std::nullopt;
    return all[wanted];
}

std::optional<std::size_t> address(const Card& card, bool home) {
    std::optional<std::size_t> typed, untyped, second_untyped, work;
    for (const std::size_t at : all_of(card, "ADR")) {
        const Property& property = card.properties()[at];
        const bool is_home = property.has_type("HOME"), is_work = property.has_type("WORK");
        if (is_work && !work) work = at;
        if (!is_home && !is_work) {
            if (!untyped)
                untyped = at;
            else if (!second_untyped)
                second_untyped = at;
        }
        if (is_home && !is_work && !typed) typed = at;
    }
    if (!home) return work ? work : untyped;
    if (typed) return typed;
    return work ? untyped : second_untyped;
}

}  // namespace

std::span<const Slot> slots() {
    return kSlots;
}

std::optional<std::size_t> slot_of(const Card& card, std::string_view field) {
    if (field == "email" || field == "secondary_email")
        return email(card, field == "secondary_email");
    if (field == "work_address" || field == "home_address")
        return address(card, field == "home_address");
    if (field == "url") {
        const Indices all = all_of(card, "URL");
        if (all.empty()) return std::nullopt;
        return all.front();
    }
    return phone(card, field);
}

std::string decoded(const Property& property) {
    const auto bare = [&](std::string_view value) {
        return std::ranges::any_of(property.parameters, [&](const Parameter& each) {
            return each.name.empty() && upper(each.value) == value;
        });
    };
    const std::string encoding = upper(property.parameter("ENCODING"));
    std::string out = property.value;
    if (encoding == "QUOTED-PRINTABLE" || bare("QUOTED-PRINTABLE"))
        out = from_quoted_printable(out);
    const std::string charset = upper(property.parameter("CHARSET"));
    if (charset == "ISO-8859-1" || charset == "LATIN1") return from_latin1(out);
    const bool known =
        charset.empty() || charset == "UTF-8" || charset == "UTF8" || charset == "US-ASCII";
    return known ? out : std::string();
}

std::string readable(const Property& property, std::string_view version) {
    // In 2.1 only the semicolon is escaped; a backslash is one.
    std::string text = decoded(property);
    if (version != "2.1") text = unescaped(text);
    if (property.name == "TEL" && upper(text.substr(0, 4)) == "TEL:") {
        text.erase(0, 4);
        if (auto plain = percent_decoded(text)) text = std::move(*plain);
    }
    return as_utf8(std::move(text));
}

}  // namespace kontor::carddav
