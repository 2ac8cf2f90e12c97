// C7. Three remotes have a record; each has edited it, deleted it or left it alone. In whatever
// order they are synced, one thing becomes of it.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <deque>
#include <set>

#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::seconds;

namespace {

constexpr std::size_t kRemotes = 3;
enum class Deed { kNone, kEdit, kDelete };
using Deeds = std::array<Deed, kRemotes>;
using Order = std::array<std::size_t, kRemotes>;
constexpr int kAllDeeds = 27;

Deeds deeds_of(int number) {
    return {static_cast<Deed>(number % 3), static_cast<Deed>(number / 3 % 3),
            static_cast<Deed>(number / 9)};
}

bool has(const Deeds& deeds, Deed deed) {
    return std::ranges::find(deeds, deed) != deeds.end();
}

/// What each has typed; the first the largest, which is what the policy of the field takes.
std::string typed_at(std::size_t remote) {
    return std::to_string(7 - remote);
}

std::string told(const Deeds& deeds) {
    std::string out;
    for (const Deed deed : deeds)
        out += deed == Deed::kNone ? "nothing " : deed == Deed::kEdit ? "edit " : "delete ";
    return out;
}

/// Three remotes and a replica that agree on one record, as often as wanted.
class Trio {
public:
    Trio(merge::Policy delete_against_edit, merge::DeletePolicy relayed) : device_(clock_) {
        for (std::size_t i = 0; i < kRemotes; ++i) {
            auto& remote = agreed_.emplace_back(clock_);
            remote.streams = people_streams();
            remote.user = "api-" + name(i);
        }
        agreed_[0].create("Contacts", {{"Last_Name", Value("Lee")}, {"Phone", Value("1")}});
        for (std::size_t i = 0; i < kRemotes; ++i) {
            clock_.advance(seconds{60});
            device_.connect(name(i), agreed_[i], [&](merge::Mapping& mapping) {
                for (auto& stream : mapping.streams) {
                    stream.delete_against_edit = delete_against_edit;
                    stream.delete_relayed = relayed;
                    for (auto& group : stream.groups) group.policy = merge::Policy::kMax;
                }
            });
        }
        for (int i = 0; i < 2; ++i) round({0, 1, 2});
        device_.back_up();
    }

    struct Outcome {
        std::string here;
        std::array<std::string, kRemotes> there;  ///< "" none
        std::int64_t questions = 0;
        auto operator<=>(const Outcome&) const = default;
    };
    Outcome after(const Deeds& deeds, const Order& order) {
        std::deque<MemoryRemote> remotes(agreed_);
        device_.restore();
        for (std::size_t i = 0; i < kRemotes; ++i) {
            device_.reroute(name(i), remotes[i]);
            const auto id = remotes[i].ids("Contacts").at(0);
            clock_.advance(seconds{60});
            if (deeds[i] == Deed::kEdit)
                remotes[i].edit("Contacts", id, {{"Phone", Value(typed_at(i))}});
            if (deeds[i] == Deed::kDelete) remotes[i].erase("Contacts", id);
        }
        clock_.advance(seconds{60});
        for (int i = 0; i < 4; ++i) round(order);
        Outcome out;
        out.here = device_.text("SELECT group_concat(phone) FROM contact");
        for (std::size_t i = 0; i < kRemotes; ++i)
            for (const auto& id : remotes[i].ids("Contacts"))
                out.there[i] += remotes[i].value("Contacts", id, "Phone").text();
        out.questions = device_.number("SELECT count(*) FROM kontor_conflict WHERE state = 'open'");
        return out;
    }
    std::set<Outcome> in_any_order(const Deeds& deeds) {
        std::set<Outcome> out;
        Order order{0, 1, 2};
        do out.insert(after(deeds, order));
        while (std::ranges::next_permutation(order).found);
        return out;
    }

private:
    static std::string name(std::size_t i) { return std::string(1, static_cast<char>('a' + i)); }
    void round(const Order& order) {
        for (const std::size_t i : order) {
            device_.sync(name(i));
            clock_.advance(seconds{60});
        }
    }

    FakeClock clock_;
    std::deque<MemoryRemote> agreed_;
    Device device_;
};

std::string largest_typed(const Deeds& deeds) {
    for (std::size_t i = 0; i < kRemotes; ++i)
        if (deeds[i] == Deed::kEdit) return typed_at(i);
    return "1";
}

}  // namespace

TEST_CASE("C7: edits and deletions at three remotes have one outcome, in whatever order they come",
          "[order]") {
    const auto against = GENERATE(merge::Policy::kLocal, merge::Policy::kRemote);
    Trio trio(against, merge::DeletePolicy::kMirror);
    for (int number = 0; number < kAllDeeds; ++number) {
        const Deeds deeds = deeds_of(number);
        CAPTURE(static_cast<int>(against), told(deeds));
        const bool gone = has(deeds, Deed::kDelete) &&
                          (against == merge::Policy::kRemote || !has(deeds, Deed::kEdit));
        const std::string left = gone ? "" : largest_typed(deeds);
        const Trio::Outcome expected{.here = left, .there = {left, left, left}, .questions = 0};
        const auto outcomes = trio.in_any_order(deeds);
        CHECK(outcomes.size() == 1);
        CHECK(outcomes.contains(expected));
    }
}

// docs/guarantees.md: by default the other remotes keep what they hold when the deletion is heard
// of, and go on by themselves. What they hold then depends on what was heard before.
TEST_CASE("C7: a deletion that the others do not follow leaves what was typed where it was typed",
          "[order]") {
    Trio trio(merge::Policy::kLocal, merge::DeletePolicy::kUnlink);
    for (int number = 0; number < kAllDeeds; ++number) {
        const Deeds deeds = deeds_of(number);
        CAPTURE(told(deeds));
        const auto outcomes = trio.in_any_order(deeds);
        if (!has(deeds, Deed::kDelete) || !has(deeds, Deed::kEdit)) CHECK(outcomes.size() == 1);
        for (const auto& outcome : outcomes)
            for (std::size_t i = 0; i < kRemotes; ++i)
                if (deeds[i] == Deed::kEdit) CHECK(outcome.there[i] >= typed_at(i));
    }
}
