// Each change of a batch has its own result, and each create happens once.
#include <algorithm>

#include "connectors/kit/checks.hpp"

namespace kontor::kit {
namespace {

using remote::Change;
using remote::Fact;
using remote::PushStatus;
using remote::StreamSpec;

Verdict partial(Bench& bench, const StreamSpec& stream) {
    const auto* mark = Bench::mark_field(stream);
    if (!stream.can.create || !stream.can.update)
        return not_applicable("not_declared", {{"what", "create, update"}});
    if (stream.can.push_batch_max < 3) return not_applicable("small_batches");
    if (!mark) return not_applicable("no_text_field");
    const auto first = bench.create(bench.remote(), stream);
    if (!first) return could_not_create(first.error());
    const auto third = bench.create(bench.remote(), stream);
    if (!third) return could_not_create(third.error());
    const Value value("batch " + bench.token());
    // The id of a record that was there, so that it looks like one.
    auto gone = bench.create(bench.remote(), stream);
    if (!gone) return could_not_create(gone.error());
    if (stream.can.remove) {
        const auto removed = bench.push(bench.remote(), stream, remove_of(gone->id));
        if (!removed || removed->status != PushStatus::kOk)
            return failed("not_deleted", {{"record", gone->id}, {"error", words_of(removed)}});
    } else {
        gone->id = hostile_ids().front();
    }
    const auto results = bench.push_all(
        bench.remote(), stream,
        {update_of(first->id, mark->name, value), update_of(gone->id, mark->name, value),
         update_of(third->id, mark->name, value)});
    if (!results) return failed_call("push", results.error());
    if ((*results)[1].status == PushStatus::kOk)
        return failed("bad_one_ok", {{"record", gone->id}});
    for (const auto& [image, at] : {std::pair{&*first, 0U}, std::pair{&*third, 2U}}) {
        const auto& result = (*results)[at];
        if (result.status != PushStatus::kOk)
            return failed("good_one_refused",
                          {{"record", image->id}, {"error", words_of(Pushed(result))}});
        const auto now = bench.truth(stream, image->id);
        if (!now) return failed_call("fetch", now.error());
        if (!same_meaning(*mark, value, value_of(stream, *now, mark->name)))
            return failed("ok_not_done", {{"record", image->id}});
    }
    return passed();
}

Verdict full(Bench& bench, const StreamSpec& stream) {
    constexpr std::size_t kMost = 1'000;
    if (!stream.can.create) return not_applicable("not_declared", {{"what", "create"}});
    const auto size = std::min(kMost, static_cast<std::size_t>(stream.can.push_batch_max));
    std::vector<Change> changes;
    while (changes.size() < size) {
        auto change = bench.sample(stream);
        if (!change) return could_not_create(change.error());
        changes.push_back(std::move(*change));
    }
    const auto results = bench.push_all(bench.remote(), stream, changes);
    if (!results) return failed_call("push", results.error());
    std::vector<std::string> ids;
    for (const auto& result : *results) {
        if (result.status != PushStatus::kOk)
            return failed("good_one_refused",
                          {{"record", result.id}, {"error", words_of(Pushed(result))}});
        ids.push_back(result.id);
    }
    const auto read = bench.fetch(bench.remote(), stream, ids);
    if (!read) return failed_call("fetch", read.error());
    const auto* mark = Bench::mark_field(stream);
    for (const auto& image : *read) {
        if (image.fact != Fact::kRecord) return failed("created_not_there", {{"record", image.id}});
        if (!mark) continue;
        // Results by position: each record is the one that was sent there.
        const auto at = static_cast<std::size_t>(std::ranges::find(ids, image.id) - ids.begin());
        const auto sent = value_of(changes[at], mark->name);
        if (!sent.is_absent() && !same_meaning(*mark, sent, value_of(stream, image, mark->name)))
            return failed("results_mixed_up", {{"record", image.id}});
    }
    return passed("records", {{"count", std::to_string(size)}, {"batches", "1"}});
}

/// What was read of `id` while something else was written is what there is.
Verdict beside_is_true(Bench& bench, const StreamSpec& stream, const std::string& id,
                       const std::vector<Image>& read) {
    const auto image = std::ranges::find(read, id, &Image::id);
    if (image == read.end() || image->fact != Fact::kRecord)
        return failed("beside_not_read", {{"record", id}});
    const auto now = bench.truth(stream, id);
    if (!now) return failed_call("fetch", now.error());
    if (image->version != now->version)
        return failed("versions_differ",
                      {{"record", id}, {"first", image->version}, {"second", now->version}});
    for (const auto& field : stream.fields) {
        const auto there = value_of(stream, *now, field.name);
        const auto here = value_of(stream, *image, field.name);
        if (there.is_absent() || same_meaning(field, there, here)) continue;
        return failed("beside_differs", {{"record", id}, {"field", field.name}});
    }
    return passed();
}

Verdict fetch_with_push(Bench& bench, const StreamSpec& stream) {
    const auto* mark = Bench::mark_field(stream);
    if (!stream.can.fetch_with_push)
        return not_applicable("not_declared", {{"what", "fetch_with_push"}});
    if (!stream.can.create || !stream.can.update)
        return not_applicable("not_declared", {{"what", "create, update"}});
    if (!mark) return not_applicable("no_text_field");
    std::vector<std::string> ids;
    while (ids.size() < 3) {
        const auto made = bench.create(bench.remote(), stream);
        if (!made) return could_not_create(made.error());
        ids.push_back(made->id);
    }
    const std::string written = ids.back();
    // One that is not there, which is to spoil neither the others nor the push.
    ids.back() = hostile_ids().front();
    // A colleague's edit: what a connector still knows of the record is not what there is.
    const auto other = bench.colleague();
    if (!other) return failed_call("open", other.error());
    const auto edited = bench.push(
        **other, stream, update_of(ids.front(), mark->name, Value("colleague " + bench.token())));
    if (!edited || edited->status != PushStatus::kOk)
        return failed("not_updated", {{"record", ids.front()}, {"error", words_of(edited)}});

    // Backwards, so that no field has the place that it has in the description or in the change.
    auto names = names_of(stream);
    std::ranges::reverse(names);
    const Value value("beside " + bench.token());
    const std::vector<Change> changes{update_of(written, mark->name, value)};
    Collector read;
    const auto done = bench.remote().push_and_fetch(stream.name, changes, names, ids, read);
    if (!done.pushed) return failed_call("push", done.pushed.error());
    const auto& result = done.pushed->front();
    if (result.status != PushStatus::kOk)
        return failed("not_updated", {{"record", written}, {"error", words_of(Pushed(result))}});
    const auto now = bench.truth(stream, written);
    if (!now) return failed_call("fetch", now.error());
    if (!same_meaning(*mark, value, value_of(stream, *now, mark->name)))
        return failed("ok_not_done", {{"record", written}});
    if (!done.fetched) return failed_call("fetch", done.fetched.error());
    for (auto& image : read.images) std::ranges::reverse(image.fields);
    for (const auto& id : {ids[0], ids[1]})
        if (auto verdict = beside_is_true(bench, stream, id, read.images);
            verdict.outcome != Outcome::kPassed)
            return verdict;
    return passed();
}

Verdict twice(Bench& bench, const StreamSpec& stream) {
    if (!stream.can.create) return not_applicable("not_declared", {{"what", "create"}});
    const auto& key = stream.can.key_field;
    if (key.empty()) return not_applicable("not_declared", {{"what", "key_field"}});
    const auto change = bench.sample(stream);
    if (!change) return could_not_create(change.error());
    const auto first = bench.push(bench.remote(), stream, *change);
    if (!first || first->status != PushStatus::kOk)
        return failed("not_created", {{"error", words_of(first)}});
    const auto second = bench.push(bench.remote(), stream, *change);
    const auto other = bench.colleague();
    if (!other) return failed_call("open", other.error());
    const auto found = bench.find(**other, stream, key, {change->key});
    if (!found) return failed_call("find", found.error());
    for (const auto& image : *found) bench.remember(stream, image.id);
    if (found->size() != 1)
        return failed("created_twice",
                      {{"count", std::to_string(found->size())}, {"record", first->id}});
    if (second && second->status == PushStatus::kOk && second->id != first->id)
        return failed("created_twice", {{"count", "2"}, {"record", second->id}});
    return passed();
}

Verdict write_unknown(Bench& bench, const StreamSpec& stream) {
    const auto* mark = Bench::mark_field(stream);
    if (!stream.can.update) return not_applicable("not_declared", {{"what", "update"}});
    if (!mark) return not_applicable("no_text_field");
    for (const auto& id : hostile_ids()) {
        const auto pushed =
            bench.push(bench.remote(), stream, update_of(id, mark->name, Value(bench.token())));
        if (!pushed) return failed_call("push", pushed.error());
        const bool refused = pushed->status == PushStatus::kMissing ||
                             pushed->status == PushStatus::kInvalid ||
                             pushed->status == PushStatus::kForbidden;
        if (!refused)
            return failed("unknown_written", {{"record", id}, {"error", words_of(pushed)}});
    }
    return passed();
}

constexpr Check kBatchChecks[] = {
    {.name = "batch_partial", .writes = true, .of_stream = partial},
    {.name = "batch_full", .writes = true, .of_stream = full},
    {.name = "fetch_with_push", .writes = true, .of_stream = fetch_with_push},
    {.name = "create_twice", .writes = true, .blind = true, .of_stream = twice},
    {.name = "write_unknown", .writes = true, .of_stream = write_unknown},
};

}  // namespace

std::span<const Check> batch_checks() {
    return kBatchChecks;
}

}  // namespace kontor::kit
