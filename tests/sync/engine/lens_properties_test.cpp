// What must hold of lenses, decimals and stored values, whatever the values: the laws that keep
// replica and remote from pushing a value to and fro. See merge_properties_test.cpp for the cases.
#include <rapidcheck/catch.h>

#include <array>
#include <catch2/catch.hpp>
#include <cmath>

#include "sync/base/decimal.hpp"
#include "sync/merge/lens.hpp"
#include "sync/merge/validate.hpp"
#include "tests/sync/engine/merge_cases.hpp"

using namespace kontor;
using namespace kontor::merge;
using namespace kontor::test;

namespace {

using remote::FieldType;

/// Local records 1 to 3 are C1 to C3 there; 4 is not there yet.
class FewLinks final : public References {
public:
    Value remote_id(std::int64_t local_id, std::span<const std::string>,
                    std::string*) const override {
        if (local_id >= 1 && local_id <= 3) return Value("C" + std::to_string(local_id));
        return local_id == 4 ? symbolic_reference("contact", 4) : Value::null();
    }
    Value remote_any(std::string_view text) const override {
        const auto colon = text.find(':');
        if (colon == std::string_view::npos) return Value::null();
        if (text.substr(colon) == ":4") return symbolic_reference(text.substr(0, colon), 4);
        return Value("Contacts:C" + std::string(text.substr(colon + 1)));
    }
    std::optional<std::int64_t> local_id(std::string_view id,
                                         std::span<const std::string>) const override {
        if (id.size() == 2 && id[0] == 'C' && id[1] >= '1' && id[1] <= '3') return id[1] - '0';
        return std::nullopt;
    }
    std::optional<std::string> local_any(std::string_view text) const override {
        if (!text.starts_with("Contacts:C")) return std::nullopt;
        return "contact:" + std::string(text.substr(10));
    }
};

const FewLinks kLinks;

constexpr std::array kTypes{
    FieldType::kText,      FieldType::kLongText, FieldType::kEmail,   FieldType::kPhone,
    FieldType::kUrl,       FieldType::kInteger,  FieldType::kReal,    FieldType::kDecimal,
    FieldType::kBoolean,   FieldType::kDate,     FieldType::kInstant, FieldType::kChoice,
    FieldType::kReference, FieldType::kList,     FieldType::kJson,    FieldType::kFile};

/// A field with any lens, values on both sides, some of which do not fit it.
struct LensCase {
    FieldMapping field;
    Value theirs;
    std::vector<Value> columns;
};

Value any_name(Draw& draw) {
    static const std::vector<Value> all{Value::null(),  Value(""),        Value("Ada"),
                                        Value("Lee"),   Value("van"),     Value("Ada Maria"),
                                        Value("三"),    Value("张"),      Value("欧阳"),
                                        Value("小 明"), Value("张 John"), Value("de la Cruz")};
    return all[draw.below(all.size())];
}

Value any_reference(Draw& draw) {
    switch (draw.below(5)) {
        case 0:
            return Value::null();
        case 1:
            return Value("not one");
        default:
            return Value(static_cast<std::int64_t>(1 + draw.below(5)));
    }
}

LensCase lens_case(std::uint64_t first, std::uint64_t second) {
    Draw draw(first, second);
    LensCase out;
    FieldMapping& field = out.field;
    field.remote = "F";
    field.columns = {"c"};
    const auto lens = draw.below(8);  // the plain one more often: it has most types
    field.lens = lens < 6 ? static_cast<LensKind>(lens) : LensKind::kPlain;
    field.type = kTypes[draw.below(kTypes.size())];
    field.max_length = static_cast<int>(draw.below(4));
    field.scale = static_cast<int>(draw.below(3));
    field.references = {"Contacts"};
    field.choices = {{"A", "ab"}, {"B", "上海"}};
    switch (field.lens) {
        case LensKind::kFullName: {
            field.type = FieldType::kText;
            out.theirs = any_name(draw);
            out.columns = {any_name(draw), any_name(draw)};
            return out;
        }
        case LensKind::kReference:
            field.type = FieldType::kReference;
            out.columns = {any_reference(draw)};
            out.theirs =
                draw.one_in(4) ? Value::null() : Value("C" + std::to_string(1 + draw.below(5)));
            return out;
        case LensKind::kAnyReference:
            out.columns = {draw.one_in(4) ? Value::null()
                                          : Value("contact:" + std::to_string(1 + draw.below(4)))};
            out.theirs = draw.one_in(4) ? Value::null()
                                        : Value("Contacts:C" + std::to_string(1 + draw.below(3)));
            return out;
        case LensKind::kOneReference:
            field.type = FieldType::kReference;
            out.columns = {draw.one_in(4) ? Value::null()
                                          : Value("contact:" + std::to_string(1 + draw.below(4)))};
            out.theirs =
                draw.one_in(4) ? Value::null() : Value("C" + std::to_string(1 + draw.below(3)));
            return out;
        case LensKind::kChoiceMap:
            field.type = FieldType::kChoice;
            out.theirs = draw.one_in(2) ? Value("A") : Value("B");
            out.columns = {any_value(draw, Flavour::kTexts)};
            return out;
        case LensKind::kPlain:
            out.theirs = any_value(draw, Flavour::kAny);
            out.columns = {any_value(draw, Flavour::kAny)};
            return out;
    }
    return out;
}

void showValue(const LensCase& one, std::ostream& out) {  // NOLINT: RapidCheck's name
    out << "lens " << static_cast<int>(one.field.lens) << " of " << to_string(one.field.type)
        << " max " << one.field.max_length << " scale " << one.field.scale << " theirs "
        << shown(one.theirs) << " columns " << shown(one.columns);
}

/// True if the remote could hold it: then only it is sent, and comes back.
bool fits(const FieldMapping& field, const Value& value) {
    return !flaw_of(field, nullptr, value);
}

bool is_han_with_space(const Value& name) {
    return name == Value("小 明") || name == Value("张 John");
}

/// As long as no table has turned them into one form, numbers count as equal in any.
bool same(const Value& a, const Value& b) {
    const auto number = [](const Value& value) -> std::optional<std::string> {
        if (value.kind() == Kind::kInteger) return std::to_string(value.integer());
        if (value.kind() == Kind::kReal) return decimal_from_real(value.real(), -1);
        return value.kind() == Kind::kText ? canonical_decimal(value.text()) : std::nullopt;
    };
    if (a == b || (a.is_blank() && b.is_blank())) return true;
    const auto x = number(a), y = number(b);
    return x && y && *x == *y;
}

/// Decimal numbers as people and remotes write them.
struct Decimal {
    std::string text;
};
Decimal decimal(std::uint64_t first, std::uint64_t second) {
    Draw draw(first, second);
    std::string out = draw.one_in(2) ? "-" : "";
    out += std::to_string(draw.below(3) == 0 ? 0 : draw.below(10'000'000'000));
    if (draw.one_in(2)) out += "." + std::to_string(draw.below(100'000));
    if (draw.one_in(4)) out.insert(out.starts_with('-') ? 1 : 0, "00");
    if (draw.one_in(4)) out += "e" + std::to_string(static_cast<int>(draw.below(40)) - 20);
    return {out};
}
void showValue(const Decimal& one, std::ostream& out) {  // NOLINT
    out << one.text;
}

}  // namespace

namespace rc {
template <>
struct Arbitrary<LensCase> {
    static Gen<LensCase> arbitrary() { return from_words(lens_case); }
};
template <>
struct Arbitrary<Decimal> {
    static Gen<Decimal> arbitrary() { return from_words(decimal); }
};
}  // namespace rc

TEST_CASE("lenses", "[merge][properties]") {
    rc::prop("translate every value, also one that does not fit", [](const LensCase& one) {
        const auto out = put(one.field, one.columns, kLinks);
        RC_ASSERT(!out.is_absent());
        const auto got = get(one.field, one.theirs, one.columns, kLinks);
        RC_ASSERT(got.waits == got.columns.empty());
        if (!got.waits) RC_ASSERT(got.columns.size() == one.columns.size());
        static_cast<void>(flaw_of(one.field, nullptr, out));
    });

    // Else what has just been pulled would be pushed back.
    rc::prop("GetPut: what was taken from the remote maps to what it shows",
             [](const LensCase& one) {
                 const FieldMapping& field = one.field;
                 const auto theirs = from_remote(field, one.theirs.view());
                 RC_PRE(fits(field, theirs));
                 const auto got = get(field, theirs, one.columns, kLinks);
                 if (got.waits) return;
                 // A Chinese name written with a space is joined without one: the two forms are
                 // remembered, as any that cannot be told apart here.
                 if (field.lens == LensKind::kFullName && is_han_with_space(theirs)) {
                     for (const Value& part : got.columns)
                         RC_ASSERT(got.columns == one.columns ||
                                   part.text().find(' ') == std::string::npos);
                     return;
                 }
                 const auto back = put(field, got.columns, kLinks);
                 // A text longer than the remote says to keep is cut in the same way there.
                 if (field.max_length > 0 && theirs.kind() == Kind::kText &&
                     theirs.text().size() > static_cast<std::size_t>(field.max_length))
                     return;
                 RC_ASSERT(same(back, theirs));
             });

    // Else an edit would change as it comes back from the remote.
    rc::prop(
        "PutGet: what the remote was told comes back as what stands here", [](const LensCase& one) {
            const auto told = put(one.field, one.columns, kLinks);
            RC_PRE(fits(one.field, told));
            const auto got = get(one.field, told, one.columns, kLinks);
            RC_ASSERT(!got.waits);
            RC_ASSERT(same(put(one.field, got.columns, kLinks), told));
            const bool instant = one.field.type == FieldType::kInstant;
            const bool rounded = one.field.type == FieldType::kReal ||
                                 (one.field.type == FieldType::kDecimal && one.field.scale > 0);
            const bool dangling = told.is_null() && one.field.lens == LensKind::kReference;
            if (instant || rounded || dangling) return;
            for (std::size_t i = 0; i < got.columns.size(); ++i)
                RC_ASSERT(same(got.columns[i], one.columns[i]));
        });

    rc::prop("the same value from the remote changes nothing the second time",
             [](const LensCase& one) {
                 RC_PRE(one.theirs != Value("\xff\xfe"));  // the host lets only UTF-8 through
                 const auto first = get(one.field, one.theirs, one.columns, kLinks);
                 if (first.waits) return;
                 const auto second = get(one.field, one.theirs, first.columns, kLinks);
                 RC_ASSERT(!second.waits);
                 for (std::size_t i = 0; i < first.columns.size(); ++i)
                     RC_ASSERT(same(first.columns[i], second.columns[i]));
             });

    rc::prop("what a load takes as it came maps back to just that", [](const LensCase& one) {
        RC_PRE(one.field.lens == LensKind::kPlain);
        RC_PRE(keeps_value(one.field, one.theirs.view()));
        const auto theirs = from_remote(one.field, one.theirs.view());
        RC_PRE(fits(one.field, theirs));
        const std::vector<Value> column{theirs};
        RC_ASSERT(same(put(one.field, column, kLinks), theirs));
    });

    rc::prop("a record that is not there yet is named, and not sent", [](const LensCase& one) {
        RC_PRE(one.field.lens == LensKind::kReference);
        const auto out = put(one.field, one.columns, kLinks);
        const bool new_here = one.columns.front() == Value(std::int64_t{4});
        RC_ASSERT(is_symbolic(out) == new_here);
        if (new_here || one.columns.front().kind() == Kind::kText)
            RC_ASSERT(!sendable(one.field, out).empty());
    });
}

TEST_CASE("decimals", "[merge][properties]") {
    rc::prop("have one canonical form", [](const Decimal& one) {
        const auto canonical = canonical_decimal(one.text);
        RC_ASSERT(canonical.has_value());
        RC_ASSERT(canonical_decimal(*canonical) == canonical);
        RC_ASSERT(is_canonical_decimal(*canonical));
        RC_ASSERT(is_canonical_decimal(one.text) == (one.text == *canonical));
    });

    rc::prop("add exactly", [](const Decimal& a, const Decimal& b) {
        const auto sum = add_subtract(a.text, b.text, "0");
        RC_ASSERT(sum.has_value());
        RC_ASSERT(sum == add_subtract(b.text, a.text, "0"));
        RC_ASSERT(add_subtract(*sum, "0", b.text) == canonical_decimal(a.text));
    });

    rc::prop("are ordered, as their differences say", [](const Decimal& a, const Decimal& b) {
        const auto x = *canonical_decimal(a.text), y = *canonical_decimal(b.text);
        const int order = compare_decimals(x, y);
        RC_ASSERT((order > 0) == (compare_decimals(y, x) < 0));
        RC_ASSERT((order == 0) == (x == y));
        const auto difference = *add_subtract(x, "0", y);
        RC_ASSERT((order < 0) == difference.starts_with('-'));
    });

    rc::prop("of 15 digits survive a double", [](const Decimal& one) {
        const auto canonical = *canonical_decimal(one.text);
        RC_PRE(significant_digits(canonical) <= 15);
        RC_ASSERT(decimal_from_real(std::stod(canonical), -1) == canonical);
    });

    rc::prop("are asked of any text without harm", [](const std::string& text) {
        const auto canonical = canonical_decimal(text);
        RC_ASSERT(is_canonical_decimal(text) == (canonical == std::optional(text)));
    });
}

TEST_CASE("stored values", "[merge][properties]") {
    rc::prop("are read as they were written", [](const MergeCase& one) {
        RC_ASSERT(decode(encode(one.input.local)) == std::optional(one.input.local));
    });

    rc::prop("have equal bytes just where they are equal", [](const MergeCase& one) {
        const auto &a = one.input.local, &b = one.input.remote;
        RC_ASSERT((encode(a) == encode(b)) == (a == b));
    });

    rc::prop("are not read from anything else", [](const std::string& bytes) {
        if (const auto values = decode(bytes)) RC_ASSERT(encode(*values) == bytes);
    });
}
