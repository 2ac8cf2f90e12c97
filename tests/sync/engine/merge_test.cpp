// The pure parts: three-way merge of a group, policies, lenses, exact decimals.
#include <catch2/catch.hpp>

#include "sync/base/decimal.hpp"
#include "sync/merge/lens.hpp"
#include "sync/merge/matching.hpp"
#include "sync/merge/oscillation.hpp"
#include "sync/merge/three_way.hpp"
#include "sync/merge/validate.hpp"

using namespace kontor;
using namespace kontor::merge;

namespace {

GroupValues one(const char* text) {
    return {Value(text)};
}

GroupInput input(const char* base, const char* ours, const char* theirs) {
    GroupInput in;
    in.known = Known{one(base), one(base)};
    in.local = one(ours);
    in.remote = one(theirs);
    in.policy = Policy::kManual;
    return in;
}

/// Nothing is linked.
class NoReferences final : public References {
public:
    Value remote_id(std::int64_t, std::span<const std::string>, std::string*) const override {
        return Value::null();
    }
    Value remote_any(std::string_view) const override { return Value::null(); }
    std::optional<std::int64_t> local_id(std::string_view,
                                         std::span<const std::string>) const override {
        return std::nullopt;
    }
    std::optional<std::string> local_any(std::string_view) const override { return std::nullopt; }
};

}  // namespace

TEST_CASE("three-way merge takes the side that changed", "[merge]") {
    using Action = GroupOutcome::Action;
    CHECK(merge_group(input("a", "a", "a")).action == Action::kNothing);
    CHECK(merge_group(input("a", "b", "a")).action == Action::kNothing);
    CHECK(merge_group(input("a", "a", "b")).action == Action::kTake);
    CHECK(merge_group(input("a", "b", "b")).action == Action::kNothing);
    CHECK(merge_group(input("a", "b", "c")).action == Action::kPark);
}

TEST_CASE("equal values have equal bytes, also the two zeros", "[merge]") {
    CHECK(encode(GroupValues{Value(-0.0)}) == encode(GroupValues{Value(0.0)}));
}

TEST_CASE("a counter that was cleared there stays a number", "[merge]") {
    const auto decision = decide(Policy::kSum, Policy::kManual, GroupValues{Value(std::int64_t{5})},
                                 {Value(std::int64_t{7})}, {Value::null()}, {}, false);
    REQUIRE(decision.kind == Decision::Kind::kMerged);
    CHECK(decision.merged == GroupValues{Value(std::int64_t{2})});
}

TEST_CASE("without a base a null never wins and nothing is guessed", "[merge]") {
    GroupInput in = input("", "b", "c");
    in.known = std::nullopt;
    CHECK(merge_group(in).action == GroupOutcome::Action::kPark);
    in.remote = {Value::null()};
    const auto kept = merge_group(in);
    CHECK(kept.action == GroupOutcome::Action::kNothing);
    CHECK(kept.known->theirs == GroupValues{Value::null()});
    in.remote = one("c");
    in.local = {Value::null()};
    CHECK(merge_group(in).action == GroupOutcome::Action::kTake);
}

TEST_CASE("without a base, a side that only lacks something of a group gets it", "[merge]") {
    using Action = GroupOutcome::Action;
    const Value street("Market St"), city("London"), other("Paris");
    GroupInput in;
    in.policy = Policy::kManual;
    in.local = {street, Value::null()};
    in.remote = {street, city};
    const auto taken = merge_group(in);
    CHECK(taken.action == Action::kTake);
    CHECK(taken.rule == "ours_blank");
    std::swap(in.local, in.remote);
    const auto kept = merge_group(in);
    CHECK(kept.action == Action::kNothing);
    CHECK(kept.rule == "theirs_blank");
    CHECK(kept.known->theirs == in.remote);  // so that ours is sent
    // Each has something that the other lacks, or both say something else: a person's question.
    in.local = {street, Value::null()};
    in.remote = {Value::null(), city};
    CHECK(merge_group(in).action == Action::kPark);
    in.remote = {Value("High St"), city};
    CHECK(merge_group(in).action == Action::kPark);
    // With a base a blank is a change like any other.
    in.known = Known{{street, city}, {street, city}};
    in.local = {street, Value::null()};
    in.remote = {street, other};
    CHECK(merge_group(in).action == Action::kPark);
}

TEST_CASE("newest decides only when the times are surely apart", "[merge][policy]") {
    const auto t = *parse_instant("2026-05-20T10:00:00Z");
    using std::chrono::seconds;
    Timing timing;
    timing.uncertainty = seconds{2};
    timing.theirs_after = t;
    timing.theirs_until = t + seconds{60};
    const auto with = [&](Instant ours) {
        timing.ours = ours;
        return decide(Policy::kNewest, Policy::kManual, one("a"), one("b"), one("c"), timing,
                      false);
    };
    CHECK(with(t + seconds{63}).kind == Decision::Kind::kOurs);
    CHECK(with(t - seconds{3}).kind == Decision::Kind::kTheirs);
    CHECK(with(t + seconds{30}).kind == Decision::Kind::kPark);
    CHECK(with(t + seconds{61}).kind == Decision::Kind::kPark);
}

TEST_CASE("set, number and consent policies", "[merge][policy]") {
    const Timing none;
    const auto run = [&](Policy policy, Value base, Value ours, Value theirs,
                         bool unsettled = false) {
        return decide(policy, Policy::kManual, GroupValues{base}, GroupValues{ours},
                      GroupValues{theirs}, none, unsettled);
    };
    CHECK(run(Policy::kUnion, Value(R"(["a","b"])"), Value(R"(["a","b","c"])"), Value(R"(["a"])"))
              .merged == GroupValues{Value(R"(["a","c"])")});
    CHECK(run(Policy::kMax, Value::null(), Value("9"), Value("10")).kind ==
          Decision::Kind::kTheirs);
    CHECK(run(Policy::kMin, Value::null(), Value("9"), Value("10")).kind == Decision::Kind::kOurs);
    CHECK(run(Policy::kRestrictive, Value(std::int64_t{0}), Value(std::int64_t{1}), Value::null())
              .kind == Decision::Kind::kOurs);
    CHECK(run(Policy::kSum, Value("15"), Value("17"), Value("18.5")).merged ==
          GroupValues{Value("20.5")});
    CHECK(run(Policy::kSum, Value("15"), Value("17"), Value("18"), true).kind ==
          Decision::Kind::kWait);
    CHECK(run(Policy::kAppend, Value("x"), Value("x\nours"), Value("x\ntheirs")).merged ==
          GroupValues{Value("x\ntheirs\nours")});
    CHECK(run(Policy::kAppend, Value("x"), Value("y"), Value("x\ntheirs")).kind ==
          Decision::Kind::kPark);
    // Their field is one of numbers by now.
    CHECK(run(Policy::kAppend, Value::null(), Value("ours"), Value(std::int64_t{7})).kind ==
          Decision::Kind::kPark);
}

TEST_CASE("a decimal in its one form is known without making it", "[merge][decimal]") {
    for (const char* text : {"0", "7", "-7", "0.5", "-0.05", "10", "1234567890123456789.25"}) {
        INFO(text);
        CHECK(is_canonical_decimal(text));
        CHECK(canonical_decimal(text) == text);
    }
    for (const char* text : {"", "-", "-0", "-0.0", "00", "07", "1.", ".5", "1.50", "+1", "1e3",
                             "1,5", "1.2.3", " 1", "1 ", "--1", "x"}) {
        INFO(text);
        CHECK_FALSE(is_canonical_decimal(text));
        CHECK(canonical_decimal(text) != text);
    }
}

TEST_CASE("the system of record decides, with and without a base", "[merge][policy]") {
    GroupInput in = input("a", "b", "c");
    in.policy = Policy::kOwner;
    in.theirs_owns = true;
    CHECK(merge_group(in).action == GroupOutcome::Action::kTake);
    CHECK(merge_group(in).rule == "owner:theirs");
    in.theirs_owns = false;
    CHECK(merge_group(in).rule == "owner:ours");
    CHECK(merge_group(in).known->ours == one("c"));  // so that ours is pushed
    in.known = std::nullopt;
    CHECK(merge_group(in).rule == "owner:ours");
}

TEST_CASE("an oscillation is the third time that one remote brings the same value",
          "[merge][oscillation]") {
    const std::string us = "us", them = "them", third = "third";
    const Value w("w"), x("x"), y("y"), z("z");
    const Turn brings_y{.before = x, .party = us};
    const Turn back_to_x{.before = y, .party = them};
    const Turn offers_y{.before = y, .party = us, .offer = true};
    const std::vector<Turn> twice{back_to_x, brings_y, back_to_x, brings_y};
    CHECK(oscillates(twice, us, x, y));
    CHECK_FALSE(oscillates(std::span(twice).first(2), us, x, y));
    CHECK_FALSE(oscillates(twice, us, x, z));
    CHECK_FALSE(oscillates(twice, us, z, y));
    CHECK(oscillates(std::vector<Turn>{offers_y, offers_y}, us, x, y));
    CHECK(oscillates(std::vector<Turn>{offers_y, back_to_x, brings_y}, us, x, y));
    CHECK_FALSE(oscillates(std::vector<Turn>{offers_y}, us, x, y));
    // Somebody else's change of mind in between is none of a machine.
    const Turn typed{.before = z, .party = ""};
    CHECK_FALSE(oscillates(std::vector<Turn>{back_to_x, brings_y, typed, brings_y}, us, x, y));
    CHECK_FALSE(oscillates(std::vector<Turn>{{.before = y, .party = them},
                                             brings_y,
                                             {.before = y, .party = them},
                                             {.before = z, .party = us}},
                           us, z, y));
    // The same remote took its own value back: a change of mind.
    const Turn own_back{.before = y, .party = us};
    CHECK_FALSE(oscillates(std::vector<Turn>{own_back, brings_y, own_back, brings_y}, us, x, y));

    // Three in a circle, x, y, z, and in whatever order: each insists on its own.
    const std::vector<Turn> circle{{.before = x, .party = third}, {.before = y, .party = them},
                                   {.before = z, .party = us},    {.before = x, .party = third},
                                   {.before = y, .party = them},  {.before = w, .party = us}};
    CHECK(oscillates(circle, us, z, y));
    CHECK_FALSE(oscillates(std::span(circle).first(5), us, z, y));
    const std::vector<Turn> mixed{{.before = z, .party = them},
                                  {.before = y, .party = third},
                                  {.before = x, .party = us},
                                  {.before = y, .party = them},
                                  {.before = w, .party = us}};
    CHECK(oscillates(mixed, us, x, y));
}

TEST_CASE("remotes that write over each other a dozen times fight, whatever they write",
          "[merge][oscillation]") {
    const std::string one = "one", two = "two";
    std::vector<Turn> grows;  // newest first: "x", "x1", "x12", "x121" …
    for (int i = 10; i >= 0; --i)
        grows.push_back(
            {.before = Value("x" + std::to_string(i)), .party = i % 2 == 0 ? two : one});
    CHECK(grows.size() + 1 == kRelayMax);
    CHECK(oscillates(grows, one, Value("x11"), Value("x12")));
    CHECK_FALSE(oscillates(std::span(grows).first(10), one, Value("x11"), Value("x12")));
    CHECK_FALSE(oscillates(grows, two, Value("x11"), Value("x12")));  // its own value again
    auto typed = grows;
    typed[5].party = "";  // somebody here took part
    CHECK_FALSE(oscillates(typed, one, Value("x11"), Value("x12")));
}

TEST_CASE("what a remote would refuse is told apart", "[merge][rules]") {
    FieldMapping field;
    field.columns = {"c"};
    remote::FieldSpec spec;
    CHECK_FALSE(flaw_of(field, nullptr, Value::null()));
    spec.required = true;
    CHECK(flaw_of(field, &spec, Value(""))->code == "KONTOR_REQUIRED");
    CHECK_FALSE(flaw_of(field, &spec, Value("x")));
    spec.max_length = 2;
    CHECK_FALSE(flaw_of(field, &spec, Value("北京")));
    CHECK(flaw_of(field, &spec, Value("北京市"))->code == "KONTOR_LENGTH");
    spec.choices = {{"a", "A"}, {"b", "B"}};
    field.type = remote::FieldType::kChoice;
    CHECK_FALSE(flaw_of(field, &spec, Value("a")));
    CHECK(flaw_of(field, &spec, Value("A"))->code == "KONTOR_CHOICE");
    field.type = remote::FieldType::kList;
    CHECK_FALSE(flaw_of(field, &spec, Value(R"(["a","b"])")));
    CHECK(flaw_of(field, &spec, Value(R"(["a","c"])"))->code == "KONTOR_CHOICE");
    CHECK(flaw_of(field, &spec, Value("a"))->code == "KONTOR_VALUE");
    field.type = remote::FieldType::kDecimal;
    spec.precision = 5;
    spec.scale = 2;
    CHECK_FALSE(flaw_of(field, &spec, Value("-999.99")));
    CHECK(flaw_of(field, &spec, Value("1000"))->code == "KONTOR_LENGTH");
    CHECK(flaw_of(field, &spec, Value("many"))->code == "KONTOR_VALUE");
}

TEST_CASE("two records are the same person if two things agree and none contradicts",
          "[merge][matching]") {
    const auto contact = [](std::map<std::string, std::string> values,
                            const std::string& company = "") {
        return profile_of(
            "contact",
            [&](std::string_view column) {
                const auto found = values.find(std::string(column));
                return found == values.end() ? Value::null() : Value(found->second);
            },
            company);
    };
    const auto judge = [](const Profile& a, const Profile& b) {
        const auto there = compare("contact", a, b), back = compare("contact", b, a);
        CHECK(there.likeness == back.likeness);
        CHECK(there.rule == back.rule);
        return there;
    };
    const auto wang =
        contact({{"last_name", "王"}, {"first_name", "伟"}, {"mobile", "138 0013 8000"}});
    using enum Likeness;
    CHECK(judge(wang, contact({{"last_name", "王伟"}, {"phone", "+86-13800138000"}})).rule ==
          "phone+name");
    CHECK(
        judge(wang, contact({{"last_name", "王"}, {"first_name", "芳"}, {"phone", "13800138000"}}))
            .likeness == kNone);
    const auto ada =
        contact({{"first_name", "Ada"}, {"last_name", "Lovelace"}, {"email", "ada@example.com"}},
                "Engines Ltd.");
    CHECK(judge(ada, contact({{"last_name", "LOVELACE, Ada"}, {"email", " Ada@Example.com"}}))
              .likeness == kCertain);
    CHECK(judge(ada, contact({{"last_name", "King"}, {"email", "ada@example.com"}})).likeness ==
          kPossible);
    CHECK(judge(ada, contact({{"first_name", "Ada"}, {"last_name", "Lovelace"}}, "ENGINES  LTD"))
              .rule == "name+company");
    CHECK(judge(ada, contact({{"first_name", "Ada"}, {"last_name", "Lovelace"}})).likeness ==
          kNone);
    const auto desk = contact({{"last_name", "Desk"}, {"email", "info@example.com"}});
    CHECK(judge(desk, contact({{"last_name", "Other"}, {"email", "info@example.com"}})).likeness ==
          kNone);
    CHECK(judge(contact({}), contact({})).likeness == kNone);
    CHECK(fold_phone("０１０－６５５２ ９９８８") == fold_phone("+86 10 65529988"));
    CHECK(fold_phone("12-34").empty());
    CHECK(fold_name("Ａｃｍｅ， Inc.") == "acmeinc");
}

TEST_CASE("an address is never cut to what the remote keeps", "[merge][lens]") {
    FieldMapping field;
    field.columns = {"c"};
    field.max_length = 5;
    const NoReferences none;
    const Value address("ada@example.com");
    CHECK(put(field, {&address, 1}, none) == Value("ada@e"));
    field.type = remote::FieldType::kEmail;
    CHECK(put(field, {&address, 1}, none) == address);
    CHECK(flaw_of(field, nullptr, address)->code == "KONTOR_LENGTH");
}

TEST_CASE("decimals are exact", "[merge][decimal]") {
    CHECK(canonical_decimal("0012.500") == "12.5");
    CHECK(canonical_decimal("-0.0") == "0");
    CHECK(canonical_decimal("1.5e3") == "1500");
    CHECK(canonical_decimal("12E-2") == "0.12");
    CHECK(canonical_decimal(".5") == "0.5");
    CHECK_FALSE(canonical_decimal("1,5"));
    CHECK_FALSE(canonical_decimal(""));
    CHECK_FALSE(canonical_decimal("1e9999"));
    CHECK(decimal_from_real(2.675, 2) == "2.68");
    CHECK(decimal_from_real(-2.675, 2) == "-2.68");
    CHECK(decimal_from_real(0.1, 2) == "0.1");
    CHECK(decimal_from_real(72057594041139000.0, 2) == "72057594041139000");
    CHECK(decimal_from_real(99.999, 2) == "100");
    CHECK(decimal_from_real(1e21, -1) == "1000000000000000000000");
    CHECK(add_subtract("0.1", "0.2", "0") == "0.3");
    CHECK(add_subtract("9999999999999999.99", "0.02", "0.01") == "10000000000000000");
    CHECK(add_subtract("1", "1", "5") == "-3");
    CHECK(compare_decimals("-2", "1") < 0);
    CHECK(compare_decimals("10", "9.99") > 0);
}

TEST_CASE("a truncating lens keeps our tail", "[merge][lens]") {
    FieldMapping field;
    field.columns = {"c"};
    field.max_length = 2;
    const NoReferences none;
    const Value chinese("中文名字");
    CHECK(put(field, {&chinese, 1}, none) == Value("中文"));
    CHECK(get(field, Value("中国"), {&chinese, 1}, none).columns.front() == Value("中国名字"));
    CHECK(get(field, Value("中"), {&chinese, 1}, none).columns.front() == Value("中"));
}

TEST_CASE("names join and split for Chinese and Latin", "[merge][lens]") {
    FieldMapping field;
    field.columns = {"first_name", "last_name"};
    field.lens = LensKind::kFullName;
    const NoReferences none;
    const std::vector<Value> zhang{Value("伟"), Value("张")}, ada{Value("Ada"), Value("Lovelace")},
        blank{Value::null(), Value::null()};
    CHECK(put(field, zhang, none) == Value("张伟"));
    CHECK(put(field, ada, none) == Value("Ada Lovelace"));
    CHECK(get(field, Value("张伟"), blank, none).columns == zhang);
    CHECK(get(field, Value("张 伟"), blank, none).columns == zhang);
    CHECK(get(field, Value("欧阳 修"), blank, none).columns ==
          std::vector{Value("修"), Value("欧阳")});
    CHECK(get(field, Value("欧阳娜娜"), blank, none).columns ==
          std::vector{Value("娜娜"), Value("欧阳")});
    CHECK(get(field, Value("东方"), blank, none).columns == std::vector{Value("方"), Value("东")});
    CHECK(get(field, Value("Ada Lovelace"), blank, none).columns == ada);
}

TEST_CASE("values of a wrong type are not sendable", "[merge][lens]") {
    FieldMapping field;
    field.columns = {"c"};
    field.type = remote::FieldType::kDecimal;
    CHECK(sendable(field, Value("12.5")).empty());
    CHECK_FALSE(sendable(field, Value("twelve")).empty());
    field.type = remote::FieldType::kDate;
    CHECK(sendable(field, Value("2026-02-28")).empty());
    CHECK_FALSE(sendable(field, Value("2026-02-30")).empty());
    CHECK_FALSE(sendable(field, symbolic_reference("account", 1)).empty());
    field.type = remote::FieldType::kBoolean;
    CHECK(sendable(field, Value(std::int64_t{1})).empty());
    CHECK_FALSE(sendable(field, Value(std::int64_t{5})).empty());
    CHECK_FALSE(sendable(field, Value("yes")).empty());
    field.type = remote::FieldType::kText;
    CHECK(sendable(field, Value("财务部")).empty());
    CHECK_FALSE(sendable(field, Value("\xb2\xc6\xce\xf1")).empty());  // the same in GBK
}
