#include "plugins/salesforce/pull.hpp"

#include <algorithm>

#include "connectors/sdk/connector.hpp"
#include "plugins/salesforce/bulk_load.hpp"
#include "plugins/salesforce/cursor.hpp"
#include "plugins/salesforce/deletions.hpp"
#include "plugins/salesforce/images.hpp"
#include "plugins/salesforce/query.hpp"

namespace kontor::salesforce {
namespace {

using sdk::Json;

constexpr std::size_t kFindMax = 100;

[[noreturn]] void endless(const std::string& object) {
    throw sdk::Error(KONTOR_E_PROTOCOL, "list " + object + ": it never ends").stream(object);
}

// Archived activities are shown by queryAll only, beside the deleted ones.
void show_all_kept(const Object& object, Query& query) {
    if (!object.archives()) return;
    query.deleted_too = true;
    query.where.emplace_back("IsDeleted = false");
}

/// One pull of one object.
class Pull {
public:
    Pull(Api& api, Metadata& metadata, const Object& object, const sdk::Request& request)
        : api_(api),
          object_(object),
          lister_(api, object.name, object.stamp),
          images_(metadata, object, request.fields),
          bulk_(api, object, images_, request.total_hint),
          total_hint_(request.total_hint) {}

    std::string run(std::string_view text) {
        const auto known = Cursor::decode(text);
        if (known)
            cursor_ = *known;
        else
            begin();
        const bool loading = cursor_.stage != Cursor::Stage::kChanges;
        if (cursor_.stage == Cursor::Stage::kBulk && !bulk_.run(cursor_)) {
            // By the slow way then: a job that failed once would do so again.
            cursor_.stage = Cursor::Stage::kLoad;
            cursor_.done = 0;
        }
        if (cursor_.stage == Cursor::Stage::kLoad)
            load();
        else if (!loading)
            changes();
        return cursor_.encode();
    }

private:
    // Increments begin at the server's clock before anything was read.
    void begin() {
        const std::int64_t count = api_.options().bulk_from > 0 ? lister_.count() : probe();
        cursor_.since_ms = cursor_.feed_ms = api_.cautious_ms();
        if (api_.options().bulk_from > 0 && count >= api_.options().bulk_from) bulk_.order(cursor_);
    }
    std::int64_t probe() {
        Query query;
        query.fields = {"Id", object_.stamp};
        query.limit = 1;
        lister_.list(query);
        return 0;
    }

    // All records in the order of their ids, which never change, so that nothing moves under us.
    void load() {
        for (int page = 0; page < kPagesMax; ++page) {
            const Rows rows = lister_.list(after_id());
            const bool stuck = !rows.last && rows.last_id == cursor_.last_id;
            if (stuck) endless(object_.name);
            if (!rows.last_id.empty()) cursor_.last_id = rows.last_id;
            if (!rows.last) lister_.expect(after_id());
            for (const Json& row : rows.list) images_.add(row, out_);
            cursor_.done += static_cast<std::int64_t>(rows.list.size());
            if (rows.last) {
                cursor_.stage = Cursor::Stage::kChanges;
                cursor_.last_id.clear();
            }
            if (out_.records() > 0 || rows.last) api_.host().emit(out_, cursor_.encode());
            api_.host().progress(
                {{"stage", "load"}, {"done", cursor_.done}, {"total", total_hint_}});
            if (rows.last) return;
        }
        endless(object_.name);
    }
    [[nodiscard]] Query after_id() const {
        Query query;
        query.fields = images_.projection();
        show_all_kept(object_, query);
        if (!cursor_.last_id.empty()) query.where.push_back("Id > " + soql_text(cursor_.last_id));
        query.order = "Id";
        return query;
    }

    // Oldest first; each page begins behind the last record of the one before, told by stamp and
    // id, for many records may have one stamp. A record that changes meanwhile moves to the end.
    void changes() {
        const std::int64_t since = cursor_.since_ms - api_.options().overlap_ms;
        if (cursor_.last_id.empty()) {
            // First: what is restored while we read is then told to be there.
            add_deletions(api_, object_, since, cursor_, out_);
            cursor_.began_ms = 0;
            if (out_.records() >= kPageMax) api_.host().emit(out_);
        }
        for (int page = 0; page < kPagesMax; ++page) {
            const Rows rows = lister_.list(after_stamp(since));
            if (cursor_.began_ms == 0) cursor_.began_ms = api_.cautious_ms();
            for (const Json& row : rows.list) images_.add(row, out_);
            if (rows.last) break;
            if (rows.last_id == cursor_.last_id && rows.last_ms == cursor_.at_ms)
                endless(object_.name);
            if (rows.last_ms < since) endless(object_.name);
            cursor_.last_id = rows.last_id;
            cursor_.at_ms = rows.last_ms;
            lister_.expect(after_stamp(since));
            api_.host().emit(out_, cursor_.encode());
        }
        cursor_.since_ms = std::max(cursor_.since_ms, cursor_.began_ms);
        cursor_.last_id.clear();
        cursor_.done = 0;
        api_.host().emit(out_, cursor_.encode());
    }
    [[nodiscard]] Query after_stamp(std::int64_t since) const {
        const bool goes_on = !cursor_.last_id.empty();
        const std::string from = sdk::format_instant(goes_on ? cursor_.at_ms : since);
        Query query;
        query.fields = images_.projection();
        show_all_kept(object_, query);
        query.where.push_back(object_.stamp + " >= " + from);
        if (goes_on)
            query.where.push_back("(" + object_.stamp + " > " + from + " OR Id > " +
                                  soql_text(cursor_.last_id) + ")");
        query.order = object_.stamp + ",Id";
        return query;
    }

    Api& api_;
    const Object& object_;
    Lister lister_;
    Images images_;
    BulkLoad bulk_;
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

bool list_all_ids(Api& api, const Object& object) {
    Lister lister(api, object.name, object.stamp);
    abi::BatchWriter out;
    std::string last_id;
    for (int page = 0; page < kPagesMax; ++page) {
        Query query;
        query.fields = {"Id", object.stamp};
        show_all_kept(object, query);
        if (!last_id.empty()) query.where.push_back("Id > " + soql_text(last_id));
        query.order = "Id";
        const Rows rows = lister.list(query);
        for (const Json& row : rows.list) {
            const std::string id = sdk::text_of(row, "Id");
            if (!is_id(id)) throw sdk::Error(KONTOR_E_PROTOCOL, "list of ids: one without an id");
            out.begin(abi::Op::kId, id, version_of(sdk::text_of(row, object.stamp), object.name));
        }
        api.host().emit(out);
        if (rows.last) return true;
        if (rows.last_id == last_id) break;
        last_id = rows.last_id;
    }
    return false;
}

void fetch(Api& api, Metadata& metadata, const sdk::Request& request) {
    const Object& object = metadata.object(request.stream);
    Lister lister(api, object.name, object.stamp);
    Images images(metadata, object, request.fields);
    abi::BatchWriter out;
    // Ids of nothing, or of another object, make Salesforce refuse all of them.
    std::vector<std::string> ids, missing;
    for (const std::string& id : request.ids) {
        const bool ours = is_id(id) && (object.prefix.empty() ||
                                        id.compare(0, object.prefix.size(), object.prefix) == 0);
        (ours ? ids : missing).push_back(id);
    }
    with_known_fields(metadata, object, request.fields, [&] {
        for (std::size_t at = 0; at < ids.size(); at += kPageMax) {
            const std::vector<std::string> part(
                ids.begin() + static_cast<std::ptrdiff_t>(at),
                ids.begin() + static_cast<std::ptrdiff_t>(std::min(at + kPageMax, ids.size())));
            const Json rows = lister.by_ids(part, images.projection());
            for (std::size_t i = 0; i < part.size(); ++i) {
                if (rows[i].is_null()) {
                    missing.push_back(part[i]);
                    continue;
                }
                if (sdk::text_of(rows[i], "Id").compare(0, 15, part[i], 0, 15) != 0)
                    throw sdk::Error(KONTOR_E_PROTOCOL,
                                     "read " + object.name + ": another record came");
                images.add(rows[i], out);
            }
        }
        add_missing(api, object, missing, out);
    });
    api.host().emit(out);
}

void find(Api& api, Metadata& metadata, const sdk::Request& request) {
    const Object& object = metadata.object(request.stream);
    if (request.field != "Id" && object.field(request.field) == nullptr)
        throw sdk::Error(KONTOR_E_INVALID, object.name + " has no field " + request.field)
            .stream(object.name);
    Lister lister(api, object.name, object.stamp);
    Images images(metadata, object, request.fields);
    abi::BatchWriter out;
    for (std::size_t at = 0; at < request.values.size(); at += kFindMax) {
        const auto begin = request.values.begin() + static_cast<std::ptrdiff_t>(at);
        const auto end = request.values.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                      at + kFindMax, request.values.size()));
        std::string last_id;
        for (int page = 0; page < kPagesMax; ++page) {
            Query query;
            query.fields = images.projection();
            query.where.push_back(request.field + " IN " + soql_texts({begin, end}));
            if (!last_id.empty()) query.where.push_back("Id > " + soql_text(last_id));
            query.order = "Id";
            const Rows rows = lister.list(query);
            for (const Json& row : rows.list) images.add(row, out);
            if (rows.last) break;
            if (rows.last_id == last_id) endless(object.name);
            last_id = rows.last_id;
        }
    }
    api.host().emit(out);
}

}  // namespace kontor::salesforce
