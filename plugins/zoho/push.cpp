#include "plugins/zoho/push.hpp"

#include <algorithm>
#include <deque>
#include <exception>
#include <span>

#include "connectors/sdk/canonical.hpp"
#include "plugins/zoho/rows.hpp"

namespace kontor::zoho {
namespace {

constexpr std::size_t kRecordsPerCredit = 10;

using Group = std::vector<const Change*>;

class Push {
public:
    Push(Api& api, const Module& module, Meanwhile& meanwhile)
        : api_(api), module_(module), meanwhile_(meanwhile) {}

    std::vector<sdk::PushResult> run(const sdk::Request& request, abi::BatchReader batch) {
        meanwhile_.begin();
        const Field* key = module_.key_field(api_.options());
        auto changes = read_changes(module_, key, request, batch, results_);
        Group keyed, created, updated, deleted;
        std::vector<Change*> with_rows;
        for (Change& change : changes) {
            if (!change.rows.empty()) {
                if (change.op == abi::Op::kUpdate) {
                    with_rows.push_back(&change);
                    continue;
                }
                if (!write_rows(change, {})) continue;
            }
            Group& group = change.op == abi::Op::kDelete   ? deleted
                           : change.op == abi::Op::kUpdate ? updated
                           : change.key.empty()            ? created
                                                           : keyed;
            group.push_back(&change);
        }
        // Without a key a lost answer to an insert cannot be sent again; with it, it can.
        send_all(keyed, [&](const Group& group) {
            sdk::HttpRequest out = write("POST", "upsert");
            out.body = write_body(group, api_.options().trigger, key->spec.name);
            out.idempotent = true;
            return out;
        });
        send_all(created, [&](const Group& group) {
            sdk::HttpRequest out = write("POST", "");
            out.body = write_body(group, api_.options().trigger, "");
            return out;
        });
        send_all(updated, [&](const Group& group) { return update(group); });
        for (Change* change : with_rows) update_with_rows(*change);
        send_all(deleted, [&](const Group& group) { return removal(group); });
        while (!stopped_ && !meanwhile_.done()) read_on();
        if (refusal_ && !reached_) std::rethrow_exception(refusal_);
        return std::move(results_);
    }

private:
    // Adds the arrays of records to a change. False if one is none: the change is refused then.
    bool write_rows(Change& change, const std::vector<std::vector<std::string>>& present) {
        for (std::size_t i = 0; i < change.rows.size(); ++i) {
            const Field& field = *change.rows[i].field;
            const auto json = rows_to_write(
                change.rows[i].wanted, present.empty() ? std::vector<std::string>() : present[i],
                row_fields(api_, field.rows_module));
            if (!json) {
                sdk::PushResult& result = results_[change.position];
                result.status = "invalid";
                result.code = "INVALID_VALUE";
                result.field = field.spec.name;
                result.message = "the value is no array of objects";
                return false;
            }
            add_member(field.spec.name, *json, change.element);
        }
        return true;
    }

    // What Zoho has is read just before, and the write is refused if the record changes meanwhile.
    void update_with_rows(Change& change) {
        if (stopped_) return;
        std::vector<std::vector<std::string>> present;
        try {
            for (const Change::Rows& each : change.rows) {
                auto ids = rows_at(api_, module_, change.id, *each.field);
                if (!ids) {
                    results_[change.position].status = "missing";
                    return;
                }
                present.push_back(std::move(*ids));
            }
            if (!write_rows(change, present)) return;
        } catch (const sdk::Error& error) {
            if (error.status() == KONTOR_E_UNSUPPORTED || error.status() == KONTOR_E_PERMISSION) {
                results_[change.position].status = "forbidden";
                results_[change.position].message = error.what();
                return;
            }
            if (!reached_) throw;
            stopped_ = true;  // this one and the rest stay "retry"
            return;
        }
        send_all({&change}, [&](const Group& group) { return update(group); });
    }

    // Before an answer to a write is waited for: the engine merges while that is under way.
    void read_on() {
        meanwhile_.finish_next();
        meanwhile_.begin();
    }

    struct Flight {
        Group group;
        sdk::BegunRequest request;
    };

    // Changes of one call are about different records, so their requests may overtake each other.
    template <class Build>
    void send_all(const Group& changes, Build&& build) {
        std::deque<Flight> under_way;
        auto rest = std::span(changes);
        while (true) {
            const auto most = meanwhile_.done() ? kRequestsAtOnceMax : kRequestsAtOnceMax / 2;
            while (!stopped_ && !rest.empty() && under_way.size() < most) {
                const auto some = rest.first(std::min(kRequestRecordsMax, rest.size()));
                rest = rest.subspan(some.size());
                under_way.push_back(take_off({some.begin(), some.end()}, build));
            }
            if (under_way.empty()) return;
            read_on();
            land(under_way.front());
            under_way.pop_front();
        }
    }

    template <class Build>
    Flight take_off(Group group, Build&& build) {
        sdk::HttpRequest request = build(group);
        request.lane = "write";
        request.credits =
            static_cast<std::int64_t>((group.size() + kRecordsPerCredit - 1) / kRecordsPerCredit);
        return {std::move(group), api_.begin(std::move(request))};
    }

    void land(const Flight& flight) {
        try {
            const sdk::HttpResponse response = api_.finish(flight.request);
            if (!settle(response, flight.group, results_))
                throw failure(response, "write " + module_.name);
            reached_ = true;
        } catch (const sdk::Error& error) {
            stopped_ = true;  // what has not set out stays "retry"
            const bool maybe_done =
                error.status() == KONTOR_E_UNAVAILABLE || error.status() == KONTOR_E_TIMEOUT ||
                error.status() == KONTOR_E_PROTOCOL || error.status() == KONTOR_E_INTERNAL ||
                error.status() == KONTOR_E_CANCELLED;  // perhaps while the request was under way
            if (!maybe_done) {
                if (!refusal_) refusal_ = std::current_exception();
                return;
            }
            reached_ = true;
            for (const Change* change : flight.group) {
                results_[change->position].status = "unknown";
                results_[change->position].message = error.what();
            }
        }
    }

    sdk::HttpRequest write(const char* method, std::string_view action) const {
        sdk::Url url = api_.module_url(module_.name);
        if (!action.empty()) url.segment(action);
        sdk::HttpRequest out;
        out.method = method;
        out.url = url.text();
        out.header("Content-Type", "application/json");
        return out;
    }

    // If-Unmodified-Since holds for a whole request, so only a change that comes alone has it.
    sdk::HttpRequest update(const Group& group) const {
        const auto based_on = sdk::parse_instant(group[0]->version);
        const bool single = group.size() == 1 && based_on.has_value();
        sdk::HttpRequest out = write("PUT", single ? group[0]->id : "");
        if (single) out.header("If-Unmodified-Since", sdk::format_seconds_offset(*based_on));
        out.body = write_body(group, api_.options().trigger, "");
        return out;
    }

    sdk::HttpRequest removal(const Group& group) const {
        const auto& trigger = api_.options().trigger;
        const bool workflow =
            std::find(trigger.begin(), trigger.end(), "workflow") != trigger.end();
        std::string ids;
        for (const Change* change : group) ids += (ids.empty() ? "" : ",") + change->id;
        sdk::Url url = api_.module_url(module_.name);
        url.query("ids", ids).query("wf_trigger", workflow ? "true" : "false");
        sdk::HttpRequest out;
        out.method = "DELETE";
        out.url = url.text();
        out.idempotent = true;
        return out;
    }

    Api& api_;
    const Module& module_;
    Meanwhile& meanwhile_;
    std::vector<sdk::PushResult> results_;
    bool reached_ = false;  ///< something may have been carried out
    bool stopped_ = false;
    std::exception_ptr refusal_;  ///< why all went wrong, unless `reached_`
};

}  // namespace

std::vector<sdk::PushResult> push_changes(Api& api, const Module& module,
                                          const sdk::Request& request, abi::BatchReader batch,
                                          Meanwhile& meanwhile) {
    return Push(api, module, meanwhile).run(request, batch);
}

}  // namespace kontor::zoho
