#pragma once
// What the organisation does with written values by itself; changed through /_control/fault.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace kontor::peer {

/// Rewrites a value before it is stored, as a server that formats what it gets.
struct NormaliseRule {
    std::string module;  ///< empty: every module
    std::string field;
    std::string rule;  ///< phone, trim, truncate, title, upper, lower
    std::int64_t length = 0;
};

/// A workflow: when a record is written and triggers fire, `field` becomes `value`.
struct AutomationRule {
    std::string module;
    std::string when_field;  ///< empty: every write
    std::string field;
    std::string value_json;
};

/// Refuses single records.
struct RejectRule {
    std::string module;    ///< empty: every module
    std::string id;        ///< empty: any record
    std::string field;     ///< empty, or: only elements with this field …
    std::string contains;  ///< … whose JSON contains this text
    std::string code;
    std::string message;
    std::string details_json = "null";  ///< null: what the code is documented with
    std::int64_t count = -1;            ///< how often; -1: for ever
    double probability = 1.0;
};

/// While `when_field` holds a value, `field` must not be empty.
struct LayoutRule {
    std::string module;
    std::string name;
    std::string when_field;
    std::string equals_json;
    std::string field;
};

struct Behaviour {
    std::vector<NormaliseRule> normalise;
    std::vector<AutomationRule> automation;
    std::vector<RejectRule> reject;
    std::vector<LayoutRule> layout_rules;
};

/// The rule that a fault's parameters order, for `module`. Throws Json::exception, and ControlError
/// for a rule that there is not.
NormaliseRule read_normalise_rule(std::string module, const nlohmann::json& params);

/// The text after the rule.
std::string normalised(const NormaliseRule& rule, const std::string& text);

}  // namespace kontor::peer
