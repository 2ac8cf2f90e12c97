#include "plugins/salesforce/push.hpp"

#include <algorithm>
#include <map>

#include "connectors/sdk/canonical.hpp"
#include "plugins/salesforce/changes.hpp"
#include "plugins/salesforce/images.hpp"
#include "plugins/salesforce/query.hpp"

namespace kontor::salesforce {
namespace {

using sdk::Json;

// A precondition costs a request for each record: for what a person changes, not for mass updates.
constexpr std::size_t kOneByOneMax = 10;

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

// `Mon, 30 Nov 2020 08:34:54 GMT` of a version: its second, and none later.
std::string http_date(const std::string& version) {
    static constexpr const char* kDays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto ms = sdk::parse_instant(version);
    if (!ms || *ms < 0) return {};
    const std::string text = sdk::format_instant(*ms);
    const auto month = static_cast<std::size_t>((text[5] - '0') * 10 + text[6] - '1');
    const auto day = static_cast<std::size_t>(*ms / 86'400'000 % 7);
    return std::string(kDays[day]) + ", " + text.substr(8, 2) + " " + kMonths[month] + " " +
           text.substr(0, 4) + " " + text.substr(11, 8) + " GMT";
}

class Push {
public:
    Push(Api& api, Metadata& metadata, const Object& object)
        : api_(api),
          metadata_(metadata),
          object_(object),
          lister_(api, object.name, object.stamp),
          key_(object.key_field(api.options())),
          doing_("write " + object.name) {}

    std::vector<sdk::PushResult> run(const sdk::Request& request, abi::BatchReader batch) {
        changes_ = read_changes(object_, api_.options(), request, batch, results_);
        std::vector<Change*> keyed, plain, conditional, updates, deletes;
        for (Change& each : changes_) {
            if (each.op == abi::Op::kDelete)
                deletes.push_back(&each);
            else if (each.op == abi::Op::kCreate)
                (key_ != nullptr && !each.key.empty() ? keyed : plain).push_back(&each);
            else
                (each.version.empty() ? updates : conditional).push_back(&each);
        }
        if (!compare(conditional)) return std::move(results_);
        if (conditional.size() > kOneByOneMax) {
            updates.insert(updates.end(), conditional.begin(), conditional.end());
            conditional.clear();
        }
        in_parts(keyed, [&](const Part& part) { upsert(part); });
        in_parts(plain, [&](const Part& part) { collect("POST", "create", part); });
        in_parts(updates, [&](const Part& part) { collect("PATCH", "update", part); });
        for (Change* each : conditional) guarded({each}, [&] { update_if_unmodified(*each); });
        in_parts(deletes, [&](const Part& part) { remove(part); });
        look_after();
        return std::move(results_);
    }

private:
    using Part = std::vector<Change*>;

    // Leaves those that nobody has changed since. False if they could not be read just now: nothing
    // has been sent, all stay "retry".
    bool compare(Part& conditional) {
        if (conditional.empty()) return true;
        std::map<std::string, std::string> now;
        try {
            now = versions_of(conditional);
        } catch (const sdk::Error& error) {
            if (!maybe_done(error) || error.status() == KONTOR_E_CANCELLED) throw;
            for (sdk::PushResult& result : results_)
                if (result.status == "retry") result.message = error.what();
            return false;
        }
        const auto stale = [&](const Change* change) {
            const auto found = now.find(change->id.substr(0, 15));
            const bool there = found != now.end();
            if (there && found->second <= change->version) return false;
            results_[change->position] = {};
            results_[change->position].status = there ? "changed" : "missing";
            return true;
        };
        conditional.erase(std::remove_if(conditional.begin(), conditional.end(), stale),
                          conditional.end());
        return true;
    }

    // By the first 15 characters of the ids: what is not there is left out.
    std::map<std::string, std::string> versions_of(const Part& changes) {
        std::map<std::string, std::string> out;
        std::vector<std::string> ids;
        for (const Change* each : changes) ids.push_back(each->id);
        for (const Json& row : lister_.by_ids(ids, {"Id", object_.stamp}))
            if (!row.is_null())
                out[sdk::text_of(row, "Id").substr(0, 15)] =
                    version_of(sdk::text_of(row, object_.stamp), object_.name);
        return out;
    }

    template <class Work>
    void in_parts(const Part& all, Work&& work) {
        for (std::size_t at = 0; at < all.size() && !stopped_; at += kCollectionMax) {
            const auto begin = all.begin() + static_cast<std::ptrdiff_t>(at);
            const auto end = all.begin() +
                             static_cast<std::ptrdiff_t>(std::min(at + kCollectionMax, all.size()));
            const Part part(begin, end);
            guarded(part, [&] { work(part); });
        }
    }

    // Where an answer is lost, what it was about is unknown, and what was to come after stays
    // "retry".
    template <class Work>
    void guarded(const Part& part, Work&& work) {
        if (stopped_) return;
        try {
            work();
            sent_ = true;
        } catch (const sdk::Error& error) {
            if (!maybe_done(error) && !sent_) throw;
            stopped_ = true;
            if (!maybe_done(error)) return;
            for (const Change* each : part) {
                sdk::PushResult& result = results_[each->position];
                result = {};
                result.status = "unknown";
                result.message = error.what();
            }
        }
    }

    [[nodiscard]] Json record_of(const Change& change) const {
        Json out = change.fields;
        out["attributes"] = {{"type", object_.name}};
        if (change.op == abi::Op::kUpdate) out["id"] = change.id;
        return out;
    }

    static Json collection(Json records) {
        return {{"allOrNone", false}, {"records", std::move(records)}};
    }

    void upsert(const Part& part) {
        Json records = Json::array();
        for (const Change* each : part) {
            records.push_back(record_of(*each));
            records.back()[key_->spec.name] = each->key;
        }
        const std::string url =
            api_.url("/composite/sobjects").segment(object_.name).segment(key_->spec.name).text();
        settle(part, "create",
               api_.write("PATCH", url, collection(std::move(records)), doing_, true));
    }

    void collect(const char* method, const char* action, const Part& part) {
        Json records = Json::array();
        for (const Change* each : part) records.push_back(record_of(*each));
        settle(part, action,
               api_.write(method, api_.url("/composite/sobjects").text(),
                          collection(std::move(records)), doing_, false));
    }

    void remove(const Part& part) {
        std::string ids;
        for (const Change* each : part) ids += (ids.empty() ? "" : ",") + each->id;
        const std::string url =
            api_.url("/composite/sobjects").query("ids", ids).query("allOrNone", "false").text();
        settle(part, "delete", api_.write("DELETE", url, Json(), doing_, false));
    }

    void update_if_unmodified(const Change& change) {
        const std::string url =
            api_.url("/sobjects").segment(object_.name).segment(change.id).text();
        const Reply reply =
            api_.write("PATCH", url, change.fields, doing_, false, http_date(change.version));
        if (!reply.ok()) return refuse_all({&change}, reply);
        sdk::PushResult& result = results_[change.position];
        result.status = "ok";
        result.id = change.id;
        result.action = "update";
    }

    void settle(const Part& part, const char* action, const Reply& reply) {
        if (!reply.ok()) return refuse_all({part.begin(), part.end()}, reply);
        if (!reply.body.is_array() || reply.body.size() != part.size())
            throw sdk::Error(KONTOR_E_PROTOCOL, doing_ + ": not one result for each record");
        for (std::size_t i = 0; i < part.size(); ++i) {
            sdk::PushResult& result = results_[part[i]->position];
            const Json& one = reply.body[i];
            if (!sdk::flag_of(one, "success", false)) {
                result = refusal(first_problem(sdk::member(one, "errors")), 200, part[i]->id);
                continue;
            }
            std::string id = sdk::text_of(one, "id");
            if (id.empty()) id = part[i]->id;
            // Carried out, but where? Only a read-back can tell.
            result.status = is_id(id) ? "ok" : "unknown";
            result.id = part[i]->id = is_id(id) ? id : std::string();
            result.action = action;
        }
    }

    // An answer that refuses the whole request: nothing of it was carried out, unless the server
    // was in trouble.
    void refuse_all(const std::vector<const Change*>& part, const Reply& reply) {
        switch (trouble_of(reply.status, reply.problem.code)) {
            case Trouble::kBusy:
            case Trouble::kLimit:
            case Trouble::kCredentials:
                throw failure(reply, doing_);
            case Trouble::kNoField: {
                std::vector<std::string> names;
                for (const Change* each : part)
                    for (const auto& [name, value] : each->fields.items()) names.push_back(name);
                metadata_.require_fields(object_, names);
                break;
            }
            default:
                break;
        }
        for (const Change* each : part)
            results_[each->position] = refusal(reply.problem, reply.status, each->id);
    }

    // What the writes have made of the records. It only completes what was carried out: no error.
    void look_after() {
        Part written;
        for (Change& change : changes_)
            if (results_[change.position].status == "ok" && change.op != abi::Op::kDelete)
                written.push_back(&change);
        if (written.empty() || stopped_) return;
        try {
            const auto now = versions_of(written);
            for (const Change* each : written)
                if (const auto found = now.find(each->id.substr(0, 15)); found != now.end())
                    results_[each->position].version = found->second;
        } catch (const sdk::Error& error) {
            api_.host().log(sdk::LogLevel::kWarning, "salesforce.no_read_back",
                            {{"object", object_.name}, {"reason", error.what()}});
        }
    }

    Api& api_;
    Metadata& metadata_;
    const Object& object_;
    Lister lister_;
    const Field* key_;
    const std::string doing_;
    std::vector<Change> changes_;
    std::vector<sdk::PushResult> results_;
    bool sent_ = false, stopped_ = false;
};

}  // namespace

std::vector<sdk::PushResult> push_changes(Api& api, Metadata& metadata, const Object& object,
                                          const sdk::Request& request, abi::BatchReader batch) {
    return Push(api, metadata, object).run(request, batch);
}

}  // namespace kontor::salesforce
