#include "sync/merge/lens.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

#include "sync/base/clock.hpp"
#include "sync/base/decimal.hpp"
#include "sync/base/utf8.hpp"

namespace kontor::merge {
namespace {

using remote::FieldType;

// Nobody types the first character: a text that begins with "local:" is a text.
constexpr std::string_view kSymbolic = "\x1Flocal:";
constexpr std::string_view kBroken = "\x1Flocal:?";  // no entity has such a name
constexpr const char* kNoReference = "is not a reference to a record";

std::size_t utf8_step(char lead) {
    const auto byte = static_cast<unsigned char>(lead);
    if (byte < 0x80) return 1;
    if (byte < 0xE0) return 2;
    return byte < 0xF0 ? 3 : 4;
}

// The first `characters` characters of `text`, and how many bytes they take.
std::size_t prefix_bytes(std::string_view text, int characters) {
    std::size_t at = 0;
    for (int n = 0; n < characters && at < text.size(); ++n) at += utf8_step(text[at]);
    return std::min(at, text.size());
}

bool is_han(std::string_view text) {
    // CJK unified ideographs lead with E3 90 … E9 BF in UTF-8; enough to tell a Chinese name.
    return text.size() >= 3 && static_cast<unsigned char>(text[0]) >= 0xE3 &&
           static_cast<unsigned char>(text[0]) <= 0xE9;
}

std::string number_text(const Value& value, int scale) {
    if (value.kind() == Kind::kInteger) return std::to_string(value.integer());
    return decimal_from_real(value.real(), scale);
}

// Of running text a remote may keep the beginning. Half an address or number is a wrong one: such
// values are not sent at all (see flaw_of).
bool cuts(const FieldMapping& field) {
    return field.max_length > 0 &&
           (field.type == FieldType::kText || field.type == FieldType::kLongText);
}

bool holds_text(FieldType type) {
    switch (type) {
        case FieldType::kDecimal:
        case FieldType::kReal:
        case FieldType::kInteger:
        case FieldType::kBoolean:
            return false;
        default:
            return true;
    }
}

double real_of(const std::string& canonical) {
    double real = 0;
    std::from_chars(canonical.data(), canonical.data() + canonical.size(), real);
    return real;
}

// A number in the one form that its type has. Columns hold numbers as they please: one of text, as
// it was made when the remote's field was of text too, has 12 as '12'; 3.0 typed by SQL is 3. What
// is no number stays what it is.
Value in_form_of(const FieldMapping& field, const Value& value) {
    const bool number = value.kind() == Kind::kInteger || value.kind() == Kind::kReal;
    const bool decimal = field.type == FieldType::kDecimal;
    if (decimal || holds_text(field.type)) {
        const int scale = decimal && field.scale > 0 ? field.scale : -1;
        return number ? Value(number_text(value, scale)) : value;
    }
    std::optional<std::string> written;
    if (value.kind() == Kind::kText) written = canonical_decimal(value.text());
    if (field.type == FieldType::kReal) {
        if (value.kind() == Kind::kInteger) return Value(static_cast<double>(value.integer()));
        return written ? Value(real_of(*written)) : value;
    }
    if (value.kind() == Kind::kReal && std::nearbyint(value.real()) == value.real() &&
        std::abs(value.real()) < 9e15)
        return Value(static_cast<std::int64_t>(value.real()));
    if (written && written->find('.') == std::string::npos) {
        std::int64_t whole = 0;
        const auto end = written->data() + written->size();
        if (std::from_chars(written->data(), end, whole) == std::from_chars_result{end, {}})
            return Value(whole);
    }
    return value;
}

// A column's value as the remote's type has it. Values of a wrong type stay what they are.
Value put_plain(const FieldMapping& field, const Value& column) {
    switch (field.type) {
        case FieldType::kDecimal:
            if (column.kind() == Kind::kText)
                if (auto canonical = canonical_decimal(column.text())) return Value(*canonical);
            break;
        case FieldType::kInstant:
            if (column.kind() == Kind::kText)
                if (auto at = parse_instant(column.text())) return Value(format_instant(*at));
            break;
        default:
            break;
    }
    if (is_cut(field, column))
        return Value(column.text().substr(0, prefix_bytes(column.text(), field.max_length)));
    return in_form_of(field, column);
}

Value get_plain(const FieldMapping& field, const Value& theirs, const Value& current) {
    if (theirs.kind() != Kind::kText) return theirs;
    if (field.type == FieldType::kDecimal) {
        const auto canonical = canonical_decimal(theirs.text());
        if (!canonical) return theirs;
        // As text: a REAL column turns it into a number where that is exact, a TEXT column (wide
        // decimals) keeps it. A number that is there is compared as one.
        const bool number = current.kind() == Kind::kReal || current.kind() == Kind::kInteger;
        if (!number || significant_digits(*canonical) > 15) return Value(*canonical);
        return Value(real_of(*canonical));
    }
    // The remote keeps `max_length` characters. If it changed within what it keeps, our tail beyond
    // that stays.
    if (cuts(field) && current.kind() == Kind::kText) {
        const auto kept = prefix_bytes(current.text(), field.max_length);
        const auto full = prefix_bytes(theirs.text(), field.max_length);
        const bool theirs_full = full == theirs.text().size() &&
                                 prefix_bytes(theirs.text(), field.max_length - 1) < full;
        if (kept < current.text().size() && theirs_full)
            return Value(theirs.text() + current.text().substr(kept));
    }
    return theirs;
}

/// Family names of two characters that are met today; every other one has one.
constexpr std::string_view kTwoCharacters[] = {
    "欧阳", "司马", "诸葛", "上官", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒",
    "端木", "东方", "独孤", "南宫", "呼延", "轩辕", "宇文", "长孙", "申屠", "澹台", "赫连",
    "濮阳", "淳于", "单于", "钟离", "闾丘", "西门", "拓跋", "公冶", "太史", "司空", "司寇",
    "歐陽", "司馬", "諸葛", "上官", "尉遲", "公孫", "獨孤", "長孫", "鍾離", "東方"};

// 欧阳修 is 欧阳 修; 东方 alone, or anything of two characters, is a name of one.
std::size_t family_name_bytes(std::string_view name) {
    const auto two = prefix_bytes(name, 2);
    const bool is_two =
        two < name.size() &&
        std::ranges::find(kTwoCharacters, name.substr(0, two)) != std::end(kTwoCharacters);
    return is_two ? two : prefix_bytes(name, 1);
}

Value full_name(const Value& first, const Value& last) {
    const std::string& f = first.text();
    const std::string& l = last.text();
    if (first.is_blank() && last.is_blank()) return Value::null();
    if (first.is_blank() || last.is_blank()) return Value(f + l);
    if (is_han(l) && is_han(f)) return Value(l + f);  // 姓 before 名, no space
    return Value(f + " " + l);
}

std::vector<Value> split_name(const Value& theirs, std::span<const Value> current) {
    if (theirs.kind() != Kind::kText) return {Value::null(), Value::null()};
    // A name that joins from what is here needs no guessing.
    if (full_name(current[0], current[1]) == theirs) return {current[0], current[1]};
    const std::string& text = theirs.text();
    if (is_han(text)) {
        // 欧阳 修: whoever has put a space between the two has said where the family name ends.
        if (const auto gap = text.find(' '); gap != std::string::npos && gap + 1 < text.size())
            return {Value(text.substr(gap + 1)), Value(text.substr(0, gap))};
        const auto family = family_name_bytes(text);
        if (family == text.size()) return {Value::null(), Value(text)};
        return {Value(text.substr(family)), Value(text.substr(0, family))};
    }
    const auto space = text.rfind(' ');
    if (space == std::string::npos) return {Value::null(), Value(text)};
    return {Value(text.substr(0, space)), Value(text.substr(space + 1))};
}

std::string remote_choice(const FieldMapping& field, const std::string& ours) {
    for (const auto& [theirs, here] : field.choices)
        if (here == ours) return theirs;
    return ours;
}

}  // namespace

bool is_cut(const FieldMapping& field, const Value& column) {
    return column.kind() == Kind::kText && cuts(field) &&
           prefix_bytes(column.text(), field.max_length) < column.text().size();
}

bool is_symbolic(const Value& value) {
    return value.kind() == Kind::kText && value.text().starts_with(kSymbolic) && !is_broken(value);
}

Value broken_reference(std::string_view text) {
    return Value(std::string(kBroken).append(text));
}

bool is_broken(const Value& value) {
    return value.kind() == Kind::kText && value.text().starts_with(kBroken);
}

Value symbolic_reference(std::string_view entity, std::int64_t record) {
    return Value(std::string(kSymbolic).append(entity) + ":" + std::to_string(record));
}

std::string_view named_by_symbol(const Value& symbol) {
    if (!is_symbolic(symbol)) return {};
    return std::string_view(symbol.text()).substr(kSymbolic.size());
}

Value readable(const Value& value) {
    if (is_broken(value)) return Value(value.text().substr(kBroken.size()));
    return is_symbolic(value) ? Value(value.text().substr(1)) : value;
}

Value from_remote(const FieldMapping& field, const ValueView& theirs) {
    return in_form_of(field, Value(theirs));
}

bool is_identity(const FieldMapping& field) {
    return field.lens == LensKind::kPlain && field.type != FieldType::kDecimal;
}

bool keeps_value(const FieldMapping& field, const ValueView& theirs) {
    if (field.lens != LensKind::kPlain) return false;
    if (field.type == FieldType::kDecimal)
        return theirs.kind == Kind::kInteger || theirs.kind == Kind::kNull ||
               (theirs.kind == Kind::kText && is_canonical_decimal(theirs.text));
    if (theirs.kind != Kind::kText || !cuts(field) ||
        theirs.text.size() <= static_cast<std::size_t>(field.max_length))
        return true;
    return prefix_bytes(theirs.text, field.max_length) == theirs.text.size();
}

namespace {

/// What is sent for a "Stream:id". The column may lead to a record that the field cannot hold.
Value bare_id(const FieldMapping& field, std::string_view column, Value named) {
    if (named.kind() != Kind::kText || is_symbolic(named)) return named;
    for (const auto& stream : field.references)
        if (const std::string_view text = named.text();
            text.starts_with(stream) && text.substr(stream.size()).starts_with(':'))
            return Value(text.substr(stream.size() + 1));
    return broken_reference(column);
}

}  // namespace

Value put(const FieldMapping& field, std::span<const Value> columns, const References& references) {
    const Value& first = columns.front();
    switch (field.lens) {
        case LensKind::kPlain:
            return put_plain(field, first);
        case LensKind::kChoiceMap:
            return first.kind() == Kind::kText ? Value(remote_choice(field, first.text())) : first;
        case LensKind::kFullName:
            return full_name(columns[0], columns[1]);
        case LensKind::kReference:
            if (first.is_blank()) return Value::null();
            if (first.kind() == Kind::kText) return broken_reference(first.text());
            if (first.kind() != Kind::kInteger) return first;
            return references.remote_id(first.integer(), field.references, nullptr);
        case LensKind::kAnyReference:
            if (first.kind() != Kind::kText || first.text().empty()) return Value::null();
            return references.remote_any(first.text());
        case LensKind::kOneReference:
            if (first.kind() != Kind::kText || first.text().empty()) return Value::null();
            return bare_id(field, first.text(), references.remote_any(first.text()));
    }
    return first;
}

Got get(const FieldMapping& field, const Value& theirs, std::span<const Value> current,
        const References& references) {
    switch (field.lens) {
        case LensKind::kPlain:
            return {{get_plain(field, theirs, current.front())}, false};
        case LensKind::kChoiceMap: {
            if (theirs.kind() != Kind::kText) return {{theirs}, false};
            const auto found = field.choices.find(theirs.text());
            return {{found == field.choices.end() ? theirs : Value(found->second)}, false};
        }
        case LensKind::kFullName:
            return {split_name(theirs, current), false};
        case LensKind::kReference: {
            if (theirs.kind() != Kind::kText || theirs.text().empty())
                return {{Value::null()}, false};
            const auto local = references.local_id(theirs.text(), field.references);
            if (!local) return {{}, true};
            return {{Value(*local)}, false};
        }
        case LensKind::kAnyReference: {
            if (theirs.kind() != Kind::kText || theirs.text().empty())
                return {{Value::null()}, false};
            const auto local = references.local_any(theirs.text());
            if (!local) return {{}, true};
            return {{Value(*local)}, false};
        }
        case LensKind::kOneReference: {
            if (theirs.kind() != Kind::kText || theirs.text().empty())
                return {{Value::null()}, false};
            for (const auto& stream : field.references)
                if (const auto local = references.local_any(stream + ":" + theirs.text()))
                    return {{Value(*local)}, false};
            return {{}, true};
        }
    }
    return {{theirs}, false};
}

std::string sendable(const FieldMapping& field, const Value& value) {
    if (is_symbolic(value)) return "refers to a record that does not exist there yet";
    if (is_broken(value)) return kNoReference;
    if (value.is_null()) return "";
    switch (field.type) {
        case FieldType::kDecimal:
            if (value.kind() == Kind::kText && canonical_decimal(value.text())) return "";
            return "is not a number";
        case FieldType::kInteger:
            return value.kind() == Kind::kInteger ? "" : "is not a whole number";
        case FieldType::kBoolean:
            return value == Value(std::int64_t{0}) || value == Value(std::int64_t{1})
                       ? ""
                       : "is neither 0 (no) nor 1 (yes)";
        case FieldType::kReal:
            return value.kind() == Kind::kReal ? "" : "is not a number";
        case FieldType::kInstant:
            if (value.kind() == Kind::kText && parse_instant(value.text())) return "";
            return "is not an instant such as 2026-05-20T10:00:00Z";
        case FieldType::kDate:
            if (value.kind() == Kind::kText && parse_instant(value.text() + "T00:00:00Z"))
                return "";
            return "is not a date such as 2026-05-20";
        case FieldType::kReference:
            return value.kind() == Kind::kText ? "" : kNoReference;
        default:
            if (value.kind() != Kind::kText) return "is not text";
            // A program that wrote GBK by plain SQL, or bytes: it would arrive as other characters.
            return is_utf8(value.text()) ? "" : "is not text in UTF-8";
    }
}

}  // namespace kontor::merge
