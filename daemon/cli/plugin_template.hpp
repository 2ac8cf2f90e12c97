#pragma once

#include <span>
#include <string_view>

namespace kontor::cli {

/// A file of the connector that `kontor plugin new` writes (connectors/sdk/template), with @NAME@
/// and @CLASS@ where the new connector's names go.
struct TemplateFile {
    std::string_view name;
    std::string_view text;
    bool program = false;
};
[[nodiscard]] std::span<const TemplateFile> plugin_template();

}  // namespace kontor::cli
