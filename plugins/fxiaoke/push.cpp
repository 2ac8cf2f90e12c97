#include "plugins/fxiaoke/push.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "connectors/sdk/canonical.hpp"
#include "plugins/fxiaoke/changes.hpp"
#include "plugins/fxiaoke/images.hpp"
#include "plugins/fxiaoke/query.hpp"

namespace kontor::fxiaoke {
namespace {

using sdk::Json;

bool maybe_done(const sdk::Error& error) {
    switch (error.status()) {
        case KONTOR_E_UNAVAILABLE:
        case KONTOR_E_TIMEOUT:
        case KONTOR_E_PROTOCOL:
        case KONTOR_E_INTERNAL:
        case KONTOR_E_CANCELLED:  // perhaps while the request was under way
            return true;
        default:
            return false;
    }
}

bool is_nothing(const Json& value) {
    return value.is_null() || (value.is_array() && value.empty()) ||
           (value.is_string() && value.get_ref<const std::string&>().empty());
}

class Push {
public:
    Push(Api& api, const Object& object)
        : api_(api),
          object_(object),
          lister_(api, object.name),
          key_(object.key_field(api.options())),
          doing_("write " + object.name) {}

    std::vector<sdk::PushResult> run(const sdk::Request& request, abi::BatchReader batch) {
        changes_ = read_changes(object_, api_.options(), api_.state(), request, batch, results_);
        if (!look_before()) return std::move(results_);
        for (Change& change : changes_) {
            if (stopped_) break;
            carry_out(change);
        }
        look_after();
        api_.state().save();
        return std::move(results_);
    }

private:
    // --- Before

    struct Seen {
        std::int64_t modified_ms = 0, version = 0;
        std::string life, lock;
        bool gone = false;
    };

    std::map<std::string, Seen> look(const std::vector<std::string>& ids) {
        std::map<std::string, Seen> out;
        for (std::size_t at = 0; at < ids.size(); at += kPageMax) {
            const std::size_t end = std::min(at + kPageMax, ids.size());
            Query query;
            query.fields = {"_id", "last_modified_time", "version", "life_status", "lock_status"};
            query.where("_id", "IN",
                        {ids.begin() + static_cast<std::ptrdiff_t>(at),
                         ids.begin() + static_cast<std::ptrdiff_t>(end)});
            for (const Json& row : lister_.list(query).list) {
                const Stamp stamp = stamp_of(row, object_.name);
                const auto version = sdk::as_integer(sdk::text_of(row, "version"));
                out[stamp.id] = {stamp.modified_ms, version.value_or(-1),
                                 sdk::text_of(row, "life_status"), sdk::text_of(row, "lock_status"),
                                 stamp.gone};
            }
        }
        return out;
    }

    // False if they could not be read just now: nothing has been sent, all stay "retry".
    bool look_before() {
        try {
            read_before();
            return true;
        } catch (const sdk::Error& error) {
            if (!maybe_done(error) || error.status() == KONTOR_E_CANCELLED) throw;
            for (sdk::PushResult& result : results_)
                if (result.status == "retry") result.message = error.what();
            return false;
        }
    }

    void read_before() {
        std::vector<std::string> ids, keys;
        for (const Change& change : changes_) {
            if (change.op != abi::Op::kCreate)
                ids.push_back(change.id);
            else if (key_ != nullptr && !change.key.empty())
                keys.push_back(change.key);
        }
        if (!ids.empty()) before_ = look(ids);
        // A create whose answer was lost, or that a restored replica does not remember.
        if (key_ == nullptr || keys.empty()) return;
        Query query;
        query.fields = {"_id", "last_modified_time", key_->spec.name};
        query.where(key_->spec.name, "IN", keys);
        for (const Json& row : lister_.list(query).list)
            made_[sdk::text_of(row, key_->spec.name)] = sdk::text_of(row, "_id");
    }

    // --- Carrying out

    void carry_out(Change& change) {
        sdk::PushResult& result = results_[change.position];
        try {
            if (change.op == abi::Op::kCreate)
                create(change, result);
            else if (may_write(change, result))
                change.op == abi::Op::kDelete ? invalidate(change, result) : update(change, result);
        } catch (const sdk::Error& error) {
            if (!maybe_done(error) && !sent_) throw;
            stopped_ = true;  // the rest stays "retry"
            if (!maybe_done(error)) return;
            result = {};
            result.status = "unknown";
            result.message = error.what();
        }
    }

    bool may_write(const Change& change, sdk::PushResult& result) const {
        const auto found = before_.find(change.id);
        if (found == before_.end() || found->second.gone) {
            result.status = "missing";
            return false;
        }
        const Seen& seen = found->second;
        const auto based_on = sdk::parse_instant(change.version);
        if (change.op == abi::Op::kUpdate && based_on && seen.modified_ms > *based_on) {
            result.status = "changed";
            return false;
        }
        if (seen.lock == "1" || seen.life == "in_change" || seen.life == "under_review") {
            result.status = "locked";
            result.code = seen.lock == "1" ? "LOCKED" : "IN_APPROVAL";
            result.message =
                seen.lock == "1" ? "the record is locked" : "the record is in approval";
            return false;
        }
        return true;
    }

    [[nodiscard]] Json switches() const {
        // Always said: without them everything fires.
        return {{"triggerApprovalFlow", api_.options().trigger_approval},
                {"triggerWorkFlow", api_.options().trigger_workflow}};
    }

    Reply send(const char* action, const Json& body) {
        Reply reply = api_.write(Api::data_path(object_.name, action), body, doing_);
        const Trouble trouble = trouble_of(reply.code);
        if (trouble == Trouble::kBusy)
            throw sdk::Error(KONTOR_E_UNAVAILABLE, explained(reply, doing_));
        if (trouble == Trouble::kRate || trouble == Trouble::kDayQuota ||
            trouble == Trouble::kNoQuota || trouble == Trouble::kCredentials)
            throw failure(reply, doing_, api_.ms_until_midnight());
        sent_ = true;
        return reply;
    }

    // What a code other than success says of one record.
    void refuse(const Reply& reply, sdk::PushResult& result) const {
        result = {};
        result.status = trouble_of(reply.code) == Trouble::kNoRight ? "forbidden" : "invalid";
        result.code = std::to_string(reply.code);
        result.message = explained(reply, doing_);
    }

    void create(Change& change, sdk::PushResult& result) {
        if (const auto made = made_.find(change.key); made != made_.end()) {
            // It is there already: what differs by now is an update of it.
            change.id = made->second;
            if (key_ != nullptr) change.fields.erase(key_->spec.name);
            if (const auto owner = change.fields.find("owner"); owner != change.fields.end()) {
                change.owner = first_of(*owner);
                change.fields.erase(owner);
            }
            update(change, result);
            if (result.status == "ok") result.action = "create";
            return;
        }
        Json body = switches();
        body["hasSpecifyTime"] = false;
        body["hasSpecifyCreatedBy"] = false;
        body["includeDetailIds"] = true;
        Json data = change.fields;
        data["dataObjectApiName"] = object_.name;
        if (!data.contains("owner") && object_.field("owner") != nullptr)
            data["owner"] = Json::array({api_.options().user_id});
        body["data"] = {{"object_data", std::move(data)}};
        const Reply reply = send("create", body);
        if (!reply.ok()) return refuse(reply, result);
        result.id = sdk::text_of(reply.body, "dataId");
        if (result.id.empty()) result.id = sdk::text_of(sdk::member(reply.body, "data"), "dataId");
        if (result.id.empty()) result.id = id_by_key(change);
        result.action = "create";
        // Carried out, but where? Only a read-back can tell.
        result.status = result.id.empty() ? "unknown" : "ok";
        change.id = result.id;
    }

    std::string id_by_key(const Change& change) {
        if (key_ == nullptr || change.key.empty()) return {};
        Query query;
        query.fields = {"_id", "last_modified_time"};
        query.where(key_->spec.name, "EQ", {change.key});
        const Rows rows = lister_.list(query);
        return rows.list.size() == 1 ? sdk::text_of(rows.list[0], "_id") : std::string();
    }

    void update(Change& change, sdk::PushResult& result) {
        if (change.owner && !change_owner(change, result)) return;
        if (!change.fields.empty()) {
            Json body = switches();
            Json data = change.fields;
            data["_id"] = change.id;
            data["dataObjectApiName"] = object_.name;
            body["data"] = {{"object_data", std::move(data)}};
            const Reply reply = send("update", body);
            if (!reply.ok()) return refuse(reply, result);
        }
        result.status = "ok";
        result.id = change.id;
        result.action = "update";
    }

    // Clients and one page of the documents show a list, another page a text.
    bool change_owner(const Change& change, sdk::PushResult& result) {
        bool& as_text = api_.state().owner_as_text;
        for (int tries = 0; tries < 2; ++tries) {
            const Json owner =
                as_text ? Json("[" + *change.owner + "]") : Json::array({*change.owner});
            const Reply reply = send(
                "changeOwner",
                {{"data",
                  {{"dataObjectApiName", object_.name},
                   {"Data", Json::array({{{"objectDataId", change.id}, {"ownerId", owner}}})}}}});
            if (reply.ok()) return true;
            refuse(reply, result);
            if (reply.code != 10006) break;
            as_text = !as_text;
        }
        result.field = "owner";
        return false;
    }

    // Into the recycle bin and no further: nothing is purged from here.
    void invalidate(const Change& change, sdk::PushResult& result) {
        const Reply reply =
            send("invalid",
                 {{"data", {{"dataObjectApiName", object_.name}, {"object_data_id", change.id}}}});
        if (!reply.ok()) {
            refuse(reply, result);
            const std::string& life = before_[change.id].life;
            // Only what is in its normal state can be invalidated.
            if (!life.empty() && life != "normal" && result.status == "invalid")
                result.status = "locked";
            return;
        }
        result.status = "ok";
        result.id = change.id;
        result.action = "delete";
    }

    // --- After

    // What the writes have made of the records. It only completes what was carried out: no error.
    void look_after() {
        std::vector<std::string> ids;
        for (const Change& change : changes_)
            if (results_[change.position].status == "ok" && change.op != abi::Op::kDelete)
                ids.push_back(change.id);
        if (ids.empty()) return;
        try {
            const auto after = look(ids);
            for (Change& change : changes_) {
                const auto found = after.find(change.id);
                sdk::PushResult& result = results_[change.position];
                if (result.status != "ok" || found == after.end()) continue;
                result.version = sdk::format_instant(found->second.modified_ms);
                compare(change, found->second, result);
            }
            for (Change& change : changes_)
                if (results_[change.position].status == "ok" && !change.emptied.empty())
                    see_emptied(change);
        } catch (const sdk::Error& error) {
            api_.host().log(sdk::LogLevel::kWarning, "fxiaoke.no_read_back",
                            {{"object", object_.name}, {"reason", error.what()}});
        }
    }

    void compare(const Change& change, const Seen& now, sdk::PushResult& result) const {
        if (change.op != abi::Op::kUpdate) return;
        // It awaits approval: they still show the old values, which must not be taken for an edit.
        if (now.life == "in_change") {
            result = {};
            result.status = "locked";
            result.code = "IN_APPROVAL";
            result.message = "the change awaits approval";
            return;
        }
        const auto before = before_.find(change.id);
        const std::int64_t ours = (change.owner ? 1 : 0) + (change.fields.empty() ? 0 : 1);
        if (before != before_.end() && now.version >= 0 && before->second.version >= 0 &&
            now.version > before->second.version + ours)
            api_.host().log(sdk::LogLevel::kWarning, "fxiaoke.edited_meanwhile",
                            {{"object", object_.name}, {"id", change.id}});
    }

    // Whether null or an empty text empties a field is not documented.
    void see_emptied(Change& change) {
        sdk::PushResult& result = results_[change.position];
        for (int tries = 0; tries < 2; ++tries) {
            const std::string left = not_emptied(change);
            if (left.empty()) return;
            if (tries == 1 || api_.state().null_as_text) {
                result = refused(left, "NOT_EMPTIED", "Fxiaoke keeps the old value of this field");
                return;
            }
            api_.state().null_as_text = true;
            Json data{{"_id", change.id}, {"dataObjectApiName", object_.name}};
            for (const std::string& name : change.emptied)
                data[name] = change.fields[name].is_null() ? Json("") : change.fields[name];
            Json body = switches();
            body["data"] = {{"object_data", std::move(data)}};
            const Reply reply = send("update", body);
            if (!reply.ok()) {
                api_.state().null_as_text = false;
                refuse(reply, result);
                result.field = left;
                return;
            }
        }
    }

    std::string not_emptied(const Change& change) {
        Query query;
        query.fields = change.emptied;
        query.fields.insert(query.fields.begin(), {"_id", "last_modified_time"});
        query.where("_id", "EQ", {change.id});
        const Rows rows = lister_.list(query);
        if (rows.list.empty()) return {};
        results_[change.position].version = version_of(stamp_of(rows.list[0], object_.name));
        for (const std::string& name : change.emptied) {
            const Json& now = sdk::member(rows.list[0], name);
            if (!is_nothing(now)) return name;
        }
        return {};
    }

    Api& api_;
    const Object& object_;
    Lister lister_;
    const Field* key_;
    const std::string doing_;
    std::vector<Change> changes_;
    std::vector<sdk::PushResult> results_;
    std::map<std::string, Seen> before_;
    std::map<std::string, std::string> made_;  ///< key → id of what was created before
    bool sent_ = false, stopped_ = false;
};

}  // namespace

std::vector<sdk::PushResult> push_changes(Api& api, const Object& object,
                                          const sdk::Request& request, abi::BatchReader batch) {
    return Push(api, object).run(request, batch);
}

}  // namespace kontor::fxiaoke
