#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/salesforce/metadata.hpp"

namespace kontor::salesforce {

/// Salesforce, REST API version 60 and Bulk API 2.0, as a connector.
class Connector {
public:
    static constexpr std::string_view kName = "salesforce", kVersion = "1.0.0";
    static std::string spec();

    Connector(sdk::Host& host, std::string_view config);

    sdk::Identity check();
    std::vector<sdk::StreamSpec> describe();
    std::string pull(const sdk::Request& request, std::string_view cursor);
    bool list_ids(const sdk::Request& request);
    void fetch(const sdk::Request& request);
    void find(const sdk::Request& request);
    std::vector<sdk::PushResult> push(const sdk::Request& request, abi::BatchReader changes);
    [[nodiscard]] sdk::Credits credits() const { return api_.credits(); }

private:
    std::string name_of(const std::string& object, const std::string& id);

    Options options_;
    Api api_;
    Metadata metadata_;
};

}  // namespace kontor::salesforce
