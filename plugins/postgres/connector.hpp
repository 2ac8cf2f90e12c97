#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/postgres/catalog.hpp"
#include "plugins/postgres/options.hpp"
#include "plugins/postgres/session.hpp"

namespace kontor::postgres {

/// Tables and views of a PostgreSQL database as a connector.
class Connector {
public:
    static constexpr std::string_view kName = "postgres", kVersion = "1.0.0";
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
    const Table& table(const std::string& stream);
    /// Runs `work`. If the tables are not what they were, they are read anew next time.
    template <class Work>
    auto noticing_changes(const std::string& stream, Work&& work);

    sdk::Host& host_;
    Options options_;
    std::optional<std::vector<Table>> tables_;
};

}  // namespace kontor::postgres
