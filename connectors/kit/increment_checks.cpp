// No change is passed over: not one of the same moment, not one that happens while others are read.
#include <algorithm>
#include <set>

#include "connectors/kit/checks.hpp"

namespace kontor::kit {
namespace {

using remote::StreamSpec;

constexpr std::size_t kBatchMost = 20;
constexpr int kRounds = 8;

// Goes on from cursor to cursor, and remembers what was seen.
class Follower {
public:
    Follower(Bench& bench, const StreamSpec& stream, std::string cursor)
        : bench_(bench), stream_(stream), cursor_(std::move(cursor)) {}

    [[nodiscard]] Result<> look() {
        auto pulled = bench_.pull(stream_, cursor_);
        if (!pulled) return pass(pulled);
        cursor_ = std::move(pulled->cursor);
        for (auto& image : pulled->images) seen_[image.id] = std::move(image);
        return {};
    }
    /// Whether all of them have come, at once or after some looks.
    [[nodiscard]] Result<bool> comes(const std::function<bool()>& all_there) {
        return bench_.eventually([&]() -> Result<bool> {
            if (auto looked = look(); !looked) return pass(looked);
            return all_there();
        });
    }
    [[nodiscard]] const Image* seen(const std::string& id) const {
        const auto found = seen_.find(id);
        return found == seen_.end() ? nullptr : &found->second;
    }

private:
    Bench& bench_;
    const StreamSpec& stream_;
    std::string cursor_;
    std::map<std::string, Image> seen_;
};

Result<Follower> follow(Bench& bench, const StreamSpec& stream) {
    auto all = bench.whole(stream);
    if (!all) return pass(all);
    return Follower(bench, stream, (*all)->cursor);
}

// Stamps have steps: create, look, create, look … until two fall into one.
Verdict new_seen(Bench& bench, const StreamSpec& stream) {
    if (!stream.can.create) return not_applicable("not_declared", {{"what", "create"}});
    auto follower = follow(bench, stream);
    if (!follower) return failed_call("pull", follower.error());
    std::vector<std::string> ids;
    for (int round = 0; round < kRounds; ++round) {
        const auto change = bench.sample(stream);
        if (!change) return could_not_create(change.error());
        const auto pushed = bench.push(bench.remote(), stream, *change);
        if (!pushed || pushed->status != remote::PushStatus::kOk)
            return failed("not_created", {{"error", words_of(pushed)}});
        ids.push_back(pushed->id);
        if (auto looked = follower->look(); !looked) return failed_call("pull", looked.error());
    }
    const auto all = follower->comes([&] {
        return std::ranges::all_of(ids, [&](const auto& id) { return follower->seen(id); });
    });
    if (!all) return failed_call("pull", all.error());
    for (const auto& id : ids)
        if (!follower->seen(id)) return failed("new_not_seen", {{"record", id}});
    return passed();
}

Verdict batch_seen(Bench& bench, const StreamSpec& stream) {
    if (!stream.can.create) return not_applicable("not_declared", {{"what", "create"}});
    auto follower = follow(bench, stream);
    if (!follower) return failed_call("pull", follower.error());
    // A moment of their own for the batch.
    Bench::next_moment(stream);
    std::vector<remote::Change> changes;
    const auto size =
        std::min<std::size_t>(kBatchMost, static_cast<std::size_t>(stream.can.push_batch_max));
    while (changes.size() < size) {
        auto change = bench.sample(stream);
        if (!change) return could_not_create(change.error());
        changes.push_back(std::move(*change));
    }
    const auto results = bench.push_all(bench.remote(), stream, changes);
    if (!results) return failed_call("push", results.error());
    for (const auto& result : *results)
        if (result.status != remote::PushStatus::kOk)
            return failed("not_created", {{"error", words_of(Pushed(result))}});
    const auto all = follower->comes([&] {
        return std::ranges::all_of(*results, [&](const auto& r) { return follower->seen(r.id); });
    });
    if (!all) return failed_call("pull", all.error());
    for (const auto& result : *results)
        if (!follower->seen(result.id)) return failed("new_not_seen", {{"record", result.id}});
    return passed("records", {{"count", std::to_string(size)}, {"batches", "1"}});
}

Verdict change_seen(Bench& bench, const StreamSpec& stream) {
    const auto* mark = Bench::mark_field(stream);
    if (!stream.can.create || !stream.can.update)
        return not_applicable("not_declared", {{"what", "create, update"}});
    if (!mark) return not_applicable("no_text_field");
    const auto other = bench.colleague();
    if (!other) return failed_call("open", other.error());
    const auto made = bench.create(**other, stream);
    if (!made) return could_not_create(made.error());
    auto follower = follow(bench, stream);
    if (!follower) return failed_call("pull", follower.error());
    Bench::next_moment(stream);
    const Value value("changed " + bench.token());
    const auto pushed = bench.push(**other, stream, update_of(made->id, mark->name, value));
    if (!pushed || pushed->status != remote::PushStatus::kOk)
        return failed("not_updated", {{"record", made->id}, {"error", words_of(pushed)}});
    const auto there = [&] {
        const auto* image = follower->seen(made->id);
        return image && same_meaning(*mark, value, value_of(stream, *image, mark->name));
    };
    const auto came = follower->comes(there);
    if (!came) return failed_call("pull", came.error());
    return *came ? passed() : failed("change_not_seen", {{"record", made->id}});
}

// A colleague changes a record while a pull is between two of its pages.
Verdict change_during(Bench& bench, const StreamSpec& stream) {
    const auto* mark = Bench::mark_field(stream);
    if (!stream.can.create || !stream.can.update)
        return not_applicable("not_declared", {{"what", "create, update"}});
    if (!mark) return not_applicable("no_text_field");
    const auto other = bench.colleague();
    if (!other) return failed_call("open", other.error());
    const auto made = bench.create(**other, stream);
    if (!made) return could_not_create(made.error());
    const Value value("meanwhile " + bench.token());
    Verdict inner;
    Collector collector;
    collector.after_batch = [&](std::size_t batch) -> Result<> {
        if (batch != 1) return {};
        const auto pushed = bench.push(**other, stream, update_of(made->id, mark->name, value));
        if (!pushed || pushed->status != remote::PushStatus::kOk)
            inner = failed("not_updated", {{"record", made->id}, {"error", words_of(pushed)}});
        return {};
    };
    auto next = bench.remote().pull(stream.name, names_of(stream), {}, collector);
    if (!next) return failed_call("pull", next.error());
    if (inner.failed()) return inner;
    Follower follower(bench, stream, std::move(*next));
    const auto has = [&](const Image* image) {
        return image && same_meaning(*mark, value, value_of(stream, *image, mark->name));
    };
    for (const auto& image : collector.images)
        if (image.id == made->id && has(&image)) return passed();
    const auto came = follower.comes([&] { return has(follower.seen(made->id)); });
    if (!came) return failed_call("pull", came.error());
    return *came ? passed() : failed("change_not_seen", {{"record", made->id}});
}

constexpr Check kIncrementChecks[] = {
    {.name = "new_seen", .writes = true, .of_stream = new_seen},
    {.name = "batch_seen", .writes = true, .of_stream = batch_seen},
    {.name = "change_seen", .writes = true, .of_stream = change_seen},
    {.name = "change_during", .writes = true, .of_stream = change_during},
};

}  // namespace

std::span<const Check> increment_checks() {
    return kIncrementChecks;
}

}  // namespace kontor::kit
