#include "plugins/carddav/contact.hpp"

#include <algorithm>
#include <array>

#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/json.hpp"
#include "plugins/carddav/slots.hpp"
#include "plugins/carddav/text.hpp"

namespace kontor::carddav {
namespace {

using Value = std::optional<std::string>;
using Index = std::optional<std::size_t>;

/// A component of a structured property: N, ORG, ADR.
struct Component {
    std::string_view field, property;
    std::size_t index, count;  ///< place among the components, and how many there usually are
};
constexpr Component kComponents[]{
    {"family_name", "N", 0, 5},   {"given_name", "N", 1, 5},     {"middle_name", "N", 2, 5},
    {"name_prefix", "N", 3, 5},   {"name_suffix", "N", 4, 5},    {"company", "ORG", 0, 1},
    {"department", "ORG", 1, 2},  {"work_street", "ADR", 2, 7},  {"work_city", "ADR", 3, 7},
    {"work_state", "ADR", 4, 7},  {"work_zip", "ADR", 5, 7},     {"work_country", "ADR", 6, 7},
    {"home_street", "ADR", 2, 7}, {"home_city", "ADR", 3, 7},    {"home_state", "ADR", 4, 7},
    {"home_zip", "ADR", 5, 7},    {"home_country", "ADR", 6, 7},
};

/// A property whose whole value is a text.
struct Plain {
    std::string_view field, property;
};
constexpr Plain kPlain[]{{"formatted_name", "FN"}, {"title", "TITLE"}, {"note", "NOTE"}};

bool is_blank(const Value& value) {
    return !value || value->empty();
}

// --- Reading

/// The value of a property as people see it.
Value text_of(const Card& card, Index at) {
    if (!at) return std::nullopt;
    std::string text = readable(card.properties()[*at], card.version());
    if (trimmed(text).empty()) return std::nullopt;
    return text;
}

std::vector<std::string> components_of(const Card& card, Index at) {
    if (!at) return {};
    const Property& property = card.properties()[*at];
    auto parts = split_escaped(decoded(property), ';');
    for (std::string& part : parts) part = as_utf8(unescaped(part));
    return parts;
}

Value component(const std::vector<std::string>& parts, std::size_t index) {
    if (index >= parts.size() || trimmed(parts[index]).empty()) return std::nullopt;
    return parts[index];
}

Index place_of(const Card& card, const Component& wanted) {
    if (wanted.property != "ADR") return card.find(wanted.property);
    return slot_of(card, wanted.field.starts_with("work") ? "work_address" : "home_address");
}

Value birthday(const Card& card) {
    const Index at = card.find("BDAY");
    if (!at) return std::nullopt;
    const Property& property = card.properties()[*at];
    const auto date = date_of(property.value);
    // Apple's way to say that the year is not known.
    if (!date || property.parameter("X-APPLE-OMIT-YEAR") == date->substr(0, 4)) return std::nullopt;
    return date;
}

Value revision(const Card& card) {
    const Index at = card.find("REV");
    if (!at) return std::nullopt;
    const auto ms = instant_of(card.properties()[*at].value);
    if (!ms) return std::nullopt;
    return sdk::format_instant(*ms);
}

Value categories(const Card& card) {
    std::vector<std::string> all;
    for (const Property& property : card.properties()) {
        if (property.name != "CATEGORIES") continue;
        for (const std::string& each : split_escaped(decoded(property), ','))
            if (const std::string text = as_utf8(unescaped(trimmed(each))); !text.empty())
                all.push_back(text);
    }
    if (all.empty()) return std::nullopt;
    return sdk::canonical_list(std::move(all));
}

// --- Writing

// We write UTF-8 as it is.
const std::vector<std::string_view> kEncodings{"CHARSET", "ENCODING", "QUOTED-PRINTABLE"};

std::string head_for(std::string_view property, std::string_view type) {
    std::string out(property);
    if (!type.empty()) out.append(";TYPE=").append(type);
    return out;
}

void write_text(Card& card, Index at, std::string_view head, const Value& value) {
    if (is_blank(value)) {
        if (at) card.erase(*at);
        return;
    }
    if (!at) return card.add(head, escaped(*value));
    // A number as URI becomes a text: what people type is no URI.
    std::vector<std::string_view> without = kEncodings;
    if (card.properties()[*at].name == "TEL" &&
        upper(card.properties()[*at].parameter("VALUE")) == "URI")
        without.emplace_back("VALUE");
    card.set_value(*at, escaped(*value), without);
}

void write_component(Card& card, const Component& wanted, const Value& value) {
    const Index at = place_of(card, wanted);
    if (!at && is_blank(value)) return;
    std::vector<std::string> parts;
    if (at) parts = split_escaped(decoded(card.properties()[*at]), ';');
    if (parts.size() <= wanted.index) parts.resize(at ? wanted.index + 1 : wanted.count);
    parts[wanted.index] = value ? escaped(*value) : std::string();
    const bool empty = std::ranges::all_of(parts, &std::string::empty);
    // N must be there in version 3, empty or not.
    if (empty && wanted.property != "N") {
        if (at) card.erase(*at);
        return;
    }
    const std::string written = joined(parts, ';');
    if (at)
        card.set_value(*at, written, kEncodings);
    else
        card.add(head_for(wanted.property, wanted.property != "ADR"           ? ""
                                           : wanted.field.starts_with("work") ? "WORK"
                                                                              : "HOME"),
                 written);
}

void write_birthday(Card& card, const Value& value) {
    const Index at = card.find("BDAY");
    if (is_blank(value)) {
        if (at) card.erase(*at);
        return;
    }
    std::string date = *value;
    if (card.version() == "4.0") std::erase(date, '-');
    if (at)
        card.set_value(*at, date, {"VALUE", "X-APPLE-OMIT-YEAR"});
    else
        card.add("BDAY", date);
}

void write_categories(Card& card, const Value& value) {
    std::string list;
    if (!is_blank(value)) {
        const sdk::Json items = sdk::parse_json(*value, "categories");
        for (const sdk::Json& each : items) {
            if (!each.is_string()) continue;
            if (!list.empty()) list += ',';
            list += escaped(each.get_ref<const std::string&>());
        }
    }
    const Index first = card.find("CATEGORIES");
    for (std::size_t i = card.properties().size(); first && i-- > *first + 1;)
        if (card.properties()[i].name == "CATEGORIES") card.erase(i);
    if (list.empty()) {
        if (first) card.erase(*first);
    } else if (first) {
        card.set_value(*first, list, kEncodings);
    } else {
        card.add("CATEGORIES", list);
    }
}

/// FN is what phones show: it follows the name, and keeps what somebody put around it.
void rename(Card& card, const Values& before, const Values& after) {
    const auto name = [](const Values& values) {
        return display_name(values.at("family_name").value_or(""),
                            values.at("given_name").value_or(""));
    };
    const std::string was = name(before), is = name(after);
    if (was == is || is.empty()) return;
    const Index at = card.find("FN");
    std::string shown = before.at("formatted_name").value_or("");
    const auto found = was.empty() ? std::string::npos : shown.find(was);
    if (found == std::string::npos)
        shown = is;
    else
        shown.replace(found, was.size(), is);
    write_text(card, at, "FN", shown);
}

/// A second e-mail address without a first would be read as the first.
void keep_second_email(Card& card, const Values& after) {
    if (!is_blank(after.at("email")) || is_blank(after.at("secondary_email"))) return;
    const Index first = slot_of(card, "email");
    if (first && text_of(card, first) == after.at("secondary_email"))
        card.add_parameter(*first, std::string(kPin) + "=secondary_email");
}

std::string basic_instant(std::int64_t ms) {
    std::string text = sdk::format_instant(ms).substr(0, 19);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text + "Z";
}

/// A change with the place among the others at which it must be made. What is emptied comes after
/// what is filled, and what stands second before what stands first: taken away, the first would
/// leave its place to the second.
using Ordered = std::pair<std::string_view, const Value*>;
std::vector<Ordered> in_order(const Values& changes) {
    const auto rank = [](const Ordered& change) {
        if (!is_blank(*change.second)) return 0;
        const bool second = change.first == "secondary_email" || change.first == "other_phone" ||
                            change.first.starts_with("home_");
        return second ? 1 : 2;
    };
    std::vector<Ordered> out;
    for (const auto& [field, value] : changes) out.emplace_back(field, &value);
    std::ranges::stable_sort(out, {}, rank);
    return out;
}

void write_field(Card& card, std::string_view field, const Value& value) {
    for (const Component& each : kComponents)
        if (each.field == field) return write_component(card, each, value);
    for (const Plain& each : kPlain)
        if (each.field == field)
            return write_text(card, card.find(each.property), each.property, value);
    for (const Slot& each : slots())
        if (each.field == field)
            return write_text(card, slot_of(card, each.field), head_for(each.property, each.type),
                              value);
    if (field == "birthday") write_birthday(card, value);
    if (field == "categories") write_categories(card, value);
}

sdk::FieldSpec spec(const char* name, const char* type, const char* column, const char* en,
                    const char* zh, const char* group = "") {
    sdk::FieldSpec out;
    out.name = name;
    out.type = type;
    out.column_hint = column;
    out.label = {en, zh};
    out.group = group;
    return out;
}

void add_address(std::vector<sdk::FieldSpec>& out, const std::string& prefix,
                 const std::string& column, const std::string& en, const std::string& zh) {
    static constexpr std::array<std::array<const char*, 3>, 5> kParts{
        {{"street", "street", "街道"},
         {"city", "city", "城市"},
         {"state", "state", "省份"},
         {"zip", "code", "邮编"},
         {"country", "country", "国家"}}};
    for (const auto& part : kParts)
        out.push_back(spec((prefix + "_" + part[0]).c_str(), "text",
                           (column + "_" + part[0]).c_str(), (en + " " + part[1]).c_str(),
                           (zh + part[2]).c_str(), (column + "_address").c_str()));
}

}  // namespace

const std::vector<sdk::FieldSpec>& contact_fields() {
    static const std::vector<sdk::FieldSpec> all = [] {
        std::vector<sdk::FieldSpec> out{
            spec("family_name", "text", "last_name", "Family name", "姓", "name"),
            spec("given_name", "text", "first_name", "Given name", "名", "name"),
            spec("middle_name", "text", "middle_name", "Middle name", "中间名"),
            spec("name_prefix", "text", "salutation", "Name prefix", "称谓"),
            spec("name_suffix", "text", "name_suffix", "Name suffix", "名后缀"),
            spec("formatted_name", "text", "full_name", "Full name", "姓名"),
            spec("company", "text", "company", "Company", "公司"),
            spec("department", "text", "department", "Department", "部门"),
            spec("title", "text", "title", "Title", "职务"),
            spec("email", "email", "email", "E-mail", "邮箱"),
            spec("secondary_email", "email", "secondary_email", "Secondary e-mail", "备用邮箱"),
            spec("work_phone", "phone", "phone", "Phone", "电话"),
            spec("mobile_phone", "phone", "mobile", "Mobile", "手机"),
            spec("home_phone", "phone", "home_phone", "Home phone", "家庭电话"),
            spec("other_phone", "phone", "other_phone", "Other phone", "其他电话"),
            spec("fax", "phone", "fax", "Fax", "传真"),
            spec("birthday", "date", "date_of_birth", "Date of birth", "出生日期"),
            spec("url", "url", "website", "Website", "网站"),
            spec("categories", "list", "tags", "Categories", "标签"),
            spec("note", "longtext", "description", "Note", "备注"),
            spec("revision", "instant", "remote_modified_at", "Modified at", "修改时间"),
            spec(kUidField, "text", "", "UID", "唯一标识"),
        };
        add_address(out, "work", "mailing", "Work", "工作地址");
        add_address(out, "home", "other", "Home", "家庭地址");
        for (sdk::FieldSpec& each : out) {
            // FN follows the name.
            if (each.name == "formatted_name" || each.name == "revision") each.read_only = true;
            if (each.name == kUidField) each.create_only = each.unique = true;
        }
        return out;
    }();
    return all;
}

std::string uid_of(const Card& card) {
    return text_of(card, card.find("UID")).value_or("");
}

Values read_contact(const Card& card) {
    Values out;
    for (const Component& each : kComponents)
        out[std::string(each.field)] =
            component(components_of(card, place_of(card, each)), each.index);
    for (const Plain& each : kPlain)
        out[std::string(each.field)] = text_of(card, card.find(each.property));
    for (const Slot& each : slots())
        out[std::string(each.field)] = text_of(card, slot_of(card, each.field));
    // Companies, and people of programs that fill in nothing else.
    if (!out["family_name"] && !out["given_name"]) out["family_name"] = out["formatted_name"];
    out["birthday"] = birthday(card);
    out["categories"] = categories(card);
    out["revision"] = revision(card);
    out[kUidField] = text_of(card, card.find("UID"));
    return out;
}

bool would_lose_name(const Card& card, const Values& changes) {
    const Values before = read_contact(card);
    const auto blank = [&](const char* field, bool after) {
        const auto changed = changes.find(field);
        return is_blank(after && changed != changes.end() ? changed->second : before.at(field));
    };
    const auto nameless = [&](bool after) {
        return blank("family_name", after) && blank("given_name", after);
    };
    return nameless(true) && !nameless(false);
}

bool write_contact(Card& card, const Values& changes, std::int64_t now_ms) {
    const std::string version = card.version();
    if (version != "3.0" && version != "4.0") return false;
    const Values before = read_contact(card);
    Values after = before;
    bool changed = false;
    const bool nameless = std::ranges::all_of(components_of(card, card.find("N")),
                                              [](const auto& part) { return part.empty(); });
    for (const auto& [field, wanted] : in_order(changes)) {
        const Value& value = *wanted;
        const auto known = before.find(field);
        if (known == before.end() || field == "formatted_name" || field == "revision" ||
            field == kUidField)
            continue;
        if (known->second == value || (is_blank(known->second) && is_blank(value))) continue;
        // FN stood for the family name; beside a given name it must say so itself.
        if (nameless && field == "given_name" && !changes.contains("family_name"))
            write_field(card, "family_name", before.at("family_name"));
        write_field(card, field, value);
        after[std::string(field)] = value;
        changed = true;
    }
    if (!changed) return true;
    keep_second_email(card, after);
    rename(card, before, after);
    if (const Index at = card.find("REV")) card.set_value(*at, basic_instant(now_ms), {"VALUE"});
    return true;
}

Card new_contact(std::string_view uid, const Values& values, std::int64_t now_ms) {
    constexpr std::string_view text =
        "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Kontor//CardDAV//EN\r\nEND:VCARD\r\n";
    Card card = Card::parse(text);
    card.add("REV", basic_instant(now_ms));
    card.add("UID", escaped(uid));
    card.add("N", ";;;;");
    (void)write_contact(card, values, now_ms);
    // Both are required.
    if (!card.find("FN")) {
        const Values written = read_contact(card);
        std::string shown;
        for (const char* field : {"company", "email", "mobile_phone", "work_phone"})
            if (shown.empty()) shown = written.at(field).value_or("");
        card.add("FN", escaped(shown.empty() ? uid : shown));
    }
    return card;
}

}  // namespace kontor::carddav
