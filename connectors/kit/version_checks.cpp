// Versions order images, and where they are a precondition, nobody's edit is overwritten.
#include "connectors/kit/checks.hpp"

namespace kontor::kit {
namespace {

using remote::PushStatus;
using remote::StreamSpec;

Verdict version_moves(Bench& bench, const StreamSpec& stream) {
    const auto* mark = Bench::mark_field(stream);
    if (!stream.can.create || !stream.can.update)
        return not_applicable("not_declared", {{"what", "create, update"}});
    if (!mark) return not_applicable("no_text_field");
    auto image = bench.create(bench.remote(), stream);
    if (!image) return could_not_create(image.error());
    if (image->version.empty()) return not_applicable("no_versions");
    // Ten versions, so that 9 and 10 are among them.
    for (int round = 0; round < 10; ++round) {
        if (round < 2) Bench::next_moment(stream);
        const auto value = Value("version " + std::to_string(round) + " " + bench.token());
        const auto pushed =
            bench.push(bench.remote(), stream, update_of(image->id, mark->name, value));
        if (!pushed || pushed->status != PushStatus::kOk)
            return failed("not_updated", {{"record", image->id}, {"error", words_of(pushed)}});
        auto now = bench.truth(stream, image->id);
        if (!now) return failed_call("fetch", now.error());
        const bool moved =
            round < 2 ? now->version > image->version : now->version >= image->version;
        if (!moved)
            return failed(
                "version_goes_back",
                {{"record", image->id}, {"first", image->version}, {"second", now->version}});
        *image = std::move(*now);
    }
    return passed();
}

Verdict stale_version(Bench& bench, const StreamSpec& stream) {
    const auto* mark = Bench::mark_field(stream);
    if (stream.can.cas == remote::CompareAndSet::kNone)
        return not_applicable("not_declared", {{"what", "cas"}});
    if (!stream.can.create || !stream.can.update)
        return not_applicable("not_declared", {{"what", "create, update"}});
    if (!mark) return not_applicable("no_text_field");
    const auto other = bench.colleague();
    if (!other) return failed_call("open", other.error());
    const auto made = bench.create(bench.remote(), stream);
    if (!made) return could_not_create(made.error());
    if (made->version.empty()) return failed("cas_without_version", {{"record", made->id}});
    Bench::next_moment(stream);
    const Value theirs("colleague " + bench.token()), ours("stale " + bench.token());
    const auto edited = bench.push(**other, stream, update_of(made->id, mark->name, theirs));
    if (!edited || edited->status != PushStatus::kOk)
        return failed("not_updated", {{"record", made->id}, {"error", words_of(edited)}});
    const auto stale =
        bench.push(bench.remote(), stream, update_of(made->id, mark->name, ours, made->version));
    auto now = bench.truth(stream, made->id);
    if (!now) return failed_call("fetch", now.error());
    if (!same_meaning(*mark, theirs, value_of(stream, *now, mark->name)))
        return failed("overwritten", {{"record", made->id}});
    if (!stale || stale->status != PushStatus::kChanged)
        return failed("stale_not_told", {{"record", made->id}, {"error", words_of(stale)}});
    const auto fresh =
        bench.push(bench.remote(), stream, update_of(made->id, mark->name, ours, now->version));
    if (!fresh || fresh->status != PushStatus::kOk)
        return failed("fresh_refused", {{"record", made->id}, {"error", words_of(fresh)}});
    return passed();
}

constexpr Check kVersionChecks[] = {
    {.name = "version_moves", .writes = true, .of_stream = version_moves},
    {.name = "stale_version", .writes = true, .of_stream = stale_version},
};

}  // namespace

std::span<const Check> version_checks() {
    return kVersionChecks;
}

}  // namespace kontor::kit
