#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/postgres/hub/catalog.hpp"
#include "plugins/postgres/hub/clock.hpp"
#include "plugins/postgres/hub/news.hpp"
#include "plugins/postgres/hub/options.hpp"

namespace kontor::postgres::hub {

/// A team's hub in a PostgreSQL database, or one that speaks its protocol, as a connector: the
/// replicas of laptops meet there. Uses plain SQL only; docs/scale.md lists it.
class Connector {
public:
    static constexpr std::string_view kName = "hub", kVersion = "1.0.0";
    static std::string spec();

    Connector(sdk::Host& host, std::string_view config);

    sdk::Identity check();
    /// Runs the statements of the option `setup` first.
    std::vector<sdk::StreamSpec> describe();
    std::string pull(const sdk::Request& request, std::string_view cursor);
    bool list_ids(const sdk::Request& request);
    void fetch(const sdk::Request& request);
    void find(const sdk::Request& request);
    std::vector<sdk::PushResult> push(const sdk::Request& request, abi::BatchReader changes);

private:
    const Stream& stream(const std::string& name);
    /// Calls `work` with a session and the stream of the request.
    template <class Work>
    auto with_session(const sdk::Request& request, Work&& work);

    sdk::Host& host_;
    Options options_;
    Clock clock_;
    News news_;
    std::optional<std::vector<Stream>> streams_;
};

}  // namespace kontor::postgres::hub
