#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/carddav/dav.hpp"
#include "plugins/carddav/discovery.hpp"
#include "plugins/carddav/options.hpp"
#include "plugins/carddav/versions.hpp"

namespace kontor::carddav {

/// Address books on any CardDAV server (RFC 6352), as a connector: a stream for each book.
class Connector {
public:
    static constexpr std::string_view kName = "carddav", kVersion = "1.0.0";
    static std::string spec() { return spec_json(); }

    Connector(sdk::Host& host, std::string_view config);

    sdk::Identity check();
    std::vector<sdk::StreamSpec> describe();
    std::string pull(const sdk::Request& request, std::string_view cursor);
    bool list_ids(const sdk::Request& request);
    void fetch(const sdk::Request& request);
    void find(const sdk::Request& request);
    std::vector<sdk::PushResult> push(const sdk::Request& request, abi::BatchReader changes);

private:
    const Account& account();
    const Book& book(const std::string& stream);

    const Options options_;
    Dav dav_;
    Versions versions_;
    std::optional<Account> account_;
};

}  // namespace kontor::carddav
