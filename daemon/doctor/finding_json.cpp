#include "daemon/doctor/finding_json.hpp"

#include <nlohmann/json.hpp>

namespace kontor::doctor {

nlohmann::json finding_json(const Finding& finding, messages::Language language) {
    nlohmann::json out = {
        {"check", finding.check}, {"subject", finding.subject}, {"ok", finding.ok}};
    if (finding.ok) return out;
    const auto key = "doctor." + finding.check;
    messages::Args said;
    for (const auto& [name, value] : finding.args)
        said.emplace(name, messages::localized(language, value));
    out["text"] = messages::render(language, key, said);
    out["fix"] = messages::render(language, key + ".fix", said);
    out["args"] = finding.args;
    return out;
}

}  // namespace kontor::doctor
