#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/fxiaoke/metadata.hpp"

namespace kontor::fxiaoke {

/// 纷享销客 (Fxiaoke, ShareCRM), open platform, CRM interface version 2, as a connector.
class Connector {
public:
    static constexpr std::string_view kName = "fxiaoke", kVersion = "1.0.0";
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
    void learn_tenant();

    Options options_;
    Api api_;
    Metadata metadata_;
};

}  // namespace kontor::fxiaoke
