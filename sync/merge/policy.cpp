#include "sync/merge/policy.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "sync/base/decimal.hpp"

namespace kontor::merge {
namespace {

using Kind = Decision::Kind;

Decision made(Kind kind, std::string rule) {
    return {.kind = kind, .merged = {}, .rule = std::move(rule)};
}

// The merged values, said more simply where they are one of the sides.
Decision merged(GroupValues values, const GroupValues& ours, const GroupValues& theirs,
                std::string_view rule) {
    if (values == theirs) return made(Kind::kTheirs, std::string(rule));
    if (values == ours) return made(Kind::kOurs, std::string(rule));
    return {.kind = Kind::kMerged, .merged = std::move(values), .rule = std::string(rule)};
}

Decision newest(Policy fallback, const std::optional<GroupValues>& base, const GroupValues& ours,
                const GroupValues& theirs, const Timing& timing, bool unsettled, bool theirs_owns) {
    if (timing.ours && timing.theirs_until &&
        *timing.ours - timing.uncertainty > *timing.theirs_until)
        return made(Kind::kOurs, "newest:ours");
    if (timing.ours && timing.theirs_after &&
        *timing.ours + timing.uncertainty < *timing.theirs_after)
        return made(Kind::kTheirs, "newest:theirs");
    if (fallback == Policy::kNewest) return made(Kind::kPark, "newest:unclear");
    Decision decision =
        decide(fallback, Policy::kManual, base, ours, theirs, timing, unsettled, theirs_owns);
    decision.rule = "newest:unclear>" + decision.rule;
    return decision;
}

std::optional<std::set<std::string>> as_set(const Value& value) {
    if (value.is_blank()) return std::set<std::string>{};
    if (value.kind() != kontor::Kind::kText) return std::nullopt;
    const auto list = nlohmann::json::parse(value.text(), nullptr, false);
    if (!list.is_array()) return std::nullopt;
    std::set<std::string> out;
    for (const auto& item : list) {
        if (!item.is_string()) return std::nullopt;
        out.insert(item.get<std::string>());
    }
    return out;
}

// Three-way: what either side added is in, what either side removed is out.
std::optional<Value> union_of(const Value& base, const Value& ours, const Value& theirs) {
    const auto b = as_set(base), o = as_set(ours), t = as_set(theirs);
    if (!b || !o || !t) return std::nullopt;
    std::set<std::string> out;
    for (const auto& item : *o)
        if (t->contains(item) || !b->contains(item)) out.insert(item);
    for (const auto& item : *t)
        if (o->contains(item) || !b->contains(item)) out.insert(item);
    if (out.empty()) return Value::null();
    return Value(nlohmann::json(out).dump());
}

std::optional<std::string> number(const Value& value) {
    switch (value.kind()) {
        case kontor::Kind::kInteger:
            return std::to_string(value.integer());
        case kontor::Kind::kReal:
            return decimal_from_real(value.real(), -1);
        case kontor::Kind::kText:
            return canonical_decimal(value.text());
        default:
            return std::nullopt;
    }
}

// <0, 0, >0, or nullopt if the two cannot be ordered. Dates and instants order as text.
std::optional<int> order(const Value& a, const Value& b) {
    const auto x = number(a), y = number(b);
    if (x && y) return compare_decimals(*x, *y);
    if (a.kind() == kontor::Kind::kText && b.kind() == kontor::Kind::kText)
        return a.text().compare(b.text());
    return std::nullopt;
}

std::optional<Value> larger(const Value& ours, const Value& theirs, int sign) {
    if (ours.is_null()) return theirs;
    if (theirs.is_null()) return ours;
    const auto result = order(ours, theirs);
    if (!result) return std::nullopt;
    return *result * sign >= 0 ? ours : theirs;
}

// For consent: 1 (opted out, do not contact) protects more than 0, and anything more than null.
std::optional<Value> more_protective(const Value& ours, const Value& theirs) {
    return larger(ours, theirs, 1);
}

std::optional<Value> appended(const Value& base, const Value& ours, const Value& theirs) {
    // The field may have become one of numbers at the remote: those have no text.
    const auto is_text = [](const Value& value) {
        return value.is_null() || value.kind() == kontor::Kind::kText;
    };
    if (!is_text(base) || !is_text(ours) || !is_text(theirs)) return std::nullopt;
    const std::string& b = base.text();
    const std::string& o = ours.text();
    const std::string& t = theirs.text();
    if (!o.starts_with(b) || !t.starts_with(b)) return std::nullopt;
    const std::string ours_new = o.substr(b.size()), theirs_new = t.substr(b.size());
    // The remote's addition first: it is what its users have already read in that place.
    const std::string gap = theirs_new.ends_with('\n') || ours_new.starts_with('\n') ? "" : "\n";
    return Value(b + theirs_new + gap + ours_new);
}

template <class Number>
std::optional<Value> read(const std::string& text) {
    Number number{};
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, number);
    if (error != std::errc{} || end != last) return std::nullopt;
    return Value(number);
}

std::optional<Value> sum(const Value& base, const Value& ours, const Value& theirs) {
    const Value zero(std::int64_t{0});
    const auto b = number(base.is_null() ? zero : base), o = number(ours.is_null() ? zero : ours),
               t = number(theirs.is_null() ? zero : theirs);
    if (!b || !o || !t) return std::nullopt;
    const auto total = add_subtract(*o, *t, *b);
    if (!total) return std::nullopt;
    const Value& form = !theirs.is_null() ? theirs : !ours.is_null() ? ours : base;
    if (form.kind() == kontor::Kind::kInteger) return read<std::int64_t>(*total);
    if (form.kind() == kontor::Kind::kReal) return read<double>(*total);
    return Value(*total);
}

template <class Merge>
Decision each(const std::optional<GroupValues>& base, const GroupValues& ours,
              const GroupValues& theirs, std::string_view rule, Merge merge) {
    GroupValues out;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        const auto value = merge(base ? (*base)[i] : Value::null(), ours[i], theirs[i]);
        if (!value) return made(Kind::kPark, std::string(rule) + ":unfit");
        out.push_back(*value);
    }
    return merged(std::move(out), ours, theirs, rule);
}

}  // namespace

Decision decide(Policy policy, Policy fallback, const std::optional<GroupValues>& base,
                const GroupValues& ours, const GroupValues& theirs, const Timing& timing,
                bool unsettled, bool theirs_owns) {
    switch (policy) {
        case Policy::kManual:
            return made(Kind::kPark, "manual");
        case Policy::kRemote:
            return made(Kind::kTheirs, "remote");
        case Policy::kLocal:
            return made(Kind::kOurs, "local");
        case Policy::kNewest:
            return newest(fallback, base, ours, theirs, timing, unsettled, theirs_owns);
        case Policy::kUnion:
            return each(base, ours, theirs, "union", union_of);
        case Policy::kMax:
            return each(
                base, ours, theirs, "max",
                [](const Value&, const Value& o, const Value& t) { return larger(o, t, 1); });
        case Policy::kMin:
            return each(
                base, ours, theirs, "min",
                [](const Value&, const Value& o, const Value& t) { return larger(o, t, -1); });
        case Policy::kRestrictive:
            return each(
                base, ours, theirs, "restrictive",
                [](const Value&, const Value& o, const Value& t) { return more_protective(o, t); });
        case Policy::kAppend:
            if (unsettled) return made(Kind::kWait, "append:unsettled");
            if (!base) return made(Kind::kPark, "append:no_base");
            return each(base, ours, theirs, "append", appended);
        case Policy::kSum:
            if (unsettled) return made(Kind::kWait, "sum:unsettled");
            if (!base) return made(Kind::kPark, "sum:no_base");
            return each(base, ours, theirs, "sum", sum);
        case Policy::kOwner:
            return theirs_owns ? made(Kind::kTheirs, "owner:theirs")
                               : made(Kind::kOurs, "owner:ours");
    }
    return made(Kind::kPark, "manual");
}

}  // namespace kontor::merge
