#include "tests/sync/engine/merge_cases.hpp"

#include <array>
#include <ostream>
#include <span>

namespace kontor::test {
namespace {

using merge::GroupInput;
using merge::GroupValues;
using merge::Policy;

const std::vector<Value>& numbers() {
    static const std::vector<Value> all{Value::null(),
                                        Value(std::int64_t{0}),
                                        Value(std::int64_t{1}),
                                        Value(std::int64_t{-7}),
                                        Value(INT64_MAX),
                                        Value(INT64_MIN),
                                        Value(0.0),
                                        Value(-0.0),
                                        Value(1.0),
                                        Value(2.5),
                                        Value(-1e300),
                                        Value(0.1),
                                        Value("1"),
                                        Value("1.0"),
                                        Value("-2.50"),
                                        Value("1e3"),
                                        Value("99999999999999999999.01")};
    return all;
}
const std::vector<Value>& lists() {
    static const std::vector<Value> all{Value::null(),         Value(""),
                                        Value("[]"),           Value(R"(["a"])"),
                                        Value(R"(["b"])"),     Value(R"(["a","b"])"),
                                        Value(R"(["b","a"])"), Value(R"(["a","b","c"])"),
                                        Value(R"(["c"])"),     Value(R"(["a","a"])")};
    return all;
}
const std::vector<Value>& texts() {
    static const std::vector<Value> all{Value::null(),
                                        Value(""),
                                        Value("a"),
                                        Value("ab"),
                                        Value("abc"),
                                        Value("abd"),
                                        Value("ab\n"),
                                        Value("上海"),
                                        Value("上海客户"),
                                        Value("\xff\xfe"),
                                        Value("[1]"),
                                        Value("{\"a\""),
                                        merge::symbolic_reference("contact", 7)};
    return all;
}
const std::vector<Value>& dates() {
    static const std::vector<Value> all{Value::null(), Value("2026-05-20"), Value("2026-05-21"),
                                        Value("2026-05-20T10:00:00.000Z"),
                                        Value("2026-05-20T10:00:00.001Z")};
    return all;
}

constexpr std::array kPolicies{Policy::kManual, Policy::kRemote,      Policy::kLocal,
                               Policy::kNewest, Policy::kUnion,       Policy::kMax,
                               Policy::kMin,    Policy::kRestrictive, Policy::kAppend,
                               Policy::kSum,    Policy::kOwner};

std::optional<Instant> any_instant(Draw& draw) {
    const auto start = *parse_instant("2026-05-20T10:00:00Z");
    const auto n = draw.below(4);
    if (n == 3) return std::nullopt;
    return start + std::chrono::seconds{3 * n};
}

}  // namespace

std::size_t Draw::below(std::size_t bound) {
    std::uint64_t& word = words_[at_ ^= 1];
    const auto out = static_cast<std::size_t>(word % bound);
    word /= bound;
    return out;
}

Value any_value(Draw& draw, Flavour flavour) {
    static const std::array<const std::vector<Value>*, 4> kPools{&numbers(), &lists(), &texts(),
                                                                 &dates()};
    const auto& pool = *(flavour == Flavour::kAny ? kPools[draw.below(4)]
                                                  : kPools[static_cast<std::size_t>(flavour) - 1]);
    return pool[draw.below(pool.size())];
}

MergeCase merge_case(std::uint64_t first, std::uint64_t second) {
    Draw draw(first, second);
    GroupInput in;
    in.policy = kPolicies[draw.below(kPolicies.size())];
    in.fallback = kPolicies[draw.below(kPolicies.size())];
    in.direction = static_cast<merge::Direction>(draw.below(3));
    in.parked = draw.one_in(4);
    in.unsettled = draw.one_in(4);
    in.theirs_owns = draw.one_in(2);
    in.timing = {.ours = any_instant(draw),
                 .theirs_after = any_instant(draw),
                 .theirs_until = any_instant(draw)};
    const bool known = !draw.one_in(4);
    if (known) in.known.emplace();
    const auto flavour = static_cast<Flavour>(draw.below(5));
    for (std::size_t fields = 1 + draw.below(2); fields > 0; --fields) {
        const std::array pool{any_value(draw, flavour), any_value(draw, flavour),
                              any_value(draw, flavour)};
        if (known) in.known->theirs.push_back(pool[draw.below(3)]);
        if (known) in.known->ours.push_back(pool[draw.below(3)]);
        in.local.push_back(pool[draw.below(3)]);
        in.remote.push_back(pool[draw.below(3)]);
    }
    return {std::move(in)};
}

TwoEdits two_edits(std::uint64_t first, std::uint64_t second) {
    Draw draw(first, second);
    static constexpr std::array kInAnyOrder{Policy::kUnion, Policy::kMax, Policy::kMin,
                                            Policy::kRestrictive, Policy::kSum};
    TwoEdits out;
    out.policy = kInAnyOrder[draw.below(kInAnyOrder.size())];
    // A field holds numbers of one form.
    static const std::vector<Value> integers{Value::null(),          Value(std::int64_t{0}),
                                             Value(std::int64_t{1}), Value(std::int64_t{-7}),
                                             Value(INT64_MAX),       Value(INT64_MIN)};
    static const std::vector<Value> reals{Value::null(), Value(0.0), Value(-0.0),
                                          Value(0.1),    Value(2.5), Value(-3.75)};
    static const std::vector<Value> decimals{Value::null(),
                                             Value("0"),
                                             Value("1"),
                                             Value("1.0"),
                                             Value("-2.50"),
                                             Value("1e3"),
                                             Value("99999999999999999999.01")};
    const std::vector<Value>* pool = &lists();
    if (out.policy != Policy::kUnion) {
        const std::array pools{&integers, &reals, &decimals, &dates()};
        pool = pools[draw.below(out.policy == Policy::kSum ? 3 : 4)];
    }
    for (Value* value : {&out.base, &out.one, &out.other})
        *value = (*pool)[draw.below(pool->size())];
    return out;
}

std::string shown(const Value& value) {
    switch (value.kind()) {
        case Kind::kAbsent:
            return "absent";
        case Kind::kNull:
            return "null";
        case Kind::kInteger:
            return std::to_string(value.integer());
        case Kind::kReal:
            return std::to_string(value.real()) + " (real)";
        case Kind::kText:
            return "'" + value.text() + "'";
    }
    return "?";
}

std::string shown(const GroupValues& values) {
    std::string out;
    for (const Value& value : values) out += (out.empty() ? "" : ", ") + shown(value);
    return "(" + out + ")";
}

void showValue(const MergeCase& one, std::ostream& out) {
    const GroupInput& in = one.input;
    out << merge::to_string(in.policy) << ">" << merge::to_string(in.fallback) << " direction "
        << static_cast<int>(in.direction) << (in.parked ? " parked" : "")
        << (in.unsettled ? " unsettled" : "") << (in.theirs_owns ? " theirs owns" : "");
    if (in.known)
        out << " known theirs " << shown(in.known->theirs) << " ours " << shown(in.known->ours);
    out << " local " << shown(in.local) << " remote " << shown(in.remote);
}

void showValue(const TwoEdits& one, std::ostream& out) {
    out << merge::to_string(one.policy) << " of " << shown(one.base) << ": " << shown(one.one)
        << " and " << shown(one.other);
}

}  // namespace kontor::test
