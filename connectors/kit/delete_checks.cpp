// What was deleted is seen to be, in the way that the connector declares.
#include <algorithm>

#include "connectors/kit/checks.hpp"

namespace kontor::kit {
namespace {

using remote::Fact;
using remote::PushStatus;
using remote::StreamSpec;

Result<bool> in_feed(Bench& bench, const StreamSpec& stream, const std::string& id,
                     std::string& cursor) {
    auto pulled = bench.pull(stream, cursor);
    if (!pulled) return pass(pulled);
    cursor = std::move(pulled->cursor);
    return std::ranges::any_of(pulled->images, [&](const Image& image) {
        return image.id == id && image.fact == Fact::kDeleted;
    });
}

Result<bool> off_list(Bench& bench, const StreamSpec& stream, const std::string& id) {
    Collector list;
    const auto complete = bench.remote().list_ids(stream.name, list);
    if (!complete) return tl::unexpected(complete.error());
    return *complete && std::ranges::find(list.images, id, &Image::id) == list.images.end();
}

Verdict delete_seen(Bench& bench, const StreamSpec& stream) {
    if (!stream.can.create || !stream.can.remove)
        return not_applicable("not_declared", {{"what", "create, delete"}});
    const auto other = bench.colleague();
    if (!other) return failed_call("open", other.error());
    const auto made = bench.create(**other, stream);
    if (!made) return could_not_create(made.error());
    const auto all = bench.whole(stream);
    if (!all) return failed_call("pull", all.error());
    std::string cursor = (*all)->cursor;
    Bench::next_moment(stream);
    const auto removed = bench.push(**other, stream, remove_of(made->id));
    if (!removed || removed->status != PushStatus::kOk)
        return failed("not_deleted", {{"record", made->id}, {"error", words_of(removed)}});
    if (stream.can.deleted_feed) {
        const auto told =
            bench.eventually([&] { return in_feed(bench, stream, made->id, cursor); });
        if (!told) return failed_call("pull", told.error());
        if (!*told) return failed("not_in_feed", {{"record", made->id}});
    }
    if (stream.can.list_ids) {
        const auto gone = bench.eventually([&] { return off_list(bench, stream, made->id); });
        if (!gone) return failed_call("list_ids", gone.error());
        if (!*gone) return failed("still_listed", {{"record", made->id}});
    }
    if (!stream.can.deleted_feed && !stream.can.list_ids) return failed("deletes_unseen");
    return passed();
}

Verdict delete_fetched(Bench& bench, const StreamSpec& stream) {
    if (!stream.can.create || !stream.can.remove)
        return not_applicable("not_declared", {{"what", "create, delete"}});
    if (!stream.can.fetch) return not_applicable("not_declared", {{"what", "fetch"}});
    const auto made = bench.create(bench.remote(), stream);
    if (!made) return could_not_create(made.error());
    const auto removed = bench.push(bench.remote(), stream, remove_of(made->id));
    if (!removed || removed->status != PushStatus::kOk)
        return failed("not_deleted", {{"record", made->id}, {"error", words_of(removed)}});
    const auto read = bench.fetch(bench.remote(), stream, {made->id});
    if (!read) return failed_call("fetch", read.error());
    if (read->front().fact != Fact::kMissing && read->front().fact != Fact::kDeleted)
        return failed("deleted_still_there", {{"record", made->id}});
    const auto again = bench.push(bench.remote(), stream, remove_of(made->id));
    if (!again || (again->status != PushStatus::kOk && again->status != PushStatus::kMissing))
        return failed("delete_again", {{"record", made->id}, {"error", words_of(again)}});
    return passed();
}

constexpr Check kDeleteChecks[] = {
    {.name = "delete_seen", .writes = true, .of_stream = delete_seen},
    {.name = "delete_fetched", .writes = true, .of_stream = delete_fetched},
};

}  // namespace

std::span<const Check> delete_checks() {
    return kDeleteChecks;
}

}  // namespace kontor::kit
