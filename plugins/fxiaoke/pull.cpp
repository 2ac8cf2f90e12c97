#include "plugins/fxiaoke/pull.hpp"

#include <algorithm>
#include <optional>

#include "connectors/sdk/connector.hpp"
#include "plugins/fxiaoke/cursor.hpp"
#include "plugins/fxiaoke/images.hpp"
#include "plugins/fxiaoke/query.hpp"

namespace kontor::fxiaoke {
namespace {

using sdk::Json;

constexpr std::size_t kBatchRecords = 1000;
// Far beyond any tenant; a server that never ends its list must not keep us for ever.
constexpr int kPagesMax = 1'000'000;
constexpr std::int64_t kAskInvalidEveryMs = 3'600'000;

[[noreturn]] void endless(const std::string& object) {
    throw sdk::Error(KONTOR_E_PROTOCOL, "list " + object + ": it never ends");
}

/// One pull of one object.
class Pull {
public:
    Pull(Api& api, Metadata& metadata, const Object& object, const sdk::Request& request)
        : api_(api),
          object_(object),
          lister_(api, object.name),
          images_(metadata, object, request.fields),
          total_hint_(request.total_hint) {}

    std::string run(std::string_view text) {
        const auto known = Cursor::decode(text);
        if (known) cursor_ = *known;
        if (cursor_.loading)
            load(known.has_value());
        else
            increment();
        api_.state().save();
        return cursor_.encode();
    }

private:
    // All records in the order of their ids, which never change, so that nothing moves under us.
    void load(bool resumed) {
        Query query;
        query.fields = images_.projection();
        if (resumed && !cursor_.last_id.empty()) query.where("_id", "GT", {cursor_.last_id});
        for (int page = 0; page < kPagesMax; ++page) {
            const Rows rows = lister_.list(query);
            // Increments begin at the server's clock before anything was read.
            if (page == 0 && !resumed)
                cursor_.since_ms = api_.cautious_ms() - api_.options().lag_ms;
            take(rows.list, cursor_.last_id);
            if (page == 0) learn_keyset(rows.list);
            if (!rows.last) {
                query.filters.clear();
                query.where("_id", "GT", {cursor_.last_id});
                lister_.expect(query);
            }
            cursor_.done += static_cast<std::int64_t>(rows.list.size());
            cursor_.loading = !rows.last;
            flush(rows.last ? 1 : kBatchRecords);
            api_.host().progress(
                {{"stage", "load"}, {"done", cursor_.done}, {"total", total_hint_}});
            if (rows.last) return;
        }
        endless(object_.name);
    }

    // Whether the server lets `_id GT` and a time filter hold together is not documented: tried
    // once with a row that both let pass.
    void learn_keyset(const Json& rows) {
        auto& known = api_.state().keyset_with_time;
        for (std::size_t i = 1; i < rows.size() && !known; ++i) {
            const Stamp before = stamp_of(rows[i - 1], object_.name);
            const Stamp wanted = stamp_of(rows[i], object_.name);
            if (wanted.modified_ms <= before.modified_ms) continue;
            Query query;
            query.where("last_modified_time", "GTE", {std::to_string(wanted.modified_ms)});
            query.where("_id", "GT", {before.id});
            query.fields = {"_id", "last_modified_time"};
            query.limit = 1;
            const Rows found = lister_.list(query);
            known = found.list.size() == 1 && stamp_of(found.list[0], object_.name).id == wanted.id;
            if (!*known) forget_keyset();
        }
    }

    void forget_keyset() {
        api_.state().keyset_with_time = false;
        api_.host().log(sdk::LogLevel::kInfo, "fxiaoke.no_keyset_with_time",
                        {{"object", object_.name}});
    }

    void increment() {
        const std::int64_t since = cursor_.since_ms - api_.options().overlap_ms;
        std::optional<std::int64_t> began;
        if (api_.state().keyset_with_time.value_or(false)) began = by_id(since);
        if (!began) began = by_time(since);
        invalidated(since);
        // What became visible late is behind the cursor next time.
        cursor_.since_ms = std::max(cursor_.since_ms, *began - api_.options().lag_ms);
        flush(1);
    }

    // Everything changed since, in the order of ids: a row that changes meanwhile keeps its place
    // and is behind `began` for the next pull. nullopt if the server does not hold to both filters;
    // what was handed over then is handed over again.
    std::optional<std::int64_t> by_id(std::int64_t since) {
        std::int64_t began = 0;
        std::string last_id;
        for (int page = 0; page < kPagesMax; ++page) {
            Query query;
            query.fields = images_.projection();
            query.where("last_modified_time", "GTE", {std::to_string(since)});
            if (!last_id.empty()) query.where("_id", "GT", {last_id});
            const Rows rows = lister_.list(query);
            if (page == 0) began = api_.cautious_ms();
            for (const Json& row : rows.list) {
                const Stamp stamp = stamp_of(row, object_.name);
                if (stamp.modified_ms < since || (!last_id.empty() && stamp.id <= last_id)) {
                    forget_keyset();
                    return std::nullopt;
                }
                last_id = stamp.id;
            }
            images_.add(rows.list, out_);
            if (rows.last) return began;
            flush(kBatchRecords, false);
        }
        endless(object_.name);
    }

    // The same where a time filter and `_id GT` do not hold together: oldest first, and each page
    // begins at the last time seen rather than at an offset, for a row that changes moves away.
    std::int64_t by_time(std::int64_t since) {
        std::int64_t began = 0;
        for (int page = 0; page < kPagesMax; ++page) {
            Query query;
            query.fields = images_.projection();
            query.order = "last_modified_time";
            query.where("last_modified_time", "GTE", {std::to_string(since)});
            const Rows rows = lister_.list(query);
            if (page == 0) began = api_.cautious_ms();
            images_.add(rows.list, out_);
            if (rows.last) return began;
            const std::int64_t newest = stamp_of(rows.list.back(), object_.name).modified_ms;
            if (newest > since)
                since = newest;
            else
                since = all_of_one_time(since) + 1;
            flush(kBatchRecords, false);
        }
        endless(object_.name);
    }

    // More rows than a page share one time: by offset, which ends at 10,000.
    std::int64_t all_of_one_time(std::int64_t ms) {
        const std::string at = std::to_string(ms);
        for (std::int64_t offset = 0; offset <= kOffsetMax;
             offset += static_cast<std::int64_t>(kPageMax)) {
            Query query;
            query.fields = images_.projection();
            query.where("last_modified_time", "BETWEEN", {at, at});
            query.offset = offset;
            const Rows rows = lister_.list(query);
            images_.add(rows.list, out_);
            if (rows.last) return ms;
            flush(kBatchRecords, false);
        }
        throw sdk::Error(KONTOR_E_UNSUPPORTED, "list " + object_.name +
                                                   ": more than 10,000 records changed in one "
                                                   "millisecond; they cannot be listed by time")
            .stream(object_.name);
    }

    // Default lists hide what is in the recycle bin; whether it can be asked for is not documented.
    // Where it cannot, and where filters do not hold together, the sweep of ids finds the
    // deletions.
    void invalidated(std::int64_t since) {
        if (object_.field("life_status") == nullptr ||
            !api_.state().keyset_with_time.value_or(false) || !shows_invalid())
            return;
        std::string last_id;
        for (int page = 0; page < kPagesMax; ++page) {
            Query query = of_invalid();
            query.where("last_modified_time", "GTE", {std::to_string(since)});
            if (!last_id.empty()) query.where("_id", "GT", {last_id});
            const Rows rows = lister_.list(query);
            for (const Json& row : rows.list) {
                const Stamp stamp = stamp_of(row, object_.name);
                if (!last_id.empty() && stamp.id <= last_id) endless(object_.name);
                last_id = stamp.id;
                if (stamp.gone) images_.add_row(row, stamp, out_);
            }
            if (rows.last) return;
            flush(kBatchRecords, false);
        }
        endless(object_.name);
    }

    static Query of_invalid() {
        Query query;
        query.fields = {"_id", "last_modified_time", "last_modified_by", "life_status"};
        query.where("life_status", "IN", {"invalid"});
        return query;
    }

    // Known once one has come; until then asked again from time to time.
    bool shows_invalid() {
        State& state = api_.state();
        const std::string& name = object_.name;
        if (state.shows_invalid.count(name) != 0) return true;
        const std::int64_t now = api_.cautious_ms();
        if (now - state.invalid_asked_ms[name] < kAskInvalidEveryMs) return false;
        state.invalid_asked_ms[name] = now;
        try {
            Query query = of_invalid();
            query.limit = 1;
            const Rows rows = lister_.list(query);
            if (rows.list.empty() || !stamp_of(rows.list[0], name).gone) return false;
        } catch (const sdk::Error& error) {
            if (error.status() != KONTOR_E_INVALID) throw;
            return false;  // it does not take the filter
        }
        state.shows_invalid.insert(name);
        return true;
    }

    void take(const Json& rows, std::string& last_id) {
        for (const Json& row : rows) {
            const std::string id = sdk::text_of(row, "_id");
            // Otherwise the list would begin anew for ever.
            if (!last_id.empty() && id <= last_id) endless(object_.name);
            last_id = id;
        }
        images_.add(rows, out_);
    }

    void flush(std::size_t at_least, bool resumable = true) {
        if (out_.records() < at_least) return;
        api_.host().emit(out_, resumable ? cursor_.encode() : std::string());
    }

    Api& api_;
    const Object& object_;
    Lister lister_;
    Images images_;
    std::int64_t total_hint_;
    abi::BatchWriter out_;
    Cursor cursor_;
};

// A request that the server refuses may name a field that is gone: then that is what to tell.
template <class Work>
void with_known_fields(Metadata& metadata, const Object& object,
                       const std::vector<std::string>& names, Work&& work) {
    try {
        work();
    } catch (const sdk::Error& error) {
        if (error.status() == KONTOR_E_INVALID) metadata.require_fields(object, names);
        throw;
    }
}

}  // namespace

std::string pull(Api& api, Metadata& metadata, const sdk::Request& request,
                 std::string_view cursor) {
    const Object& object = metadata.object(request.stream);
    std::string out;
    with_known_fields(metadata, object, request.fields,
                      [&] { out = Pull(api, metadata, object, request).run(cursor); });
    return out;
}

bool list_all_ids(Api& api, Metadata&, const Object& object) {
    Lister lister(api, object.name);
    abi::BatchWriter out;
    std::string last_id;
    for (int page = 0; page < kPagesMax; ++page) {
        Query query;
        query.fields = {"_id", "last_modified_time", "life_status"};
        if (!last_id.empty()) query.where("_id", "GT", {last_id});
        const Rows rows = lister.list(query);
        for (const Json& row : rows.list) {
            const Stamp stamp = stamp_of(row, object.name);
            if (!last_id.empty() && stamp.id <= last_id) endless(object.name);
            last_id = stamp.id;
            if (!stamp.gone) out.begin(abi::Op::kId, stamp.id, version_of(stamp));
        }
        if (rows.last || out.records() >= kBatchRecords) api.host().emit(out);
        if (rows.last) return true;
    }
    return false;
}

void fetch(Api& api, Metadata& metadata, const sdk::Request& request) {
    const Object& object = metadata.object(request.stream);
    Lister lister(api, object.name);
    Images images(metadata, object, request.fields);
    abi::BatchWriter out;
    with_known_fields(metadata, object, request.fields,
                      [&] { images.by_ids(lister, request.ids, out); });
    api.host().emit(out);
}

void find(Api& api, Metadata& metadata, const sdk::Request& request) {
    const Object& object = metadata.object(request.stream);
    if (request.field != "_id" && object.field(request.field) == nullptr)
        throw sdk::Error(KONTOR_E_INVALID, object.name + " has no field " + request.field)
            .stream(object.name);
    Lister lister(api, object.name);
    Images images(metadata, object, request.fields);
    abi::BatchWriter out;
    for (std::size_t at = 0; at < request.values.size(); at += kPageMax) {
        const auto begin = request.values.begin() + static_cast<std::ptrdiff_t>(at);
        const auto end = request.values.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                      at + kPageMax, request.values.size()));
        std::string last_id;
        for (int page = 0; page < kPagesMax; ++page) {
            Query query;
            query.fields = images.projection();
            query.where(request.field, "IN", {begin, end});
            if (!last_id.empty()) query.where("_id", "GT", {last_id});
            const Rows rows = lister.list(query);
            for (const Json& row : rows.list) {
                const Stamp stamp = stamp_of(row, object.name);
                if (!last_id.empty() && stamp.id <= last_id) endless(object.name);
                last_id = stamp.id;
                if (!stamp.gone) images.add_row(row, stamp, out);
            }
            if (rows.last) break;
        }
    }
    api.host().emit(out);
}

}  // namespace kontor::fxiaoke
