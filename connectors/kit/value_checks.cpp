// What is written is what is read, whatever it is.
#include <algorithm>

#include "connectors/kit/checks.hpp"

namespace kontor::kit {
namespace {

using remote::Change;
using remote::Fact;
using remote::FieldSpec;
using remote::PushStatus;
using remote::StreamSpec;

// What came back of what was sent; nullptr if all of it did.
const FieldSpec* swallowed(const StreamSpec& stream, const Change& sent, const Image& came) {
    for (const auto& field : stream.fields) {
        const auto value = value_of(sent, field.name);
        if (value.is_absent()) continue;
        if (!same_meaning(field, value, value_of(stream, came, field.name))) return &field;
    }
    return nullptr;
}

Verdict value_lost(const StreamSpec& stream, const FieldSpec& field, const Change& sent,
                   const Image& came) {
    return failed("value_lost", {{"record", came.id},
                                 {"field", field.name},
                                 {"sent", words_of(value_of(sent, field.name))},
                                 {"came", words_of(value_of(stream, came, field.name))}});
}

Verdict create(Bench& bench, const StreamSpec& stream) {
    if (!stream.can.create) return not_applicable("not_declared", {{"what", "create"}});
    const auto change = bench.sample(stream);
    if (!change) return could_not_create(change.error());
    const auto pushed = bench.push(bench.remote(), stream, *change);
    if (!pushed || pushed->status != PushStatus::kOk)
        return failed("not_created", {{"error", words_of(pushed)}});
    if (is_write_only(stream)) {
        const auto all = bench.whole(stream);
        if (!all) return failed_call("pull", all.error());
        return (*all)->images.empty() ? passed("written_only")
                                      : failed("writes_without_fetch", {{"stream", stream.name}});
    }
    const auto read = bench.fetch(bench.remote(), stream, {pushed->id});
    if (!read) return failed_call("fetch", read.error());
    const auto& came = read->front();
    if (came.fact != Fact::kRecord) return failed("created_not_there", {{"record", pushed->id}});
    if (const auto* field = swallowed(stream, *change, came))
        return value_lost(stream, *field, *change, came);
    if (!pushed->version.empty() && pushed->version > came.version)
        return failed("version_of_push",
                      {{"record", came.id}, {"first", pushed->version}, {"second", came.version}});
    return passed();
}

// Sends an update, and again without a field that the remote refuses honestly.
struct Sent {
    Pushed pushed;
    Change change;
    std::vector<std::string> refused;
};
Sent send(Bench& bench, const StreamSpec& stream, Change change) {
    Sent out{fail(Errc::kInternal, "not sent"), std::move(change), {}};
    while (!out.change.fields.empty()) {
        out.pushed = bench.push(bench.remote(), stream, out.change);
        if (!out.pushed || out.pushed->status == PushStatus::kOk) return out;
        const auto named =
            std::ranges::find(out.change.fields, out.pushed->field, &remote::FieldChange::field);
        if (out.pushed->status != PushStatus::kInvalid) return out;
        // An unnamed field: one after the other, the last first.
        const auto taken = named != out.change.fields.end() ? named : out.change.fields.end() - 1;
        out.refused.push_back(taken->field);
        out.change.fields.erase(taken);
    }
    // All of it was refused, honestly.
    remote::PushResult nothing_left;
    nothing_left.status = PushStatus::kOk;
    out.pushed = std::move(nothing_left);
    return out;
}

Verdict values(Bench& bench, const StreamSpec& stream) {
    if (!stream.can.create || !stream.can.update)
        return not_applicable("not_declared", {{"what", "create, update"}});
    auto made = bench.create(bench.remote(), stream);
    if (!made) return could_not_create(made.error());
    const auto seed = bench.seed(stream);
    std::vector<std::pair<const FieldSpec*, std::vector<Value>>> all;
    std::size_t rounds = 0;
    for (const auto& field : stream.fields) {
        const bool given = bench.options().values.contains(stream.name + "." + field.name);
        if (given || !can_try(stream, field, false)) continue;
        all.emplace_back(&field, nasty_values(field, seed));
        rounds = std::max(rounds, all.back().second.size());
    }
    std::size_t tried = 0, refused = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
        Change change{.op = remote::ChangeOp::kUpdate,
                      .id = made->id,
                      .key = {},
                      .expect_version = {},
                      .fields = {}};
        for (const auto& [field, list] : all)
            if (round < list.size()) change.fields.push_back({field->name, list[round]});
        const auto sent = send(bench, stream, std::move(change));
        if (!sent.pushed) return failed_call("push", sent.pushed.error());
        if (sent.pushed->status != PushStatus::kOk)
            return failed("not_updated", {{"record", made->id}, {"error", words_of(sent.pushed)}});
        tried += sent.change.fields.size();
        refused += sent.refused.size();
        const auto read = bench.truth(stream, made->id);
        if (!read) return failed_call("fetch", read.error());
        if (const auto* field = swallowed(stream, sent.change, *read))
            return value_lost(stream, *field, sent.change, *read);
    }
    return passed("values_tried",
                  {{"count", std::to_string(tried)}, {"refused", std::to_string(refused)}});
}

// What a remote made of a value is not made something else of when it is sent once more.
Verdict settled(Bench& bench, const StreamSpec& stream) {
    const auto* mark = Bench::mark_field(stream);
    if (!stream.can.create || !stream.can.update)
        return not_applicable("not_declared", {{"what", "create, update"}});
    if (!mark) return not_applicable("no_text_field");
    auto made = bench.create(bench.remote(), stream);
    if (!made) return could_not_create(made.error());
    for (const auto& field : stream.fields) {
        const auto value = value_of(stream, *made, field.name);
        if (!can_try(stream, field, false) || value.is_absent() || value.is_blank()) continue;
        if (field.type == remote::FieldType::kReference) continue;
        const auto sent = send(bench, stream, update_of(made->id, field.name, value));
        if (!sent.pushed) return failed_call("push", sent.pushed.error());
        const auto read = bench.truth(stream, made->id);
        if (!read) return failed_call("fetch", read.error());
        if (sent.refused.empty() && !(value_of(stream, *read, field.name) == value))
            return failed("not_settled", {{"record", made->id},
                                          {"field", field.name},
                                          {"sent", words_of(value)},
                                          {"came", words_of(value_of(stream, *read, field.name))}});
    }
    return passed();
}

Verdict patch(Bench& bench, const StreamSpec& stream) {
    const auto* mark = Bench::mark_field(stream);
    if (!stream.can.create || !stream.can.update)
        return not_applicable("not_declared", {{"what", "create, update"}});
    if (!mark) return not_applicable("no_text_field");
    auto made = bench.create(bench.remote(), stream);
    if (!made) return could_not_create(made.error());
    const auto pushed = bench.push(
        bench.remote(), stream, update_of(made->id, mark->name, Value("patch " + bench.token())));
    if (!pushed || pushed->status != PushStatus::kOk)
        return failed("not_updated", {{"record", made->id}, {"error", words_of(pushed)}});
    const auto read = bench.truth(stream, made->id);
    if (!read) return failed_call("fetch", read.error());
    for (const auto& field : stream.fields) {
        if (&field == mark || field.read_only || field.name == mark->name) continue;
        const auto was = value_of(stream, *made, field.name);
        const auto now = value_of(stream, *read, field.name);
        if (!was.is_blank() && !was.is_absent() && now.is_blank())
            return failed("other_field_lost", {{"record", made->id}, {"field", field.name}});
    }
    return passed();
}

constexpr Check kValueChecks[] = {
    {.name = "create", .writes = true, .blind = true, .of_stream = create},
    {.name = "values", .writes = true, .of_stream = values},
    {.name = "settled", .writes = true, .of_stream = settled},
    {.name = "patch", .writes = true, .of_stream = patch},
};

}  // namespace

std::span<const Check> value_checks() {
    return kValueChecks;
}

}  // namespace kontor::kit
