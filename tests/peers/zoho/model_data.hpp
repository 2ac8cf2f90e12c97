#pragma once
// The text from which Catalogue builds the standard modules.
// One field a line: api_name|type:argument|flags|generator
//   flags: M mandatory, R read-only, U unique, C custom, = computed by the server
//   generator: code[:low:high][?fill percent]; none means that generated records have null there.

#include <string_view>

namespace kontor::peer::zoho {

struct ModuleText {
    std::string_view header;  ///< api_name|singular|plural|flags|display field|duplicate field
    std::string_view fields;
};

/// All modules; the position (from 1) is the module number, so the order must not change.
extern const ModuleText kModuleTexts[];
extern const std::size_t kModuleTextCount;

}  // namespace kontor::peer::zoho
