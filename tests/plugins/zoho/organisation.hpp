#pragma once

// The connector against the simulated organisation, in-process and in virtual time. The peer checks
// every request and every answer of its own against the strict message schemas; answers and bodies
// are also held against the shapes of Zoho's SDK model where that file is at hand.

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "connectors/sdk/json.hpp"
#include "plugins/zoho/connector.hpp"
#include "tests/peers/zoho/peer.hpp"
#include "tests/support/fake_host.hpp"

namespace kontor::test {

using Switches = std::vector<std::pair<std::string, std::string>>;

class Organisation {
public:
    explicit Organisation(const std::string& options = "{}", const Switches& switches = {},
                          std::uint64_t contacts = 1000);

    peer::Response call(const std::string& method, const std::string& target,
                        const std::string& body, peer::Headers headers = {});
    /// The same with our access token.
    peer::Response api(const std::string& method, const std::string& target,
                       const std::string& body);
    /// A control request that must succeed.
    std::string control(const std::string& what, const std::string& body);
    /// One field of every live record by id, as the peer has it.
    std::map<std::string, sdk::Json> dump(const std::string& module, const std::string& field);
    /// What did not fit a schema so far.
    std::string violations();

    /// Pulls a stream and applies what comes to its mirror.
    void pull(const std::string& stream, const std::vector<std::string>& fields);
    /// Pushes the batch and empties it.
    std::vector<sdk::PushResult> push(const std::string& stream,
                                      const std::vector<std::string>& fields,
                                      abi::BatchWriter& batch);
    /// All ids by the connector's sweep, which must say that it is complete.
    std::set<std::string> sweep(const std::string& stream);

    FakeHost host;
    sdk::Host sdk_host{host.raw()};
    peer::zoho::ZohoPeer peer;
    zoho::Connector connector;
    std::map<std::string, std::string> cursors;
    std::map<std::string, std::map<std::string, EmittedRecord>> mirror;

private:
    FakeResponse answer(const FakeRequest& asked);
    peer::Response send(const FakeRequest& asked);
    void refresh();

    std::string token_;
};

[[nodiscard]] std::set<std::string> ids_of(const std::map<std::string, EmittedRecord>& records);
[[nodiscard]] std::set<std::string> ids_of(const std::map<std::string, sdk::Json>& records);

}  // namespace kontor::test
