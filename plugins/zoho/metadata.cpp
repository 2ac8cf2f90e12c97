#include "plugins/zoho/metadata.hpp"

#include <algorithm>
#include <array>

#include "plugins/zoho/field_names.hpp"
#include "plugins/zoho/users.hpp"

namespace kontor::zoho {
namespace {

using sdk::Json;

constexpr std::size_t kFieldsMax = 2000;

// Zoho calls some of these writable; they are its own.
constexpr std::array<std::string_view, 10> kSystemFields{
    "Created_Time", "Modified_Time", "Created_By",         "Modified_By", "Full_Name",
    "Tag",          "Layout",        "Last_Activity_Time", "Locked__s",   "Record_Status__s"};

bool is_system(std::string_view name) {
    return name.substr(0, 1) == "$" ||
           std::find(kSystemFields.begin(), kSystemFields.end(), name) != kSystemFields.end();
}

/// What a module calls a text or a number and yet sends as an array or object: the participants of
/// a meeting.
bool is_structured(const std::string& module, const Json& json, const DataType& type) {
    const bool plain = type.kind == Kind::kText || type.kind == Kind::kInteger;
    const std::string shape = sdk::text_of(json, "json_type");
    const bool participants =
        module == "Events" && sdk::text_of(json, "api_name") == "Participants";
    return plain && (shape == "jsonarray" || shape == "jsonobject" || participants);
}

DataType type_of(const std::string& module, const Json& json) {
    DataType type = data_type(sdk::text_of(json, "data_type"));
    if (is_structured(module, json, type)) {
        type.kind = Kind::kJson;
        type.type = "json";
    }
    // What a computed field computes.
    for (const char* computed : {"formula", "rollup_summary"}) {
        const std::string result = sdk::text_of(sdk::member(json, computed), "return_type");
        if (const DataType inner = data_type(result); inner.known) {
            type.kind = inner.kind;
            type.type = inner.type;
        }
    }
    return type;
}

std::vector<std::string> references(const std::string& module, const Field& field,
                                    const Json& json) {
    const std::string type = sdk::text_of(json, "data_type");
    if (type == "ownerlookup" || type == "userlookup") return {"users"};
    if (field.kind == Kind::kReference) {
        const Json& target = sdk::member(sdk::member(json, "lookup"), "module");
        std::string name =
            target.is_string() ? target.get<std::string>() : sdk::text_of(target, "api_name");
        return name.empty() ? std::vector<std::string>() : std::vector<std::string>{name};
    }
    if (field.kind != Kind::kAnyReference) return {};
    std::vector<std::string> out;
    const Json& multi = sdk::member(json, "multi_module_lookup");
    for (const Json& each : sdk::member(multi, "modules"))
        if (std::string name = sdk::text_of(each, "api_name"); !name.empty()) out.push_back(name);
    if (!out.empty()) return out;
    if (module == "Notes")
        return {"Leads",  "Accounts", "Contacts", "Deals",     "Products",
                "Quotes", "Cases",    "Invoices", "Campaigns", "Sales_Orders"};
    if (field.spec.name == "Who_Id") return {"Contacts", "Leads"};
    return {"Accounts", "Deals",    "Leads",     "Products",    "Quotes",
            "Cases",    "Invoices", "Campaigns", "Sales_Orders"};
}

void read_choices(Field& field, const Json& json) {
    for (const Json& each : sdk::member(json, "pick_list_values")) {
        std::string display = sdk::text_of(each, "display_value");
        std::string actual = sdk::text_of(each, "actual_value");
        if (actual.empty()) actual = display;
        if (actual.empty() || actual == "-None-") continue;
        if (!display.empty() && display != actual) field.renamed.emplace(display, actual);
        field.spec.choices.push_back({actual, display.empty() ? actual : display});
    }
    // A display value that is also another's actual value cannot be told apart: taken as actual.
    for (const auto& choice : field.spec.choices) field.renamed.erase(choice.value);
}

void read_rights(Field& field, const Json& json, const DataType& type) {
    sdk::FieldSpec& spec = field.spec;
    spec.read_only = type.computed || is_system(spec.name) || sdk::flag_of(json, "read_only") ||
                     sdk::flag_of(json, "field_read_only");
    const Json& allowed = sdk::member(json, "operation_type");
    if (allowed.is_object()) {
        const bool create = sdk::flag_of(allowed, "api_create", true);
        const bool update = sdk::flag_of(allowed, "api_update", true);
        spec.read_only = spec.read_only || (!create && !update);
        spec.create_only = create && !update && !spec.read_only;
    }
    spec.required = !spec.read_only && sdk::flag_of(json, "system_mandatory");
}

bool is_unique(const Json& json) {
    const Json& unique = sdk::member(json, "unique");
    return unique.is_boolean() ? unique.get<bool>() : unique.is_object() && !unique.empty();
}

std::string rows_module(const Json& json, const std::string& kind) {
    if (kind == "subform") {
        const Json& module = sdk::member(sdk::member(json, "subform"), "module");
        const Json& associated = sdk::member(sdk::member(json, "associated_module"), "module");
        for (const Json* each : {&module, &associated}) {
            if (each->is_string()) return each->get<std::string>();
            if (std::string name = sdk::text_of(*each, "api_name"); !name.empty()) return name;
        }
        return {};
    }
    return sdk::text_of(
        sdk::member(sdk::member(sdk::member(json, kind), "linking_details"), "module"), "api_name");
}

}  // namespace

Field parse_field(const std::string& module, const Json& json) {
    Field field;
    sdk::FieldSpec& spec = field.spec;
    spec.name = sdk::text_of(json, "api_name");
    const DataType type = type_of(module, json);
    field.kind = spec.name == "Tag" ? Kind::kTags : type.kind;
    spec.type = spec.name == "Tag" ? "list" : type.type;
    spec.custom = sdk::flag_of(json, "custom_field");
    spec.label.en = sdk::text_of(json, "field_label");
    if (spec.label.en.empty()) spec.label.en = spec.name;
    if (!spec.custom) spec.label.zh = field_name(module, spec.name).zh;
    read_rights(field, json, type);
    spec.max_length = spec.type == "text" || spec.type == "longtext" || spec.type == "email" ||
                              spec.type == "phone" || spec.type == "url"
                          ? sdk::integer_of(json, "length")
                          : 0;
    if (field.kind == Kind::kDecimal) {
        spec.precision = sdk::integer_of(json, "length");
        spec.scale = sdk::integer_of(json, "decimal_place");
        if (spec.scale == 0)
            spec.scale = sdk::integer_of(sdk::member(json, "currency"), "precision");
    }
    const std::string area = sdk::text_of(sdk::member(json, "textarea"), "type");
    if (area == "rich_text") field.kind = Kind::kRichText;
    const std::string kind = sdk::text_of(json, "data_type");
    spec.may_be_cut = field.kind == Kind::kRichText || kind == "subform" ||
                      kind == "multiselectlookup" || kind == "multiuserlookup";
    field.rows = kind == "subform" || kind == "multiselectlookup" || kind == "multiuserlookup";
    field.rows_module = field.rows ? rows_module(json, kind) : std::string();
    spec.unique = is_unique(json);
    field.external = sdk::member(json, "external").is_object();
    spec.references = references(module, field, json);
    if (field.kind == Kind::kChoice || field.kind == Kind::kList) read_choices(field, json);
    spec.column_hint = spec.custom ? column_hint("", spec.name, spec.type == "reference")
                                   : column_hint(module, spec.name, spec.type == "reference");
    return field;
}

const Field* Module::field(std::string_view wanted) const {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& each) { return each.spec.name == wanted; });
    return found == fields.end() ? nullptr : &*found;
}

bool Module::has_modified_time() const {
    return field("Modified_Time") != nullptr;
}

bool Module::has_deleted_feed() const {
    return name != "Notes" && name != "Attachments";
}

bool Module::has_bulk_read() const {
    return name != "Notes" && name != "Attachments" && !is_users();
}

const Field* Module::key_field(const Options& options) const {
    const Field* key = field(options.external_id_field);
    return key != nullptr && (key->spec.unique || key->external) ? key : nullptr;
}

sdk::StreamSpec Module::stream(const Options& options) const {
    sdk::StreamSpec out;
    out.name = name;
    out.label = label;
    out.custom = custom;
    if (!custom) out.entity_hint = module_name(name).entity;
    sdk::Capabilities& can = out.capabilities;
    can.list_ids = can.fetch = can.fetch_with_push = true;
    can.modified_resolution_ms = 1000;
    // Several requests' worth, which wait for the network together.
    can.fetch_batch_max = can.push_batch_max = kRequestRecordsMax * kRequestsAtOnceMax;
    can.deleted_feed = has_deleted_feed();
    can.deleted_retention_days = can.deleted_feed ? 60 : 0;
    if (!is_users()) {
        can.create = creatable;
        can.update = editable;
        can.remove = deletable;
        can.cas = "single";
        if (const Field* key = key_field(options)) {
            can.key_field = key->spec.name;
            can.find_fields.push_back(can.key_field);
        }
        for (const Field& each : fields)
            if ((each.spec.type == "email" || each.spec.unique || each.external) &&
                each.spec.name != can.key_field)
                can.find_fields.push_back(each.spec.name);
    }
    const bool has_currency = field("Currency") != nullptr;
    for (const Field& each : fields) {
        out.fields.push_back(each.spec);
        out.fields.back().group = field_group(name, each.spec.name, has_currency);
    }
    return out;
}

void Metadata::load_fields(Module& module) {
    if (module.is_users()) {
        module.fields = user_fields();
        return;
    }
    sdk::Url url = api_.url("settings/fields");
    url.query("module", module.name);
    const std::string doing = "fields of " + module.name;
    const auto response = api_.call(get(url, "meta"), doing);
    if (nothing(response))
        throw sdk::Error(KONTOR_E_NOT_FOUND, doing + ": none").stream(module.name);
    const Json json = json_body(response, doing);
    const Json& list = sdk::member(json, "fields");
    if (!list.is_array() || list.size() > kFieldsMax)
        throw sdk::Error(KONTOR_E_PROTOCOL, doing + ": no list of fields").stream(module.name);
    for (const Json& each : list) {
        const std::string name = sdk::text_of(each, "api_name");
        // The id is the record's, not a field; names twice would make columns twice.
        if (name.empty() || name == "id" || module.field(name) != nullptr) continue;
        module.fields.push_back(parse_field(module.name, each));
    }
}

const Module& Metadata::module(const std::string& name) {
    if (const auto found = modules_.find(name); found != modules_.end()) return *found->second;
    auto module = std::make_unique<Module>();
    module->name = name;
    load_fields(*module);
    return *modules_.emplace(name, std::move(module)).first->second;
}

std::vector<const Module*> Metadata::refresh() {
    const auto response = api_.call(get(api_.url("settings/modules"), "meta"), "modules");
    const Json json = json_body(response, "modules");
    const Json& list = sdk::member(json, "modules");
    if (!list.is_array()) throw sdk::Error(KONTOR_E_PROTOCOL, "modules: no list of modules");
    const auto& wanted = api_.options().modules;
    const auto configured = [&](const std::string& name) {
        return std::find(wanted.begin(), wanted.end(), name) != wanted.end();
    };
    std::map<std::string, std::unique_ptr<Module>> fresh;
    std::vector<const Module*> out;
    const auto add = [&](std::unique_ptr<Module> module) {
        try {
            load_fields(*module);
        } catch (const sdk::Error& error) {
            // One module that we may not see must not hide the others.
            if (error.status() != KONTOR_E_PERMISSION && error.status() != KONTOR_E_NOT_FOUND &&
                error.status() != KONTOR_E_INVALID)
                throw;
            api_.host().log(sdk::LogLevel::kWarning, "zoho.module_skipped",
                            {{"module", module->name}, {"reason", error.what()}});
            return;
        }
        const std::string name = module->name;
        out.push_back(fresh.insert_or_assign(name, std::move(module)).first->second.get());
    };
    for (const Json& each : list) {
        auto module = std::make_unique<Module>();
        module->name = sdk::text_of(each, "api_name");
        const std::string kind = sdk::text_of(each, "generated_type");
        module->custom = kind == "custom";
        const bool take =
            configured(module->name) || (module->custom && api_.options().custom_modules);
        if (module->name.empty() || !take || fresh.count(module->name) != 0 ||
            !sdk::flag_of(each, "api_supported", true) || !sdk::flag_of(each, "viewable", true) ||
            kind == "subform" || kind == "linking" || kind == "web")
            continue;
        module->creatable = sdk::flag_of(each, "creatable", true);
        module->editable = sdk::flag_of(each, "editable", true);
        module->deletable = sdk::flag_of(each, "deletable", true);
        module->label.en = sdk::text_of(each, "plural_label");
        if (module->label.en.empty()) module->label.en = module->name;
        if (!module->custom) module->label.zh = module_name(module->name).zh;
        add(std::move(module));
    }
    if (configured("users") && fresh.count("users") == 0) {
        auto users = std::make_unique<Module>();
        users->name = "users";
        users->label = {"Users", std::string(module_name("users").zh)};
        add(std::move(users));
    }
    modules_ = std::move(fresh);
    return out;
}

}  // namespace kontor::zoho
