// What must hold of the merge whatever the values: properties, on cases that RapidCheck draws. How
// many is in RC_PARAMS (CMakeLists.txt); without it, a hundred of each.
#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "sync/base/decimal.hpp"
#include "sync/merge/matching.hpp"
#include "sync/merge/oscillation.hpp"
#include "tests/sync/engine/merge_cases.hpp"

using namespace kontor;
using namespace kontor::merge;
using namespace kontor::test;

namespace {

using Action = GroupOutcome::Action;

bool decides(const GroupOutcome& outcome) {
    return outcome.action == Action::kNothing || outcome.action == Action::kTake;
}

/// The group as it is after the outcome has been carried out.
GroupInput after(const GroupInput& input, const GroupOutcome& outcome) {
    GroupInput out = input;
    if (outcome.action == Action::kTake) out.local = outcome.value;
    if (outcome.known) out.known = outcome.known;
    if (outcome.action == Action::kTake && outcome.value == input.remote)
        out.known = Known{input.remote, input.remote};
    out.parked = outcome.action == Action::kPark || (input.parked && !outcome.close_conflict);
    return out;
}

bool pushes(const GroupInput& input) {
    return input.known && input.local != input.known->ours;
}

/// True if `now` has not got what the values said. Without a base a blank among them said nothing;
/// with one it may have been somebody's edit.
bool gone(const GroupInput& input, const GroupValues& values, const GroupValues& now) {
    if (input.known) return !is_blank(values) && now != values;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (!values[i].is_blank() && now[i] != values[i]) return true;
    return false;
}

/// A number in whatever form, else the value itself.
Value plain(const Value& value) {
    if (value.kind() == Kind::kInteger) return Value(std::to_string(value.integer()));
    if (value.kind() == Kind::kReal) return Value(decimal_from_real(value.real(), -1));
    if (value.kind() == Kind::kText)
        if (auto number = canonical_decimal(value.text())) return Value(*number);
    return value;
}

std::set<std::string> as_set(const Value& list) {
    if (list.is_blank()) return {};
    return nlohmann::json::parse(list.text()).get<std::set<std::string>>();
}

/// A text as people write it, from any bytes.
std::string written(const std::string& bytes) {
    static constexpr const char* kPieces[] = {"a", "B",  " ",  "-",  "7", "0",
                                              "+", "ａ", "８", "张", "é"};
    std::string out;
    for (const char byte : bytes)
        out += kPieces[static_cast<unsigned char>(byte) % std::size(kPieces)];
    return out;
}

/// What a remote ends with if one device and then another sends its edit, each of which has seen
/// `base`. nullopt: a person is asked.
std::optional<Value> one_after_the_other(const TwoEdits& edits, const Value& first,
                                         const Value& second) {
    Value remote = edits.base;
    for (const Value* edit : {&first, &second}) {
        GroupInput in;
        in.known = Known{{edits.base}, {edits.base}};
        in.local = {*edit};
        in.remote = {remote};
        in.policy = edits.policy;
        const auto outcome = merge_group(in);
        if (!decides(outcome)) return std::nullopt;
        in = after(in, outcome);
        if (pushes(in)) remote = in.local.front();
    }
    return remote;
}

}  // namespace

TEST_CASE("the merge of a group", "[merge][properties]") {
    rc::prop("decides every case, the same way each time, and says by which rule",
             [](const MergeCase& one) {
                 const auto outcome = merge_group(one.input), again = merge_group(one.input);
                 RC_ASSERT(outcome.action == again.action);
                 RC_ASSERT(outcome.value == again.value);
                 RC_ASSERT(!outcome.rule.empty());
                 RC_ASSERT(outcome.known.has_value() == decides(outcome));
                 RC_ASSERT((outcome.action == Action::kTake) ==
                           (outcome.value.size() == one.input.remote.size()));
             });

    rc::prop("moves the base only forward, to what the remote has just shown",
             [](const MergeCase& one) {
                 const auto outcome = merge_group(one.input);
                 if (outcome.known) RC_ASSERT(outcome.known->theirs == one.input.remote);
             });

    rc::prop("finds nothing new in the same image", [](const MergeCase& one) {
        const auto outcome = merge_group(one.input);
        const auto then = after(one.input, outcome);
        const auto again = merge_group(then);
        if (decides(outcome)) {
            RC_ASSERT(again.action == Action::kNothing);
            RC_ASSERT(!again.conflict);
            RC_ASSERT(again.known->theirs == then.known->theirs);
            RC_ASSERT(again.known->ours == then.known->ours);
        } else {
            RC_ASSERT(again.action == outcome.action);
            RC_ASSERT(again.rule == outcome.rule);
        }
    });

    rc::prop("writes nothing and sends nothing where nobody has changed anything",
             [](MergeCase one) {
                 GroupInput& in = one.input;
                 RC_PRE(in.known.has_value());
                 in.local = in.known->ours;
                 in.remote = in.known->theirs;
                 const auto outcome = merge_group(in);
                 RC_ASSERT(outcome.action == Action::kNothing);
                 RC_ASSERT(!outcome.conflict);
                 RC_ASSERT(!pushes(after(in, outcome)));
             });

    rc::prop("takes what only one side has changed", [](MergeCase one) {
        GroupInput& in = one.input;
        RC_PRE(in.known.has_value() && in.direction == Direction::kBoth);
        GroupInput only_theirs = in, only_ours = in;
        only_theirs.local = in.known->ours;
        only_ours.remote = in.known->theirs;
        const auto theirs = after(only_theirs, merge_group(only_theirs));
        if (in.remote != in.known->theirs) RC_ASSERT(theirs.local == in.remote);
        RC_ASSERT(!pushes(theirs));
        const auto ours = merge_group(only_ours);
        RC_ASSERT(ours.action == Action::kNothing);
        RC_ASSERT(pushes(after(only_ours, ours)) == (in.local != in.known->ours));
    });

    rc::prop("loses no value: what is not kept is listed, and so in history",
             [](const MergeCase& one) {
                 const GroupInput& in = one.input;
                 RC_PRE(in.direction == Direction::kBoth);
                 const auto outcome = merge_group(in);
                 const auto then = after(in, outcome);
                 const bool edited = !in.known || in.local != in.known->ours;
                 const bool changed = !in.known || in.remote != in.known->theirs;
                 if (edited && gone(in, in.local, then.local)) RC_ASSERT(outcome.conflict);
                 // A value of theirs that ours is going to replace.
                 if (changed && decides(outcome) && pushes(then) && gone(in, in.remote, then.local))
                     RC_ASSERT(outcome.conflict);
             });

    rc::prop("replaces nothing there that it knows nothing of by a blank", [](MergeCase one) {
        GroupInput& in = one.input;
        in.known.reset();
        in.direction = Direction::kBoth;
        for (Value& value : in.local) value = Value::null();
        RC_PRE(!is_blank(in.remote));
        RC_ASSERT(after(in, merge_group(in)).local == in.remote);
    });

    rc::prop("asks a person, or waits, without touching either side", [](const MergeCase& one) {
        const auto outcome = merge_group(one.input);
        if (decides(outcome)) return;
        RC_ASSERT(!outcome.close_conflict);
        RC_ASSERT(outcome.value.empty());
        RC_ASSERT(outcome.action == Action::kPark || one.input.unsettled);
    });
}

TEST_CASE("policies", "[merge][properties]") {
    rc::prop("that promise it do not mind which device was first", [](const TwoEdits& edits) {
        const auto one = one_after_the_other(edits, edits.one, edits.other);
        const auto other = one_after_the_other(edits, edits.other, edits.one);
        RC_ASSERT(one.has_value() == other.has_value());
        if (!one) return;
        if (edits.policy == Policy::kUnion)
            RC_ASSERT(as_set(*one) == as_set(*other));
        else
            RC_ASSERT(plain(*one) == plain(*other));
    });

    rc::prop(
        "union: what either side added is in, what either removed is out",
        [](const TwoEdits& edits) {
            RC_PRE(edits.policy == Policy::kUnion);
            const auto decision = decide(Policy::kUnion, Policy::kManual, GroupValues{edits.base},
                                         {edits.one}, {edits.other}, {}, false);
            const Value& out = decision.kind == Decision::Kind::kOurs     ? edits.one
                               : decision.kind == Decision::Kind::kTheirs ? edits.other
                                                                          : decision.merged.front();
            const auto base = as_set(edits.base), ours = as_set(edits.one),
                       theirs = as_set(edits.other), all = as_set(out);
            for (const char* item : {"a", "b", "c"}) {
                const bool was = base.contains(item);
                const bool here = ours.contains(item), there = theirs.contains(item);
                RC_ASSERT(all.contains(item) == (was ? here && there : here || there));
            }
        });

    rc::prop("sum: both increments count, exactly",
             [](std::int32_t base, std::int32_t a, std::int32_t b) {
                 const auto value = [](std::int64_t n) { return GroupValues{Value(n)}; };
                 const std::int64_t ours = std::int64_t{base} + a, theirs = std::int64_t{base} + b;
                 const auto decision = decide(Policy::kSum, Policy::kManual, value(base),
                                              value(ours), value(theirs), {}, false);
                 const auto sum = ours + b;
                 if (decision.kind == Decision::Kind::kMerged)
                     RC_ASSERT(decision.merged == value(sum));
                 else
                     RC_ASSERT((decision.kind == Decision::Kind::kOurs ? ours : theirs) == sum);
             });

    rc::prop("append: both additions are there, behind what was",
             [](const std::string& base, const std::string& a, const std::string& b) {
                 RC_PRE(!a.empty() && !b.empty());
                 const auto decision =
                     decide(Policy::kAppend, Policy::kManual, GroupValues{Value(base)},
                            {Value(base + a)}, {Value(base + b)}, {}, false);
                 RC_ASSERT(decision.kind == Decision::Kind::kMerged);
                 const std::string& out = decision.merged.front().text();
                 RC_ASSERT(out.starts_with(base + b));
                 RC_ASSERT(out.ends_with(a));
             });

    rc::prop("newest: seen from either side the same value wins", [](const MergeCase& one) {
        const GroupInput& in = one.input;
        RC_PRE(in.timing.ours && in.timing.theirs_after && in.timing.theirs_until);
        RC_PRE(*in.timing.theirs_after <= *in.timing.theirs_until);
        const auto decision = decide(Policy::kNewest, Policy::kManual, std::nullopt, in.local,
                                     in.remote, in.timing, false);
        const bool later = *in.timing.ours - in.timing.uncertainty > *in.timing.theirs_until;
        const bool earlier = *in.timing.ours + in.timing.uncertainty < *in.timing.theirs_after;
        RC_ASSERT((decision.kind == Decision::Kind::kOurs) == later);
        RC_ASSERT((decision.kind == Decision::Kind::kTheirs) == earlier);
    });
}

TEST_CASE("who fights and who is who", "[merge][properties]") {
    rc::prop("one who changes his mind at one remote, against nobody, does not fight",
             [](const std::vector<TwoEdits>& turns) {
                 std::vector<Turn> all;
                 for (const auto& turn : turns)
                     all.push_back({.before = turn.base, .party = "one"});
                 const Value now("now"), offered("offered");
                 RC_ASSERT(!oscillates(all, "one", now, offered));
             });

    rc::prop("two profiles are as alike as the same two the other way round",
             [](const std::string& name, const std::string& other, std::uint8_t shared) {
                 Profile a{.name = fold_name(written(name)),
                           .company = {},
                           .emails = {},
                           .phones = {},
                           .number = {},
                           .domain = {}};
                 Profile b = a;
                 if ((shared & 1U) == 0) b.name = fold_name(written(other));
                 if ((shared & 2U) != 0) a.emails = b.emails = {"a@example.com"};
                 if ((shared & 4U) != 0) a.phones = b.phones = {"13800138000"};
                 if ((shared & 8U) != 0) a.company = "acme";
                 if ((shared & 16U) != 0) b.company = "acme";
                 if ((shared & 32U) != 0) b.emails.emplace_back("b@example.com");
                 for (const char* entity : {"contact", "account", "lead", "product"}) {
                     const auto one = compare(entity, a, b), two = compare(entity, b, a);
                     RC_ASSERT(one.likeness == two.likeness);
                     RC_ASSERT(one.rule == two.rule);
                 }
                 const auto once = fold_name(written(name));
                 RC_ASSERT(fold_name(once) == once);
             });
}
