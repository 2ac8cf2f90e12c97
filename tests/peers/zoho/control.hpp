#pragma once
// The control side (/_control): tests change the organisation and order faults through it.

#include <map>
#include <memory>
#include <string>

#include "tests/peers/base/activity.hpp"
#include "tests/peers/base/behaviour.hpp"
#include "tests/peers/base/faults.hpp"
#include "tests/peers/base/order.hpp"
#include "tests/peers/zoho/api_error.hpp"
#include "tests/peers/zoho/credits.hpp"
#include "tests/peers/zoho/oauth.hpp"
#include "tests/peers/zoho/org.hpp"
#include "tests/peers/zoho/record_writer.hpp"

namespace kontor::peer::zoho {

class Control {
public:
    struct Parts {
        Org& org;
        OAuth& oauth;
        RecordWriter& writer;
        Behaviour& behaviour;
        Faults& faults;
        Activity& activity;
        Credits& credits;
    };

    explicit Control(Parts parts) : p_(parts) {}

    Response handle(const Request& request);
    /// Violations that --strict recorded.
    void add_violation(Json violation);

private:
    Json dispatch(const std::string& method, const std::string& name, const Json& body,
                  const Parameters& query);

    // control_faults.cpp
    Json add_fault(const Json& body);
    void clear_faults();
    Json change_schema(const Json& params);
    Json change_role(const Json& params);
    /// The formulas of all records anew.
    void recalculate(const Module& module);

    // control_records.cpp
    Json edit(const Json& body);
    Json create(const Json& body);
    Json erase(const Json& body);
    Json restore(const Json& body);
    Json merge(const Json& body);
    Json convert(const Json& body);
    Json link(const Json& body);
    Json lock(const Json& body);
    /// Into `marked` or out of it, as the member `key` says.
    Json mark(const Json& body, const char* key, Marked& marked);
    Json bulk_edit(const Json& body);
    void write_set(const Module& module, Slot slot, const Json& set, const std::string& user_id,
                   std::int64_t at_s, bool keep_time);
    std::vector<Slot> slots_of(const Module& module, const Json& body) const;
    const Module& module_of(const Json& body) const;
    std::string user_of(const Json& body) const;

    // control.cpp
    Response dump(const Parameters& query) const;
    Json log(const Parameters& query) const;
    Json stats() const;
    Json counts() const;

    Parts p_;
    std::map<std::string, std::shared_ptr<const Org::Snapshot>> snapshots_;
    std::vector<Json> violations_;
    std::int64_t clock_fault_ms_ = 0;
};

}  // namespace kontor::peer::zoho
