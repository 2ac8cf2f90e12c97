#include "plugins/rest/pull.hpp"

#include <algorithm>

#include "plugins/rest/cursor.hpp"
#include "plugins/rest/pager.hpp"
#include "plugins/rest/rows.hpp"

namespace kontor::rest {
namespace {

using declarative::Stream;

constexpr std::size_t kBatchRecords = 1000;
constexpr int kPassesMax = 5;

// Another attempt at the same place may succeed.
bool passes(kontor_status status) {
    return status == KONTOR_E_UNAVAILABLE || status == KONTOR_E_TIMEOUT ||
           status == KONTOR_E_RATE_LIMITED || status == KONTOR_E_UNAUTHENTICATED ||
           status == KONTOR_E_CANCELLED;
}

class Pull {
public:
    Pull(Api& api, const Stream& stream, const sdk::Request& request)
        : api_(api),
          stream_(stream),
          rows_(api, stream, request.fields),
          each_(api.each_of(stream)),
          total_hint_(request.total_hint) {}

    std::string run(std::string_view text) {
        cursor_ = Cursor::decode(text);
        if (cursor_.loading)
            load();
        else
            increment();
        api_.host().emit(out_, cursor_.encode());
        return cursor_.encode();
    }

private:
    Values usual() const { return {{"fields", rows_.wanted()}}; }

    // The list once for each of what it is asked for with.
    template <class Take>
    void whole(const declarative::Request& request, const Values& values, Take&& take) {
        for (const Json& each : each_) one(request, values, each, take);
    }

    // A row, with what it was asked for with where the description wants that.
    template <class Take>
    void hand(const Json& row, const Json& each, Take&& take) {
        if (!stream_.each || !stream_.each->at) return take(row);
        Json whole_row = row;
        stream_.each->at->put(whole_row, each);
        take(whole_row);
    }

    // Until its rows have kept still from the first page to the last.
    template <class Take>
    void one(const declarative::Request& request, Values values, const Json& each, Take&& take) {
        if (stream_.each) values["each"] = each;
        for (int pass = 0; pass < kPassesMax; ++pass) {
            Pager pager(api_, stream_, request, values);
            if (!cursor_.position.is_null()) pager.resume(cursor_.position);
            while (const Json* rows = pager.next()) {
                for (const Json& row : *rows) hand(row, each, take);
                flush(stream_.each ? Json() : pager.position());
            }
            if (!pager.moved()) return;
        }
        throw sdk::Error(
            KONTOR_E_UNAVAILABLE,
            request.name + " " + stream_.name +
                ": its rows move between pages faster than they can be read; sort them "
                "by something that does not change, or page by keyset or cursor")
            .stream(stream_.name);
    }

    void load() {
        const auto* list = stream_.request("list");
        const bool resumed = !cursor_.position.is_null();
        if (!resumed) cursor_ = {};
        // Before anything is read, by the clock that stamps changes.
        if (!cursor_.began_ms) cursor_.began_ms = api_.server_ms();
        try {
            read_all(*list, resumed);
        } catch (const sdk::Error& error) {
            // The place to go on may have expired, or have been no good from the beginning.
            if (!resumed || passes(error.status()) || done_ > 0) throw;
            cursor_ = {};
            cursor_.began_ms = api_.server_ms();
            read_all(*list, false);
        }
        cursor_.position = nullptr;
        cursor_.each = each_;
        if (stream_.request("changes") == nullptr || !cursor_.newest_ms) return;
        cursor_.loading = false;
        cursor_.since_ms = std::min(*cursor_.newest_ms, *cursor_.began_ms);
        cursor_.began_ms = cursor_.newest_ms = std::nullopt;
    }

    void read_all(const declarative::Request& list, bool resumed) {
        bool first = !resumed;
        whole(list, usual(), [&](const Json& row) {
            if (first) cursor_.began_ms = std::min(*cursor_.began_ms, api_.server_ms());
            first = false;
            const Stamp stamp = rows_.stamp(row);
            note(stamp);
            if (!stamp.gone) rows_.add(row, stamp, out_);
            ++done_;
        });
    }

    void increment() {
        const std::int64_t began = api_.server_ms();
        Values values = usual();
        const std::int64_t since = *cursor_.since_ms - stream_.overlap.count();
        const auto& modified = *stream_.modified;
        const auto& format =
            modified.filter_format.empty() ? modified.format : modified.filter_format;
        values["since"] = rows_.forms().written_moment(format, since);
        values["since_text"] = declarative::as_text(values["since"]);
        values["until"] = rows_.forms().written_moment(format, began);
        resumable_ = false;
        const auto take = [&](const Json& row) {
            const Stamp stamp = rows_.stamp(row);
            note(stamp);
            if (stamp.gone)
                out_.begin(abi::Op::kDeleted, stamp.id, stamp.version(), {}, stamp.actor);
            else
                rows_.add(row, stamp, out_);
        };
        // What is asked for with something new has not been loaded yet.
        for (const Json& each : each_) {
            const bool known =
                !stream_.each || std::ranges::find(cursor_.each, each) != cursor_.each.end();
            one(*stream_.request(known ? "changes" : "list"), values, each, take);
        }
        cursor_.each = each_;
        if (const auto* deleted = stream_.request("deleted"))
            whole(*deleted, values, [&](const Json& row) {
                const Stamp stamp = rows_.stamp(row);
                out_.begin(abi::Op::kDeleted, stamp.id, stamp.version(), {}, stamp.actor);
            });
        // Its clock may be ahead of its stamps, or its stamps of its clock.
        if (cursor_.newest_ms)
            cursor_.since_ms = std::max(*cursor_.since_ms, std::min(*cursor_.newest_ms, began));
        cursor_.newest_ms = std::nullopt;
    }

    void note(const Stamp& stamp) {
        if (stamp.modified_ms && (!cursor_.newest_ms || *stamp.modified_ms > *cursor_.newest_ms))
            cursor_.newest_ms = stamp.modified_ms;
    }

    void flush(const Json& position) {
        api_.host().check_cancelled();
        if (resumable_) cursor_.position = position;
        // The first page goes at once: whoever only looks needs no more.
        if (out_.records() < kBatchRecords && pages_++ > 0) return;
        const bool goes_on = resumable_ && !position.is_null();
        api_.host().emit(out_, goes_on ? cursor_.encode() : std::string());
        if (resumable_)
            api_.host().progress({{"stage", "load"}, {"done", done_}, {"total", total_hint_}});
    }

    Api& api_;
    const Stream& stream_;
    Rows rows_;
    const std::vector<Json> each_;
    std::int64_t total_hint_, done_ = 0;
    int pages_ = 0;
    abi::BatchWriter out_;
    Cursor cursor_;
    bool resumable_ = true;
};

}  // namespace

std::string pull(Api& api, const Stream& stream, const sdk::Request& request,
                 std::string_view cursor) {
    return Pull(api, stream, request).run(cursor);
}

namespace {

// False if rows moved between pages again and again.
bool list_ids_of(Api& api, const Stream& stream, const Json& each) {
    const auto* request = stream.request("ids");
    if (request == nullptr) request = stream.request("list");
    const Rows rows(api, stream, {});
    for (int pass = 0; pass < kPassesMax; ++pass) {
        Pager pager(api, stream, *request, {{"fields", rows.wanted()}, {"each", each}});
        abi::BatchWriter out;
        while (const Json* page = pager.next()) {
            for (const Json& row : *page) {
                const Stamp stamp = rows.stamp(row);
                if (!stamp.gone) out.begin(abi::Op::kId, stamp.id, stamp.version());
            }
            api.host().check_cancelled();
            if (out.records() >= kBatchRecords) api.host().emit(out);
        }
        api.host().emit(out);
        if (!pager.moved()) return true;
    }
    return false;
}

}  // namespace

bool list_ids(Api& api, const Stream& stream) {
    return std::ranges::all_of(api.each_of(stream),
                               [&](const Json& each) { return list_ids_of(api, stream, each); });
}

}  // namespace kontor::rest
