#pragma once

// The connector against the simulated organisation, in-process and in virtual time.

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "connectors/sdk/json.hpp"
#include "plugins/salesforce/connector.hpp"
#include "tests/peers/salesforce/peer.hpp"
#include "tests/support/plugin_call.hpp"

namespace kontor::test {

using Switches = std::vector<std::pair<std::string, std::string>>;

class SalesforceOrganisation {
public:
    /// `options`: JSON object of the connection's options, besides instance_url.
    explicit SalesforceOrganisation(const std::string& options = "{}",
                                    const Switches& switches = {}, std::uint64_t contacts = 250);

    /// A control request that must succeed.
    sdk::Json control(const std::string& what, const sdk::Json& body);
    /// All records that are not deleted, by id, as the peer has them.
    std::map<std::string, sdk::Json> dump(const std::string& object);

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
    /// How many requests' paths contained this since the host was cleared.
    [[nodiscard]] std::size_t asked(const std::string& part) const;

    FakeHost host;
    sdk::Host sdk_host{host.raw()};
    peer::salesforce::SalesforcePeer peer;
    salesforce::Connector connector;
    std::map<std::string, std::string> cursors;
    std::map<std::string, std::map<std::string, EmittedRecord>> mirror;
    std::map<std::string, std::string> merged;  ///< loser → winner

private:
    FakeResponse answer(const FakeRequest& asked);
    peer::Response call(const std::string& method, const std::string& target,
                        const std::string& body, peer::Headers headers = {});
    void refresh();

    std::string token_;
};

}  // namespace kontor::test
