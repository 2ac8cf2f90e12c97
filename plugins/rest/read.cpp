#include "plugins/rest/read.hpp"

#include <algorithm>
#include <map>

namespace kontor::rest {
namespace {

using declarative::Means;
using declarative::Request;
using declarative::Stream;

const Request& needed(const Stream& stream, const char* kind) {
    const auto* request = stream.request(kind);
    if (request == nullptr)
        throw sdk::Error(KONTOR_E_UNSUPPORTED,
                         stream.name + ": its description has no request `" + kind + "`");
    return *request;
}

// The record itself, or the only item of a list of records.
const Json* record_of(const Request& request, const Json& body) {
    const Json* found = request.records.find(body);
    if (found != nullptr && found->is_array()) return found->empty() ? nullptr : &(*found)[0];
    return found == nullptr || found->is_null() || *found == false ? nullptr : found;
}

// What the gaps of `get` are filled with for these ids.
Values asked(Api& api, const Stream& stream, const Rows& rows,
             const std::vector<std::string>& ids) {
    const Request& get = needed(stream, "get");
    Json written = Json::array(), items = Json::array();
    for (const auto& id : ids) {
        written.push_back(ValueForms::written_id(stream, id));
        if (get.item.is_null()) continue;
        if (auto item = api.filled(get.item, stream, {{"id", written.back()}}))
            items.push_back(std::move(*item));
    }
    return {{"id", written.front()},
            {"ids", written},
            {"items", std::move(items)},
            {"fields", rows.wanted()}};
}

void add_found(const Rows& rows, const std::string& id, const Json& row, abi::BatchWriter& out) {
    const Stamp stamp = rows.stamp(row);
    if (stamp.gone)
        out.begin(abi::Op::kMissing, id);
    else if (stamp.id != id)  // asked for the loser of a merge, some answer with the winner
        out.begin(abi::Op::kMerged, id, {}, stamp.id);
    else
        rows.add(row, stamp, out);
}

void fetch_one(Api& api, const Stream& stream, const Rows& rows, const std::string& id,
               abi::BatchWriter& out) {
    const Found found = read_one(api, stream, rows, id);
    if (found.what == Found::What::kThere)
        add_found(rows, id, found.row, out);
    else
        out.begin(found.what == Found::What::kMissing ? abi::Op::kMissing : abi::Op::kForbidden,
                  id);
}

void fetch_some(Api& api, const Stream& stream, const Rows& rows, const Request& get,
                const std::vector<std::string>& ids, abi::BatchWriter& out) {
    const Reply reply = api.send(get, &stream, asked(api, stream, rows, ids));
    const bool whole = reply.ok() || reply.means == Means::kEmpty;
    if (!whole && ids.size() > 1 &&
        (reply.means == Means::kMissing || reply.means == Means::kInvalid ||
         reply.means == Means::kForbidden)) {
        // One of them spoils the answer for all.
        for (const auto& id : ids) fetch_some(api, stream, rows, get, {id}, out);
        return;
    }
    if (reply.means == Means::kMissing || reply.means == Means::kForbidden) {
        for (const auto& id : ids)
            out.begin(reply.means == Means::kMissing ? abi::Op::kMissing : abi::Op::kForbidden, id);
        return;
    }
    if (!whole) throw failure(reply, get, &stream);
    std::map<std::string, const Json*> found;
    const Json* list = get.records.find(reply.body);
    if (reply.ok() && (list == nullptr || !(list->is_array() || list->is_null())))
        throw sdk::Error(KONTOR_E_PROTOCOL, "get " + stream.name +
                                                ": the answer has no list at \"" +
                                                get.records.text() + "\" (records)")
            .stream(stream.name);
    if (list != nullptr && list->is_array())
        for (const Json& row : *list) found[rows.stamp(row).id] = &row;
    for (const auto& id : ids) {
        const auto at = found.find(id);
        if (at == found.end())
            out.begin(abi::Op::kMissing, id);
        else
            add_found(rows, id, *at->second, out);
    }
}

}  // namespace

Found read_one(Api& api, const Stream& stream, const Rows& rows, const std::string& id) {
    const Request& get = needed(stream, "get");
    Found out;
    if (!ValueForms::may_be_id(stream, id)) return out;
    out.reply = api.send(get, &stream, asked(api, stream, rows, {id}));
    if (out.reply.means == Means::kForbidden) out.what = Found::What::kForbidden;
    if (out.reply.means == Means::kMissing || out.reply.means == Means::kEmpty ||
        out.reply.means == Means::kForbidden)
        return out;
    if (!out.reply.ok()) throw failure(out.reply, get, &stream);
    if (const Json* row = record_of(get, out.reply.body)) {
        out.row = *row;
        out.what = Found::What::kThere;
    }
    return out;
}

std::vector<Found> read_some(Api& api, const Stream& stream, const Rows& rows,
                             const std::vector<std::string>& ids) {
    const Request& get = needed(stream, "get");
    std::map<std::string, Json> shown;
    if (get.batch > 0 && ids.size() > 1) {
        std::vector<std::string> possible;
        std::ranges::copy_if(ids, std::back_inserter(possible), [&](const std::string& id) {
            return ValueForms::may_be_id(stream, id);
        });
        Reply reply;
        reply.means = Means::kEmpty;
        if (!possible.empty()) reply = api.send(get, &stream, asked(api, stream, rows, possible));
        const Json* list = reply.ok() ? get.records.find(reply.body) : nullptr;
        if (list != nullptr && list->is_array())
            for (const Json& row : *list) shown[rows.stamp(row).id] = row;
    }
    std::vector<Found> out;
    for (const auto& id : ids) {
        // What is not among them may be missing, forbidden, or what spoilt the answer for all.
        if (const auto at = shown.find(id); at != shown.end())
            out.push_back({Found::What::kThere, std::move(at->second), {}});
        else
            out.push_back(read_one(api, stream, rows, id));
    }
    return out;
}

void fetch(Api& api, const Stream& stream, const sdk::Request& request) {
    const Request& get = needed(stream, "get");
    const Rows rows(api, stream, request.fields);
    abi::BatchWriter out;
    const auto step = static_cast<std::size_t>(std::max<std::int64_t>(1, get.batch));
    for (std::size_t at = 0; at < request.ids.size(); at += step) {
        api.host().check_cancelled();
        const auto end = std::min(request.ids.size(), at + step);
        if (get.batch == 0) {
            fetch_one(api, stream, rows, request.ids[at], out);
        } else {
            std::vector<std::string> ids;
            for (std::size_t i = at; i < end; ++i)
                if (ValueForms::may_be_id(stream, request.ids[i]))
                    ids.push_back(request.ids[i]);
                else
                    out.begin(abi::Op::kMissing, request.ids[i]);
            if (!ids.empty()) fetch_some(api, stream, rows, get, ids, out);
        }
        if (out.records() >= 500) api.host().emit(out);
    }
    api.host().emit(out);
}

void find_rows(Api& api, const Stream& stream, const Rows& rows,
               const std::vector<std::string>& keys, const std::function<void(const Json&)>& take) {
    const Request& request = needed(stream, "find");
    const auto* key = stream.field(stream.key_field);
    if (key == nullptr) return;
    const auto step = static_cast<std::size_t>(std::max<std::int64_t>(1, request.batch));
    for (std::size_t at = 0; at < keys.size(); at += step) {
        Json values = Json::array();
        for (std::size_t i = at; i < std::min(keys.size(), at + step); ++i)
            values.push_back(keys[i]);
        const Reply reply = api.send(
            request, &stream,
            {{"value", values[0]}, {"values", values}, {"limit", 200}, {"fields", rows.wanted()}});
        if (reply.means == Means::kEmpty || reply.means == Means::kMissing) continue;
        if (!reply.ok()) throw failure(reply, request, &stream);
        const Json* found = request.records.find(reply.body);
        if (found == nullptr || found->is_null()) continue;
        // Some servers find more than what equals.
        const auto take_if = [&](const Json& row) {
            const Json* value = key->path.find(row);
            if (value != nullptr && !value->is_structured() &&
                std::ranges::find(keys, declarative::as_text(*value)) != keys.end())
                take(row);
        };
        if (!found->is_array())
            take_if(*found);
        else
            for (const Json& row : *found) take_if(row);
    }
}

void find(Api& api, const Stream& stream, const sdk::Request& request) {
    if (request.field != stream.key_field)
        throw sdk::Error(KONTOR_E_UNSUPPORTED,
                         stream.name + ": records are found by " + stream.key_field + " alone");
    const Rows rows(api, stream, request.fields);
    abi::BatchWriter out;
    find_rows(api, stream, rows, request.values, [&](const Json& row) {
        const Stamp stamp = rows.stamp(row);
        if (!stamp.gone) rows.add(row, stamp, out);
    });
    api.host().emit(out);
}

}  // namespace kontor::rest
