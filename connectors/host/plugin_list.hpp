#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sync/base/result.hpp"

namespace kontor::host {

struct PluginFile {
    std::string path;
    std::string sha256;  ///< of the file, hex
    std::string name;
    std::string version;
    int abi = 0;
    std::string spec_json;
    std::optional<Error> error;  ///< why it cannot be used; then only path and sha256 are known
};

/// All *.so in a folder, by path. Loads each of them. kNotFound if there is no such folder.
[[nodiscard]] Result<std::vector<PluginFile>> list_plugins(const std::string& folder);

}  // namespace kontor::host
