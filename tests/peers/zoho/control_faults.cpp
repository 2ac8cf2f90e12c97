// Orders for faults, and for what an administrator changes: roles and schema.

#include <algorithm>

#include "tests/peers/zoho/control.hpp"

namespace kontor::peer::zoho {

namespace {

/// What faults in the organisation take.
const Takes kFaultTakes{
    {"expire_access_tokens", {}},
    {"revoke_refresh_token", {}},
    {"reject_record", {"module", "id", "field", "contains", "code", "message", "details"}},
    {"late_visible", {"seconds"}},
    {"clock_offset", {"seconds"}},
    {"normalise", {"module", "field", "rule", "length"}},
    {"automation", {"module", "when_field", "field", "value"}},
    {"layout_rule", {"module", "name", "when_field", "equals", "field"}}};

const Takes kRoleTakes{{"hide_module", {"change", "module", "on"}},
                       {"deny_write", {"change", "module", "on"}},
                       {"hide_field", {"change", "module", "field", "on"}}};

const Takes kSchemaTakes{{"add",
                          {"change", "module", "field", "label", "type", "length", "unique",
                           "mandatory", "target", "options", "of", "by", "sum"}},
                         {"drop", {"change", "module", "field"}},
                         {"retype", {"change", "module", "field", "type", "length", "options"}},
                         {"rename", {"change", "module", "field", "to"}},
                         {"add_value", {"change", "module", "field", "value"}},
                         {"rename_value", {"change", "module", "field", "value", "to"}},
                         {"mandatory", {"change", "module", "field", "on"}},
                         {"formula", {"change", "module", "field", "percent"}}};

/// The type and the values of a field that is added or becomes another one.
void read_type(Field& field, const Json& params, Type type) {
    field.type = type;
    field.length = params.value("length", std::int64_t{120});
    field.options = params.value("options", field.options);
    if ((type == Type::picklist || type == Type::multiselectpicklist) &&
        std::all_of(field.options.begin(), field.options.end(),
                    [](const std::string& each) { return each == "-None-"; }))
        throw ControlError{"a pick list needs 'options'"};
}

/// A new roll-up summary's source: `sum` of the records of `of` that look up the record by `by`.
void read_roll_up(Field& field, const Json& params, const Module& module,
                  const Catalogue& catalogue) {
    const RollUp given{params.at("of").get<std::string>(), params.at("by").get<std::string>(),
                       params.at("sum").get<std::string>()};
    const Module* children = catalogue.find(given.module);
    const Field* by = children == nullptr ? nullptr : children->find(given.by);
    const Field* sum = children == nullptr ? nullptr : children->find(given.sum);
    if (by == nullptr || sum == nullptr || by->type != Type::lookup ||
        by->target != module.api_name || !is_number(sum->type) || !children->stores_records)
        throw ControlError{"no such records, look-up or number to roll up"};
    field.roll_up = given;
    field.read_only = true;
    field.computed = true;
    field.decimals = 2;
}

}  // namespace

Json Control::add_fault(const Json& body) {
    const std::string kind = body.at("kind").get<std::string>();
    if (Faults::known(kind)) {
        p_.faults.add(read_wire_fault(body));
        return {{"ok", true}};
    }
    const Json params = fault_parameters(body, kFaultTakes, {"count", "probability"});
    if (kind == "expire_access_tokens") {
        p_.oauth.expire_access_tokens();
    } else if (kind == "revoke_refresh_token") {
        p_.oauth.revoke_refresh_tokens();
    } else if (kind == "reject_record") {
        RejectRule rule;
        rule.module = params.value("module", "");
        rule.id = params.value("id", "");
        rule.field = params.value("field", "");
        rule.contains = params.value("contains", "");
        rule.code = params.value("code", "INVALID_DATA");
        rule.message = params.value("message", "invalid data");
        rule.details_json = params.value("details", Json()).dump();
        rule.count = body.value("count", std::int64_t{-1});
        rule.probability = body.value("probability", 1.0);
        p_.behaviour.reject.push_back(std::move(rule));
    } else if (kind == "late_visible") {
        p_.org.late_visible_s = params.at("seconds").get<std::int64_t>();
    } else if (kind == "clock_offset") {
        const std::int64_t wanted = params.at("seconds").get<std::int64_t>() * 1000;
        p_.org.advance_ms(wanted - clock_fault_ms_);
        clock_fault_ms_ = wanted;
    } else if (kind == "normalise") {
        p_.behaviour.normalise.push_back(read_normalise_rule(params.value("module", ""), params));
    } else if (kind == "automation") {
        AutomationRule rule;
        rule.module = params.at("module").get<std::string>();
        rule.when_field = params.value("when_field", "");
        rule.field = params.at("field").get<std::string>();
        rule.value_json = params.at("value").dump();
        p_.behaviour.automation.push_back(std::move(rule));
    } else if (kind == "layout_rule") {
        LayoutRule rule;
        rule.module = params.at("module").get<std::string>();
        rule.name = params.value("name", "Rule");
        rule.when_field = params.at("when_field").get<std::string>();
        rule.equals_json = params.at("equals").dump();
        rule.field = params.at("field").get<std::string>();
        p_.behaviour.layout_rules.push_back(std::move(rule));
    } else if (kind == "role") {
        return change_role(params);
    } else if (kind == "schema") {
        return change_schema(params);
    } else {
        throw ControlError{"unknown fault " + kind};
    }
    return {{"ok", true}};
}

void Control::clear_faults() {
    p_.faults.clear();
    p_.behaviour = Behaviour{};
    p_.org.late_visible_s = 0;
    p_.org.advance_ms(-clock_fault_ms_);
    clock_fault_ms_ = 0;
    for (const auto& module : p_.org.catalogue.modules()) {
        module->hidden = false;
        module->write_denied = false;
        for (Field& field : module->fields) field.hidden = false;
    }
}

Json Control::change_role(const Json& params) {
    Module* module = p_.org.catalogue.find(params.at("module").get<std::string>());
    if (module == nullptr) throw ControlError{"unknown module"};
    const bool on = params.value("on", true);
    const std::string what = params.at("change").get<std::string>();
    take_known(params, what, kRoleTakes);
    if (what == "hide_module") {
        module->hidden = on;
    } else if (what == "deny_write") {
        module->write_denied = on;
    } else if (what == "hide_field") {
        const auto found = module->index.find(params.at("field").get<std::string>());
        if (found == module->index.end()) throw ControlError{"unknown field"};
        module->fields[found->second].hidden = on;
    } else {
        throw ControlError{"unknown role change " + what};
    }
    return {{"ok", true}};
}

void Control::recalculate(const Module& module) {
    ModuleStore& store = p_.org.store(module);
    const bool bumps = p_.org.switches.on("formula_bumps");
    for (Slot slot = 0; slot < store.size(); ++slot) {
        if (!store.visible(slot)) continue;
        Row row = store.load(slot);
        p_.writer.compute(module, row);
        store.write(slot, row, bumps ? p_.org.now_s() : store.modified_s(slot));
    }
}

Json Control::change_schema(const Json& params) {
    Module* module = p_.org.catalogue.find(params.at("module").get<std::string>());
    if (module == nullptr) throw ControlError{"unknown module"};
    const std::string what = params.at("change").get<std::string>();
    take_known(params, what, kSchemaTakes);
    const std::string name = params.at("field").get<std::string>();
    if (what == "add") {
        if (module->find_index(name)) throw ControlError{"the field exists"};
        const auto type = type_from_name(params.value("type", "text"));
        if (!type) throw ControlError{"unknown type"};
        Field field;
        field.api_name = name;
        field.label = params.value("label", name);
        read_type(field, params, *type);
        field.custom = true;
        field.unique = params.value("unique", false);
        field.mandatory = params.value("mandatory", false);
        field.target = params.value("target", "");
        const bool rolls_up = *type == Type::rollup_summary;
        if (rolls_up) read_roll_up(field, params, *module, p_.org.catalogue);
        module->add(std::move(field));
        if (rolls_up) p_.writer.roll_up();
        return {{"ok", true}};
    }
    const auto found = module->index.find(name);
    if (found == module->index.end()) throw ControlError{"unknown field"};
    Field& field = module->fields[found->second];
    if (what == "drop") {
        field.dropped = true;
    } else if (what == "retype") {
        const auto type = type_from_name(params.at("type").get<std::string>());
        if (!type) throw ControlError{"unknown type"};
        Field changed = field;
        read_type(changed, params, *type);
        changed.retyped = true;
        field = std::move(changed);
    } else if (what == "add_value") {
        field.options.push_back(params.at("value").get<std::string>());
    } else if (what == "rename_value") {
        field.display[params.at("value").get<std::string>()] = params.at("to").get<std::string>();
    } else if (what == "mandatory") {
        field.mandatory = params.value("on", true);
    } else if (what == "formula") {
        if (name != "Cost_With_Tax") throw ControlError{"only Cost_With_Tax has a formula"};
        p_.org.tax_percent = params.at("percent").get<std::int64_t>();
        recalculate(*module);
    } else if (what == "rename") {
        const std::string renamed = params.at("to").get<std::string>();
        module->index.erase(name);
        module->index[renamed] = static_cast<std::size_t>(&field - module->fields.data());
        field.api_name = renamed;
        field.key = "\"" + renamed + "\":";
    } else {
        throw ControlError{"unknown schema change " + what};
    }
    return {{"ok", true}};
}

}  // namespace kontor::peer::zoho
