#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/limesurvey/api.hpp"

namespace kontor::limesurvey {

/// LimeSurvey by RemoteControl 2 (JSON-RPC): the answers to its surveys, read only.
class Connector {
public:
    static constexpr std::string_view kName = "limesurvey", kVersion = "1.0.0";
    static std::string spec();

    Connector(sdk::Host& host, std::string_view config);

    sdk::Identity check();
    std::vector<sdk::StreamSpec> describe();
    std::string pull(const sdk::Request& request, std::string_view cursor);
    void fetch(const sdk::Request& request);

private:
    const Options options_;
    Api api_;
};

}  // namespace kontor::limesurvey
