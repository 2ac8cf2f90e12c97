#pragma once
// Notification channels: /actions/watch, and the callbacks they cause.

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/peers/zoho/api_error.hpp"
#include "tests/peers/zoho/call.hpp"
#include "tests/peers/zoho/org.hpp"
#include "tests/peers/zoho/peer.hpp"
#include "tests/peers/zoho/record_writer.hpp"

namespace kontor::peer::zoho {

class Watch {
public:
    explicit Watch(Org& org) : org_(org) {}

    Response handle(Call& call);
    void changed(const Module& module, Slot slot, ChangeKind kind,
                 const std::vector<std::string>& fields);
    /// Callbacks not yet taken.
    std::vector<Callback> take_callbacks();
    void refused(Callback callback);
    bool callbacks_due() const { return !callbacks_.empty(); }

private:
    struct Channel {
        std::set<std::string> events;  ///< `Leads.edit`
        std::string token;
        std::string notify_url;
        std::int64_t expires_s = 0;
        bool with_values = false;
    };

    Json affected_values(const Module& module, Slot slot,
                         const std::vector<std::string>& fields) const;
    Json subscribe(const Json& entry, bool partial);
    Json list(std::string_view channel_id) const;
    Json event_details(const std::string& id, const Channel& channel) const;
    Response unsubscribe(Call& call);

    Org& org_;
    std::map<std::string, Channel> channels_;
    std::deque<Callback> callbacks_;
};

}  // namespace kontor::peer::zoho
