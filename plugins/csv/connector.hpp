#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/csv/export.hpp"
#include "plugins/csv/folder.hpp"
#include "plugins/csv/tables.hpp"

namespace kontor::csv {

/// Files of a folder as a connector: CSV in both directions, workbooks in.
class Connector {
public:
    static constexpr std::string_view kName = "csv", kVersion = "1.0.0";
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
    void require_folder(std::string_view name);

    sdk::Host& host_;
    const Options options_;
    Folder folder_;
    Tables tables_;
    Exports exports_;
};

}  // namespace kontor::csv
