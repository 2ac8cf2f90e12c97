#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/zoho/metadata.hpp"

namespace kontor::zoho {

/// A requested field: where it goes in the record batch, and how its values are read.
struct Column {
    const Field* field = nullptr;
    std::uint16_t index = 0;
    Kind kind = Kind::kText;
};

/// The fields of a request that the module has; what it does not have stays absent. `module` must
/// outlive this and not be refreshed meanwhile.
class Columns {
public:
    Columns(const Module& module, const std::vector<std::string>& requested);

    [[nodiscard]] const Column* find(std::string_view api_name) const;
    [[nodiscard]] const std::vector<Column>& all() const { return all_; }
    [[nodiscard]] const Module& module() const { return module_; }

    /// API names in portions of at most `limit`, each led by id, Modified_Time and Modified_By.
    /// `with_target_module`: ask for $se_module beside a reference to any module.
    [[nodiscard]] std::vector<std::string> passes(std::size_t limit, bool with_target_module) const;

private:
    const Module& module_;
    std::vector<Column> all_;
    std::unordered_map<std::string_view, std::size_t> by_name_;
};

}  // namespace kontor::zoho
