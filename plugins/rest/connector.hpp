#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/rest/api.hpp"

namespace kontor::rest {

/// A CRM that a description file describes (docs/rest.md). The daemon reads the file, takes the
/// spec from it, and gives its text to open().
class Connector {
public:
    static constexpr std::string_view kName = "rest", kVersion = "1.0.0";

    static std::string spec();
    Connector(sdk::Host& host, std::string_view config);

    sdk::Identity check();
    std::vector<sdk::StreamSpec> describe();
    std::string pull(const sdk::Request& request, std::string_view cursor);
    bool list_ids(const sdk::Request& request);
    void fetch(const sdk::Request& request);
    void find(const sdk::Request& request);
    std::vector<sdk::PushResult> push(const sdk::Request& request, abi::BatchReader changes);

private:
    [[nodiscard]] const declarative::Stream& stream(const std::string& name) const;

    const declarative::Description description_;
    Api api_;
};

}  // namespace kontor::rest
