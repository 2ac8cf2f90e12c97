#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/connector_home.hpp"
#include "sync/base/result.hpp"

namespace kontor::app {

/// A CRM that a description file describes (docs/rest.md), to be run by the plugin `rest`. A
/// connection names it like a plugin.
struct DescribedPlugin {
    std::string name;  ///< of the file, without .toml
    std::string path, text;
    std::string sha256;  ///< of the text, hex
    std::string version, spec_json;
    std::optional<Error> error;  ///< why it cannot be used
};

/// The plugin that runs descriptions.
inline constexpr const char* kDescriptionRunner = "rest";

/// The description of that name, if there is no plugin of that name. kConfig, naming file and line,
/// if it is wrong.
[[nodiscard]] Result<std::optional<DescribedPlugin>> find_description(const ConnectorHome& home,
                                                                      const std::string& name);
/// Lets a connection's settings run the description that its `plugin` names, if it names one.
/// Errors as find_description().
[[nodiscard]] Result<> apply_description(const ConnectorHome& home, const std::string& plugin,
                                         host::ConnectionSettings& settings);
/// The same with the description in a file.
[[nodiscard]] Result<> apply_description_file(const ConnectorHome& home, const std::string& path,
                                              host::ConnectionSettings& settings);
/// All of them, by name; of two with one name, the one that would be used.
[[nodiscard]] std::vector<DescribedPlugin> list_descriptions(const ConnectorHome& home);

}  // namespace kontor::app
