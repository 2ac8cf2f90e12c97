#pragma once

// The connector against the simulated tenant, in-process and in virtual time. The peer checks every
// request and every answer of its own against the strict message schemas.

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "connectors/sdk/json.hpp"
#include "plugins/fxiaoke/connector.hpp"
#include "tests/peers/fxiaoke/peer.hpp"
#include "tests/support/plugin_call.hpp"

namespace kontor::test {

using Switches = std::vector<std::pair<std::string, std::string>>;

class FxiaokeTenant {
public:
    /// `options`: JSON object of the connection's options, besides user_id.
    explicit FxiaokeTenant(const std::string& options = "{}", const Switches& switches = {},
                           std::uint64_t contacts = 250);

    /// A control request that must succeed.
    sdk::Json control(const std::string& what, const sdk::Json& body);
    sdk::Json stats();
    /// All records that are not invalidated, by id, as the peer has them.
    std::map<std::string, sdk::Json> dump(const std::string& object);
    /// What did not fit a schema so far.
    std::string violations();

    /// Pulls a stream and applies what comes to its mirror.
    void pull(const std::string& stream, const std::vector<std::string>& fields);
    std::vector<sdk::PushResult> push(const std::string& stream,
                                      const std::vector<std::string>& fields,
                                      abi::BatchWriter& batch);
    /// All ids by the connector's sweep, which must say that it is complete.
    std::set<std::string> sweep(const std::string& stream);
    /// What fetch says of these ids.
    std::vector<EmittedRecord> fetch(const std::string& stream,
                                     const std::vector<std::string>& fields,
                                     const std::vector<std::string>& ids);
    /// How often the last part of a path was asked since the host was cleared.
    [[nodiscard]] std::size_t asked(const std::string& action) const;

    FakeHost host;
    sdk::Host sdk_host{host.raw()};
    peer::fxiaoke::FxiaokePeer tenant;
    bool old_generation = false;
    fxiaoke::Connector connector;
    std::map<std::string, std::string> cursors;
    std::map<std::string, std::map<std::string, EmittedRecord>> mirror;

private:
    FakeResponse answer(const FakeRequest& asked);
    peer::Response call(const std::string& method, const std::string& target,
                        const std::string& body, peer::Headers headers = {});
    peer::Response send(const FakeRequest& asked);
    void refresh();

    std::string token_;
};

}  // namespace kontor::test
