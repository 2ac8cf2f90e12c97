#include "plugins/rest/push.hpp"

#include <algorithm>
#include <set>
#include <span>

#include "plugins/rest/read.hpp"
#include "plugins/rest/rows.hpp"

namespace kontor::rest {
namespace {

using declarative::Means;
using declarative::Request;
using declarative::Stream;

struct Change {
    abi::Op op = abi::Op::kUpdate;
    std::string id, version, key;
    /// Places in {record}, with what goes there.
    std::vector<std::pair<declarative::Pointer, Json>> written = {};
    std::string bad_field;  ///< whose value the remote cannot hold
};

bool maybe_done(const sdk::Error& error) {
    return error.status() == KONTOR_E_UNAVAILABLE || error.status() == KONTOR_E_TIMEOUT ||
           error.status() == KONTOR_E_PROTOCOL || error.status() == KONTOR_E_INTERNAL;
}

const char* status_text(Means means) {
    switch (means) {
        case Means::kOk:
            return "ok";
        case Means::kMissing:
        case Means::kEmpty:
            return "missing";
        case Means::kForbidden:
            return "forbidden";
        case Means::kChanged:
            return "changed";
        case Means::kDuplicate:
            return "duplicate";
        case Means::kLocked:
            return "locked";
        case Means::kInvalid:
            return "invalid";
        default:
            return "retry";
    }
}

bool stands_in_list(const declarative::Pointer& path) {
    return std::ranges::any_of(path.steps(), declarative::Pointer::chooses_item);
}

/// Writes into an item of a list; a blank takes the item out.
void put_listed(Json& record, const declarative::Pointer& path, const Json& value, bool blank) {
    if (!blank) return path.put(record, value);
    Json* at = &record;
    for (const auto& step : path.steps()) {
        if (at->is_array()) {
            if (const auto item = declarative::Pointer::chosen_item(step, *at)) at->erase(*item);
            return;
        }
        if (!at->is_object() || !at->contains(step)) return;
        at = &(*at)[step];
    }
}

class Push {
public:
    Push(Api& api, const Stream& stream, const sdk::Request& request)
        : api_(api), stream_(stream), request_(request), rows_(api, stream, keys_of(stream)) {}

    std::vector<sdk::PushResult> run(abi::BatchReader changes) {
        std::vector<Change> all;
        while (const auto record = changes.next()) all.push_back(read(changes, *record));
        if (!changes.ok()) throw sdk::Error(KONTOR_E_INVALID, "the changes are malformed");
        std::vector<sdk::PushResult> out(all.size());
        for (auto& result : out) result.status = "retry";
        for (std::size_t at = 0; at < all.size() && !stopped_;) {
            const auto* batch = batch_of(all[at].op);
            const std::size_t size = batch == nullptr ? 1 : run_at(all, at, *batch);
            if (size > 1)
                carry_out(*batch, std::span(all).subspan(at, size),
                          std::span(out).subspan(at, size));
            else
                carry_out(all[at], out[at]);
            at += size;
        }
        return out;
    }

private:
    static std::vector<std::string> keys_of(const Stream& stream) {
        if (stream.key_field.empty()) return {};
        return {stream.key_field};
    }

    Change read(abi::BatchReader& reader, const abi::BatchReader::Record& record) const {
        Change out;
        out.op = record.op;
        out.id = record.id;
        out.version = record.version;
        out.key = record.key;
        abi::BatchReader::Field value;
        for (unsigned i = 0; i < record.count && reader.next_field(value); ++i) {
            if (value.field >= request_.fields.size() || value.tag == abi::Tag::kAbsent) continue;
            const auto* field = stream_.field(request_.fields[value.field]);
            if (field == nullptr || field->read_only) continue;
            auto written = rows_.forms().written(stream_, *field, value);
            if (!written)
                out.bad_field = field->name;
            else
                out.written.emplace_back(field->write_path, std::move(*written));
        }
        if (out.op == abi::Op::kCreate && !out.key.empty())
            if (const auto* field = stream_.field(stream_.key_field))
                out.written.emplace_back(field->write_path, out.key);
        return out;
    }

    [[nodiscard]] const Request* batch_of(abi::Op op) const {
        return stream_.request(op == abi::Op::kCreate   ? "create_batch"
                               : op == abi::Op::kDelete ? "delete_batch"
                                                        : "update_batch");
    }

    // How many changes from there on go into one batch.
    static std::size_t run_at(const std::vector<Change>& all, std::size_t at,
                              const Request& batch) {
        std::size_t size = 0;
        while (at + size < all.size() && size < static_cast<std::size_t>(batch.batch) &&
               all[at + size].op == all[at].op && all[at + size].bad_field.empty())
            ++size;
        return std::max<std::size_t>(1, size);
    }

    void carry_out(const Request& batch, std::span<const Change> changes,
                   std::span<sdk::PushResult> results) {
        sending_ = false;
        std::vector<std::size_t> sent;  // which of the changes are in the batch
        try {
            Json items = Json::array();
            const auto ready = ready_for(changes, results);
            for (const auto& [at, values] : ready)
                if (auto item = api_.filled(batch.item, stream_, values)) {
                    items.push_back(std::move(*item));
                    sent.push_back(at);
                }
            if (sent.empty()) return;
            take_answer(batch, changes, results, sent, send_batch(batch, std::move(items)));
        } catch (const sdk::Error& error) {
            if (!sending_ && !sent_) throw;
            stopped_ = true;
            if (!sending_ || !maybe_done(error)) return;
            for (const auto at : sent) {
                results[at] = {};
                results[at].status = "unknown";
                results[at].message = error.what();
            }
        }
    }

    // The gaps of each item, for what is to be sent; the results of the others are told.
    std::vector<std::pair<std::size_t, Values>> ready_for(std::span<const Change> changes,
                                                          std::span<sdk::PushResult> results) {
        std::vector<std::pair<std::size_t, Values>> out;
        if (changes.front().op == abi::Op::kCreate) {
            const auto known = ids_by_key(changes);
            for (std::size_t at = 0; at < changes.size(); ++at)
                if (known.contains(changes[at].key))
                    carry_out(changes[at], results[at]);
                else
                    out.push_back(
                        {at, {{"record", record_of(changes[at], {})}, {"key", changes[at].key}}});
            return out;
        }
        std::vector<std::string> ids;
        for (const auto& change : changes) ids.push_back(change.id);
        const auto before = read_some(api_, stream_, rows_, ids);
        for (std::size_t at = 0; at < changes.size(); ++at)
            if (may_alter(changes[at], before[at], results[at]))
                out.push_back({at, values_of(changes[at], before[at])});
        return out;
    }

    Reply send_batch(const Request& batch, Json items) {
        sending_ = true;
        Reply reply = api_.send(batch, &stream_, {{"items", std::move(items)}});
        sending_ = false;
        if ((reply.means == Means::kUnauthenticated || reply.means == Means::kRateLimited) &&
            !sent_)
            throw failure(reply, batch, &stream_);
        sent_ = true;
        return reply;
    }

    void take_answer(const Request& batch, std::span<const Change> changes,
                     std::span<sdk::PushResult> results, const std::vector<std::size_t>& sent,
                     const Reply& reply) {
        if (!reply.ok()) return take_refusal(batch, changes, results, sent, reply);
        const auto rows = rows_of(batch, changes, sent, reply.body);
        const bool all = batch.match == declarative::Match::kAll;
        for (std::size_t i = 0; i < sent.size(); ++i) {
            const auto at = sent[i];
            if (all)
                done(changes[at], changes[at].id, results[at]);
            else if (rows[i] != nullptr)
                take_row(changes[at], *rows[i], results[at]);
            else if (changes[at].op == abi::Op::kCreate)
                results[at].status = "unknown";  // it may be there
            else if (!stopped_)
                carry_out(changes[at], results[at]);
        }
        if (changes.front().op != abi::Op::kDelete) note_versions(results, sent);
    }

    // Refused as a whole: which of them it was, each tells by itself.
    void take_refusal(const Request& batch, std::span<const Change> changes,
                      std::span<sdk::PushResult> results, const std::vector<std::size_t>& sent,
                      const Reply& reply) {
        const bool stops = reply.means == Means::kUnavailable ||
                           reply.means == Means::kUnauthenticated ||
                           reply.means == Means::kRateLimited;
        if (!stops) {
            for (const auto at : sent)
                if (!stopped_) carry_out(changes[at], results[at]);
            return;
        }
        stopped_ = true;
        for (const auto at : sent) {
            const bool done = reply.means == Means::kUnavailable && reply.status != 503;
            results[at].status = done ? "unknown" : "retry";
            results[at].message = explained(reply, batch, &stream_);
        }
    }

    // The row of the answer that belongs to each of what was sent; nullptr where none does.
    std::vector<const Json*> rows_of(const Request& batch, std::span<const Change> changes,
                                     const std::vector<std::size_t>& sent, const Json& body) const {
        std::vector<const Json*> out(sent.size(), nullptr);
        const Json* list = batch.records.find(body);
        if (list == nullptr || !list->is_array()) return out;
        if (batch.match == declarative::Match::kOrder) {
            if (list->size() != sent.size()) return out;
            for (std::size_t i = 0; i < sent.size(); ++i) out[i] = &(*list)[i];
            return out;
        }
        const bool by_key = batch.match == declarative::Match::kKey;
        const auto* key = stream_.field(stream_.key_field);
        for (const Json& row : *list) {
            const auto name = id_text(by_key                ? key->path.find(row)
                                      : row.is_structured() ? stream_.id.find(row)
                                                            : &row);
            for (std::size_t i = 0; i < sent.size(); ++i)
                if (!name.empty() && name == (by_key ? changes[sent[i]].key : changes[sent[i]].id))
                    out[i] = &row;
        }
        return out;
    }

    void take_row(const Change& change, const Json& row, sdk::PushResult& result) {
        const bool creates = change.op == abi::Op::kCreate, removes = change.op == abi::Op::kDelete;
        const Request& single = needed(creates ? "create" : removes ? "delete" : "update");
        Reply reply;
        reply.status = 200;
        reply.body = row;
        judge(reply, api_.description().errors, single, &stream_);
        result.status = status_text(reply.means);
        result.code = reply.code;
        result.field = reply.field;
        if (reply.means == Means::kDuplicate) result.id = reply.other_id;
        if (!reply.ok()) {
            result.message = explained(reply, single, &stream_);
            return;
        }
        done(change,
             creates ? id_text(row.is_structured() ? stream_.id.find(row) : &row) : change.id,
             result);
    }

    static void done(const Change& change, std::string id, sdk::PushResult& result) {
        result.status = id.empty() ? "unknown" : "ok";
        result.action = change.op == abi::Op::kCreate   ? "create"
                        : change.op == abi::Op::kDelete ? "delete"
                                                        : "update";
        result.id = std::move(id);
    }

    void note_versions(std::span<sdk::PushResult> results, const std::vector<std::size_t>& sent) {
        if (stream_.request("get") == nullptr || !stream_.modified) return;
        std::vector<std::string> ids;
        std::vector<std::size_t> which;
        for (const auto at : sent)
            if (results[at].status == "ok" && results[at].version.empty()) {
                ids.push_back(results[at].id);
                which.push_back(at);
            }
        if (ids.empty()) return;
        const auto after = read_some(api_, stream_, rows_, ids);
        for (std::size_t i = 0; i < which.size(); ++i)
            if (after[i].what == Found::What::kThere)
                results[which[i]].version = rows_.stamp(after[i].row).version();
    }

    // Keys of creates that have been sent before.
    std::set<std::string> ids_by_key(std::span<const Change> changes) {
        std::set<std::string> out;
        const auto* key = stream_.field(stream_.key_field);
        if (key == nullptr || stream_.request("find") == nullptr) return out;
        std::vector<std::string> keys;
        for (const auto& change : changes)
            if (!change.key.empty()) keys.push_back(change.key);
        find_rows(api_, stream_, rows_, keys,
                  [&](const Json& row) { out.insert(id_text(key->path.find(row))); });
        return out;
    }

    void carry_out(const Change& change, sdk::PushResult& result) {
        if (!change.bad_field.empty()) {
            result.status = "invalid";
            result.code = "VALUE";
            result.field = change.bad_field;
            result.message = "the value does not fit the field's type";
            return;
        }
        sending_ = false;
        try {
            if (change.op == abi::Op::kCreate)
                create(change, result);
            else
                alter(change, result);
        } catch (const sdk::Error& error) {
            if (!sending_ && !sent_) throw;
            stopped_ = true;  // the rest stays "retry"
            if (!sending_ || !maybe_done(error)) return;
            result = {};
            result.status = "unknown";
            result.message = error.what();
        }
    }

    const Request& needed(const char* kind) const {
        const auto* request = stream_.request(kind);
        if (request == nullptr)
            throw sdk::Error(KONTOR_E_UNSUPPORTED,
                             stream_.name + ": its description has no request `" + kind + "`");
        return *request;
    }

    // True if the change was carried out; else `result` says why not.
    bool send(const Request& request, const Values& values, Reply& reply, sdk::PushResult& result) {
        sending_ = true;
        reply = api_.send(request, &stream_, values);
        sending_ = false;
        if (reply.means == Means::kUnauthenticated || reply.means == Means::kRateLimited) {
            if (!sent_) throw failure(reply, request, &stream_);
            stopped_ = true;
            return false;
        }
        sent_ = true;
        result.status = status_text(reply.means);
        result.code = reply.code;
        result.field = reply.field;
        if (reply.means == Means::kDuplicate) result.id = reply.other_id;
        if (reply.means == Means::kUnavailable) {
            // 503 is said before anything is done; behind other errors it may have been.
            result.status = reply.status == 503 ? "retry" : "unknown";
            stopped_ = true;
        }
        if (!reply.ok()) result.message = explained(reply, request, &stream_);
        return reply.ok();
    }

    void create(const Change& change, sdk::PushResult& result) {
        const Request& request = needed("create");
        // Sent before, and its answer lost: then it is there, and what was edited since is written.
        if (const auto id = id_by_key(change.key); !id.empty()) {
            Change rest = change;
            rest.op = abi::Op::kUpdate;
            rest.id = id;
            alter(rest, result);
            if (result.status == "ok") result.action = "create";
            return;
        }
        Reply reply;
        if (!send(request, {{"record", record_of(change, {})}, {"key", change.key}}, reply, result))
            return;
        result.action = "create";
        result.id = id_of(reply);
        // A bare number that was cut short is the id of another record.
        const bool bare = reply.body.is_number() && stream_.created_id_header.empty();
        if (bare && !stream_.key_field.empty()) result.id.clear();
        if (result.id.empty()) result.id = id_by_key(change.key);
        if (result.id.empty()) {
            // Carried out, but where? Only a look can tell.
            result.status = "unknown";
            return;
        }
        note_version(result);
    }

    std::string id_of(const Reply& reply) const {
        if (!stream_.created_id_header.empty()) {
            const auto value = reply.header(stream_.created_id_header);
            const auto slash = value.find_last_of('/');
            return slash == std::string::npos ? value : value.substr(slash + 1);
        }
        if (stream_.created_id) return id_text(stream_.created_id->find(reply.body));
        return id_text(reply.body.is_structured() ? stream_.id.find(reply.body) : &reply.body);
    }

    std::string id_by_key(const std::string& key) {
        if (key.empty() || stream_.request("find") == nullptr) return {};
        std::string id;
        int found = 0;
        find_rows(api_, stream_, rows_, {key}, [&](const Json& row) {
            id = rows_.stamp(row).id;
            ++found;
        });
        return found == 1 ? id : std::string();
    }

    void alter(const Change& change, sdk::PushResult& result) {
        const bool removes = change.op == abi::Op::kDelete;
        const Request& request = needed(removes ? "delete" : "update");
        const Found before = read_one(api_, stream_, rows_, change.id);
        if (!may_alter(change, before, result)) return;
        Reply reply;
        if (!send(request, values_of(change, before), reply, result)) return;
        result.id = change.id;
        result.action = removes ? "delete" : "update";
        if (!removes) note_version(result);
    }

    // True if the record is there and no newer than what the change was based on; else `result`
    // says so.
    bool may_alter(const Change& change, const Found& before, sdk::PushResult& result) const {
        if (before.what != Found::What::kThere) {
            result.status = before.what == Found::What::kMissing ? "missing" : "forbidden";
            return false;
        }
        const Stamp stamp = rows_.stamp(before.row);
        if (stamp.gone || stamp.id != change.id) {
            result.status = "missing";
            return false;
        }
        const auto version = stamp.version();
        if (!change.version.empty() && !version.empty() && version > change.version) {
            result.status = "changed";
            return false;
        }
        return true;
    }

    // What the gaps of an update or a deletion are filled with.
    [[nodiscard]] Values values_of(const Change& change, const Found& before) const {
        Values out{{"id", ValueForms::written_id(stream_, change.id)}, {"token", token_of(before)}};
        if (change.op != abi::Op::kDelete) out["record"] = record_of(change, before.row);
        return out;
    }

    // The fields that changed, or, where an update replaces, all as they were read just now with
    // those on top.
    Json record_of(const Change& change, const Json& row) const {
        const Json* whole = stream_.fields_at.find(row);
        const bool known = whole != nullptr && whole->is_object();
        Json out = stream_.send_whole && known ? *whole : Json::object();
        for (const auto& [path, value] : change.written) {
            if (!stands_in_list(path)) {
                path.put(out, value);
                continue;
            }
            // A list is replaced whole: its other items are sent as they are.
            const auto& member = path.steps().front();
            if (!out.contains(member) && known && whole->contains(member))
                out[member] = whole->at(member);
            put_listed(out, path, value, is_blank(value));
        }
        return out;
    }

    [[nodiscard]] bool is_blank(const Json& value) const {
        return value.is_null() || value == stream_.blank;
    }

    Json token_of(const Found& found) const {
        if (!stream_.token_header.empty()) {
            const auto token = found.reply.header(stream_.token_header);
            return token.empty() ? Json() : Json(token);
        }
        const Json* token = stream_.token ? stream_.token->find(found.row) : nullptr;
        return token == nullptr ? Json() : *token;
    }

    // What the record is stamped with now. Not knowing it does no harm.
    void note_version(sdk::PushResult& result) {
        if (stream_.request("get") == nullptr || !stream_.modified) return;
        try {
            const Found after = read_one(api_, stream_, rows_, result.id);
            if (after.what == Found::What::kThere)
                result.version = rows_.stamp(after.row).version();
        } catch (const sdk::Error& error) {
            if (error.status() == KONTOR_E_CANCELLED) throw;
            stopped_ = true;
        }
    }

    Api& api_;
    const Stream& stream_;
    const sdk::Request& request_;
    const Rows rows_;
    bool sending_ = false;  // a write is under way
    bool sent_ = false;     // a write has been answered
    bool stopped_ = false;
};

}  // namespace

std::vector<sdk::PushResult> push(Api& api, const Stream& stream, const sdk::Request& request,
                                  abi::BatchReader changes) {
    return Push(api, stream, request).run(changes);
}

}  // namespace kontor::rest
