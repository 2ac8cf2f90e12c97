#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/zoho/metadata.hpp"

namespace kontor::zoho {

/// Zoho CRM, API version 8, as a connector.
class Connector {
public:
    static constexpr std::string_view kName = "zoho", kVersion = "1.0.0";
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
    Options options_;
    Api api_;
    Metadata metadata_;
};

}  // namespace kontor::zoho
