#include "plugins/zoho/columns.hpp"

namespace kontor::zoho {

Columns::Columns(const Module& module, const std::vector<std::string>& requested)
    : module_(module) {
    for (std::size_t i = 0; i < requested.size(); ++i) {
        const Field* field = module.field(requested[i]);
        if (field == nullptr || by_name_.count(field->spec.name) != 0) continue;
        by_name_.emplace(field->spec.name, all_.size());
        all_.push_back({field, static_cast<std::uint16_t>(i), field->kind});
    }
}

const Column* Columns::find(std::string_view api_name) const {
    const auto found = by_name_.find(api_name);
    return found == by_name_.end() ? nullptr : &all_[found->second];
}

std::vector<std::string> Columns::passes(std::size_t limit, bool with_target_module) const {
    std::string lead = "id";
    std::size_t lead_count = 1;
    for (const char* name : {"Modified_Time", "Modified_By"}) {
        if (module_.field(name) == nullptr) continue;
        lead.append(1, ',').append(name);
        ++lead_count;
    }
    std::vector<std::string> out{lead};
    std::size_t used = lead_count;
    for (const Column& column : all_) {
        const std::string& name = column.field->spec.name;
        if (name == "Modified_Time" || name == "Modified_By") continue;
        const bool pair = with_target_module && column.kind == Kind::kAnyReference;
        if (used + (pair ? 2 : 1) > limit) {
            out.push_back(lead);
            used = lead_count;
        }
        out.back().append(1, ',').append(name);
        ++used;
        if (pair && out.back().find("$se_module") == std::string::npos) {
            out.back().append(",$se_module");
            ++used;
        }
    }
    return out;
}

}  // namespace kontor::zoho
