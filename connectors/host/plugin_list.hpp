#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/host/connector.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

struct PluginFile {
    std::string path;
    std::string sha256;  ///< of the file, hex
    std::string name;
    std::string version;
    int abi = 0;
    std::string spec_json;
    std::vector<std::string> functions;  ///< "pull", "push" …, as in the contract
    std::optional<Error> error;  ///< why it cannot be used; then only path and sha256 are known
};

/// All *.so in a folder, by path. Starts each of them. kNotFound if there is no such folder.
[[nodiscard]] Result<std::vector<PluginFile>> list_plugins(const std::string& folder,
                                                           const Isolation& isolation);

}  // namespace kontor::host
