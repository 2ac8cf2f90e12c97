#include "plugins/rest/push.hpp"

#include <algorithm>

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
    Json record = Json::object();  ///< as the remote has it
    /// Values in it that stand in the first item of a list, each with its place.
    std::vector<std::pair<declarative::Pointer, Json>> listed = {};
    std::string bad_field;  ///< whose value the remote cannot hold
};

bool maybe_done(const sdk::Error& error) {
    return error.status() == KONTOR_E_UNAVAILABLE || error.status() == KONTOR_E_TIMEOUT ||
           error.status() == KONTOR_E_PROTOCOL || error.status() == KONTOR_E_INTERNAL;
}

const char* status_of(Means means) {
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
    return std::ranges::find(path.steps(), "0") != path.steps().end();
}

/// Writes into the first item of a list; a blank takes the item out.
void put_listed(Json& record, const declarative::Pointer& path, const Json& value, bool blank) {
    if (!blank) return path.put(record, value);
    Json* at = &record;
    for (const auto& step : path.steps()) {
        if (at->is_array()) {
            if (step == "0" && !at->empty()) at->erase(0);
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
        std::vector<sdk::PushResult> out;
        for (const auto& change : all) {
            sdk::PushResult result;
            result.status = "retry";
            if (!stopped_) carry_out(change, result);
            out.push_back(std::move(result));
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
            else if (stands_in_list(field->write_path))
                out.listed.emplace_back(field->write_path, std::move(*written));
            else
                field->write_path.put(out.record, std::move(*written));
        }
        if (out.op == abi::Op::kCreate && !out.key.empty())
            if (const auto* field = stream_.field(stream_.key_field))
                field->write_path.put(out.record, out.key);
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
    bool send(const Request& request, Values values, Reply& reply, sdk::PushResult& result) {
        sending_ = true;
        reply = api_.send(request, &stream_, values);
        sending_ = false;
        if (reply.means == Means::kUnauthenticated || reply.means == Means::kRateLimited) {
            if (!sent_) throw failure(reply, request, &stream_);
            stopped_ = true;
            return false;
        }
        sent_ = true;
        result.status = status_of(reply.means);
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
        if (before.what != Found::What::kThere) {
            result.status = before.what == Found::What::kMissing ? "missing" : "forbidden";
            return;
        }
        const Stamp stamp = rows_.stamp(before.row);
        if (stamp.gone || stamp.id != change.id) {
            result.status = "missing";
            return;
        }
        const auto version = stamp.version();
        if (!change.version.empty() && !version.empty() && version > change.version) {
            result.status = "changed";
            return;
        }
        Values values{{"id", ValueForms::written_id(stream_, change.id)},
                      {"token", token_of(before)}};
        if (!removes) values["record"] = record_of(change, before.row);
        Reply reply;
        if (!send(request, values, reply, result)) return;
        result.id = change.id;
        result.action = removes ? "delete" : "update";
        if (!removes) note_version(result);
    }

    // The fields that changed, or, where an update replaces, all as they were read just now with
    // those on top.
    Json record_of(const Change& change, const Json& row) const {
        const Json* whole = stream_.fields_at.find(row);
        const bool known = whole != nullptr && whole->is_object();
        Json out = stream_.send_whole && known ? *whole : Json::object();
        for (const auto& [name, value] : change.record.items()) out[name] = value;
        // A list is replaced whole: its other items are sent as they are.
        for (const auto& [path, value] : change.listed) {
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
