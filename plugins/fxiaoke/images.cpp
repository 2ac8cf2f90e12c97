#include "plugins/fxiaoke/images.hpp"

#include <algorithm>
#include <unordered_set>

#include "connectors/sdk/canonical.hpp"

namespace kontor::fxiaoke {
namespace {

using sdk::Json;

// Whether this row says null where a field is empty. life_status_before_invalid is empty in every
// row that is not in the recycle bin: a server that says nulls says it.
bool says_nulls(const Json& row, bool tells) {
    if (tells) return row.contains("life_status_before_invalid");
    return std::any_of(row.begin(), row.end(), [](const Json& each) { return each.is_null(); });
}

}  // namespace

Stamp stamp_of(const Json& row, std::string_view object) {
    Stamp out;
    out.id = sdk::text_of(row, "_id");
    const auto ms = sdk::as_integer(sdk::text_of(row, "last_modified_time"));
    if (out.id.empty() || !ms)
        throw sdk::Error(KONTOR_E_PROTOCOL,
                         "list " + std::string(object) + ": a record without _id or time");
    constexpr std::int64_t kMost = 8'640'000'000'000'000;  // beyond the year 9999
    if (*ms < 0 || *ms > kMost)
        throw sdk::Error(KONTOR_E_PROTOCOL,
                         "list " + std::string(object) + ": a time that cannot be");
    out.modified_ms = *ms;
    out.gone =
        sdk::text_of(row, "life_status") == "invalid" || sdk::flag_of(row, "is_deleted", false);
    return out;
}

std::string version_of(const Stamp& stamp) {
    return sdk::format_instant(stamp.modified_ms);
}

Images::Images(Metadata& metadata, const Object& object, const std::vector<std::string>& requested)
    : metadata_(metadata),
      object_(object),
      utc_offset_ms_(metadata.options().utc_offset_ms),
      projection_{"_id", "last_modified_time", "last_modified_by", "life_status"} {
    if (object.tells_nulls) projection_.emplace_back("life_status_before_invalid");
    for (std::size_t i = 0; i < requested.size(); ++i) {
        const Field* field = object.field(requested[i]);
        if (field == nullptr) continue;
        columns_.push_back({field, static_cast<std::uint16_t>(i)});
        if (std::find(projection_.begin(), projection_.end(), field->spec.name) ==
            projection_.end())
            projection_.push_back(field->spec.name);
    }
}

void Images::add_row(const Json& row, const Stamp& stamp, abi::BatchWriter& out) const {
    const std::string actor = first_of(sdk::member(row, "last_modified_by"));
    if (stamp.gone) {
        out.begin(abi::Op::kDeleted, stamp.id, version_of(stamp), {}, actor);
        return;
    }
    const bool silent_nulls = !says_nulls(row, object_.tells_nulls);
    out.begin(abi::Op::kRecord, stamp.id, version_of(stamp), {}, actor);
    for (const Column& column : columns_) {
        const auto found = row.find(column.field->spec.name);
        if (found != row.end())
            add_value(column.field->kind, *found, utc_offset_ms_, column.index, out);
        else if (silent_nulls)
            out.add_null(column.index);
    }
}

// A field that no row shows may be empty everywhere, or gone, or hidden from us. Where nulls are
// left out only the description can tell, and it is asked before anything is taken for null.
void Images::look_for_missing(const Json& rows) {
    if (looked_ || rows.empty() || says_nulls(rows[0], object_.tells_nulls)) return;
    const bool all_shown = std::all_of(columns_.begin(), columns_.end(), [&](const Column& each) {
        return std::any_of(rows.begin(), rows.end(),
                           [&](const Json& row) { return row.contains(each.field->spec.name); });
    });
    if (all_shown) return;
    looked_ = true;
    metadata_.require_fields(object_, projection_);
}

void Images::add(const Json& rows, abi::BatchWriter& out) {
    look_for_missing(rows);
    for (const Json& row : rows) add_row(row, stamp_of(row, object_.name), out);
}

void Images::absent(Lister& lister, const std::string& id, abi::BatchWriter& out) {
    // What a list does not show may be in the recycle bin, gone, or out of our sight.
    Api& api = lister.api();
    const Json request{{"includeNull", true},
                       {"data", {{"dataObjectApiName", object_.name}, {"objectDataId", id}}}};
    try {
        const Reply reply =
            api.read(Api::data_path(object_.name, "get"), request, "read " + object_.name);
        const Json& row = sdk::member(reply.body, "data");
        if (row.is_object() && sdk::text_of(row, "_id") == id) {
            const Stamp stamp = stamp_of(row, object_.name);
            if (stamp.gone)
                out.begin(abi::Op::kMissing, id);
            else
                add_row(row, stamp, out);
            return;
        }
    } catch (const sdk::Error& error) {
        if (error.status() == KONTOR_E_PERMISSION) {
            out.begin(abi::Op::kForbidden, id);
            return;
        }
        if (error.status() != KONTOR_E_INVALID) throw;
    }
    out.begin(abi::Op::kMissing, id);
}

void Images::by_ids(Lister& lister, std::span<const std::string> ids, abi::BatchWriter& out) {
    for (std::size_t at = 0; at < ids.size(); at += kPageMax) {
        const auto part = ids.subspan(at, std::min(kPageMax, ids.size() - at));
        Query query;
        query.fields = projection_;
        query.where("_id", "IN", {part.begin(), part.end()});
        const Rows rows = lister.list(query);
        std::unordered_set<std::string> seen;
        look_for_missing(rows.list);
        for (const Json& row : rows.list) {
            const Stamp stamp = stamp_of(row, object_.name);
            if (std::find(part.begin(), part.end(), stamp.id) == part.end())
                throw sdk::Error(KONTOR_E_PROTOCOL,
                                 "read " + object_.name + ": another record came");
            if (!seen.insert(stamp.id).second) continue;
            if (stamp.gone)
                out.begin(abi::Op::kMissing, stamp.id);
            else
                add_row(row, stamp, out);
        }
        for (const std::string& id : part) {
            if (!seen.insert(id).second) continue;
            lister.api().host().check_cancelled();
            absent(lister, id, out);
        }
    }
}

}  // namespace kontor::fxiaoke
