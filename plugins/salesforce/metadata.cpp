#include "plugins/salesforce/metadata.hpp"

#include <algorithm>

#include "plugins/salesforce/field_names.hpp"

namespace kontor::salesforce {
namespace {

using sdk::Json;

constexpr std::size_t kFieldsMax = 2000;
constexpr std::size_t kObjectsMax = 20'000;
constexpr std::int64_t kDeletedDays = 15;

bool is_custom(std::string_view name) {
    return name.size() > 3 && name.substr(name.size() - 3) == "__c";
}

// Those of the objects a field may point to that are replicated.
std::vector<std::string> targets(const Json& json, const Prefixes& streams) {
    std::vector<std::string> out;
    for (const Json& each : sdk::member(json, "referenceTo")) {
        if (!each.is_string()) continue;
        const auto& name = each.get_ref<const std::string&>();
        if (std::any_of(streams.begin(), streams.end(),
                        [&](const auto& known) { return known.second == name; }))
            out.push_back(name);
    }
    return out;
}

void read_choices(Field& field, const Json& json) {
    for (const Json& each : sdk::member(json, "picklistValues")) {
        const std::string value = sdk::text_of(each, "value");
        const std::string label = sdk::text_of(each, "label");
        if (!value.empty() && sdk::flag_of(each, "active", true))
            field.spec.choices.push_back({value, label.empty() ? value : label});
    }
}

void read_kind(Field& field, const Json& json, const Prefixes& streams) {
    const DataType type = data_type(sdk::text_of(json, "type"));
    field.kind = type.kind;
    field.spec.type = type.type;
    if (type.kind == Kind::kReference) {
        field.spec.references = targets(json, streams);
        if (field.spec.references.size() > 1) field.kind = Kind::kAnyReference;
    }
    if (type.kind == Kind::kChoice || type.kind == Kind::kList) read_choices(field, json);
    if (type.kind == Kind::kText) field.spec.max_length = sdk::integer_of(json, "length");
    if (type.kind == Kind::kDecimal) {
        field.spec.precision = sdk::integer_of(json, "precision");
        field.spec.scale = sdk::integer_of(json, "scale");
    }
}

void read_rules(Field& field, const Json& json) {
    const bool creates = sdk::flag_of(json, "createable"),
               updates = sdk::flag_of(json, "updateable");
    sdk::FieldSpec& spec = field.spec;
    spec.read_only = !creates && !updates;
    spec.create_only = creates && !updates;
    field.nillable = sdk::flag_of(json, "nillable", true);
    spec.required = creates && !field.nillable && !sdk::flag_of(json, "defaultedOnCreate") &&
                    field.kind != Kind::kBoolean;
    spec.unique = sdk::flag_of(json, "unique");
    field.external_id = sdk::flag_of(json, "externalId");
    field.filterable = sdk::flag_of(json, "filterable", true);
}

bool has(const Json& fields, std::string_view name, bool filterable) {
    return std::any_of(fields.begin(), fields.end(), [&](const Json& each) {
        return sdk::text_of(each, "name") == name &&
               (!filterable || sdk::flag_of(each, "filterable", true));
    });
}

}  // namespace

Field parse_field(const std::string& object, const Json& json, const Prefixes& streams) {
    Field field;
    sdk::FieldSpec& spec = field.spec;
    spec.name = sdk::text_of(json, "name");
    spec.custom = sdk::flag_of(json, "custom", is_custom(spec.name));
    read_kind(field, json, streams);
    read_rules(field, json);
    // Labels are in the language of the user that Kontor signs in as.
    spec.label.en = sdk::text_of(json, "label");
    if (spec.label.en.empty()) spec.label.en = spec.name;
    const std::string of = spec.custom ? std::string() : object;
    spec.label.zh = field_name(of, spec.name).zh;
    spec.column_hint = column_hint(of, spec.name);
    if (!spec.custom) spec.group = field_group(object, spec.name);
    return field;
}

const Field* Object::field(std::string_view wanted) const {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& each) { return each.spec.name == wanted; });
    return found == fields.end() ? nullptr : &*found;
}

const Field* Object::key_field(const Options& options) const {
    const Field* key = field(options.external_id_field);
    return key != nullptr && key->kind == Kind::kText && key->spec.unique && key->external_id &&
                   !key->spec.read_only
               ? key
               : nullptr;
}

sdk::StreamSpec Object::stream(const Options& options) const {
    sdk::StreamSpec out;
    out.name = name;
    out.label = label;
    out.custom = custom;
    if (!custom) out.entity_hint = object_name(name).entity;
    sdk::Capabilities& can = out.capabilities;
    can.list_ids = can.fetch = true;
    can.modified_resolution_ms = 1000;
    can.fetch_batch_max = can.push_batch_max = static_cast<std::int64_t>(kCollectionMax);
    can.create = creatable;
    can.update = updatable;
    can.remove = deletable;
    if (updatable) can.cas = "single";
    can.deleted_feed = feed || keeps_bin;
    if (can.deleted_feed) can.deleted_retention_days = kDeletedDays;
    if (const Field* key = key_field(options); key != nullptr && creatable) {
        can.key_field = key->spec.name;
        can.find_fields.push_back(can.key_field);
    }
    for (const Field& each : fields) {
        out.fields.push_back(each.spec);
        if (each.kind == Kind::kText && each.spec.type == "email" && each.filterable)
            can.find_fields.push_back(each.spec.name);
    }
    return out;
}

bool Metadata::wanted(const Json& brief) const {
    const std::string name = sdk::text_of(brief, "name");
    if (name.empty() || !sdk::flag_of(brief, "queryable") ||
        sdk::flag_of(brief, "deprecatedAndHidden") || sdk::flag_of(brief, "customSetting"))
        return false;
    const auto& names = api_.options().objects;
    return std::find(names.begin(), names.end(), name) != names.end() ||
           (is_custom(name) && api_.options().custom_objects);
}

const std::vector<Metadata::Listed>& Metadata::listed() {
    if (!listed_.empty()) return listed_;
    const Json body = api_.get(api_.url("/sobjects").text(), "list of objects", "meta");
    const Json& list = sdk::member(body, "sobjects");
    if (!list.is_array() || list.size() > kObjectsMax)
        throw sdk::Error(KONTOR_E_PROTOCOL, "list of objects: none in it");
    for (const Json& each : list) {
        if (!wanted(each)) continue;
        Listed one;
        one.name = sdk::text_of(each, "name");
        one.prefix = sdk::text_of(each, "keyPrefix");
        one.custom = sdk::flag_of(each, "custom", is_custom(one.name));
        one.label.en = sdk::text_of(each, "labelPlural");
        if (one.label.en.empty()) one.label.en = one.name;
        one.label.zh = one.custom ? std::string() : std::string(object_name(one.name).zh);
        if (one.prefix.size() == 3) prefixes_[one.prefix] = one.name;
        listed_.push_back(std::move(one));
    }
    return listed_;
}

const Prefixes& Metadata::prefixes() {
    listed();
    return prefixes_;
}

Object Metadata::read(const std::string& name) {
    Object out;
    const std::string doing = "describe " + name;
    const Json body =
        api_.get(api_.url("/sobjects").segment(name).path("/describe").text(), doing, "meta");
    const Json& fields = sdk::member(body, "fields");
    if (!fields.is_array() || fields.size() > kFieldsMax || !has(fields, "Id", false))
        throw sdk::Error(KONTOR_E_PROTOCOL, doing + ": no fields").stream(name);
    out.name = name;
    out.custom = sdk::flag_of(body, "custom", is_custom(name));
    out.prefix = sdk::text_of(body, "keyPrefix");
    for (const Listed& each : listed())
        if (each.name == name) out.label = each.label;
    const bool ours = name != "User";  // staff is not hired by a CRM
    out.creatable = ours && sdk::flag_of(body, "createable");
    out.updatable = ours && sdk::flag_of(body, "updateable");
    out.deletable = ours && sdk::flag_of(body, "deletable");
    out.feed = sdk::flag_of(body, "replicateable");
    out.keeps_bin = has(fields, "IsDeleted", true);
    out.merges = out.keeps_bin && has(fields, "MasterRecordId", true);
    out.tells_actor = has(fields, "LastModifiedById", false);
    for (const char* stamp : {"SystemModstamp", "LastModifiedDate", "CreatedDate"}) {
        out.stamp = stamp;
        if (has(fields, stamp, true)) break;
    }
    for (const Json& each : fields) {
        Field field = parse_field(name, each, prefixes());
        if (field.spec.name.empty() || field.kind == Kind::kNone || is_internal(field.spec.name))
            continue;
        field.spec.read_only = field.spec.read_only || !(out.creatable || out.updatable);
        if (field.spec.read_only) field.spec.required = field.spec.create_only = false;
        out.fields.push_back(std::move(field));
    }
    return out;
}

const Object& Metadata::object(const std::string& name) {
    if (const auto found = objects_.find(name); found != objects_.end()) return *found->second;
    auto object = std::make_unique<Object>(read(name));
    return *objects_.emplace(name, std::move(object)).first->second;
}

void Metadata::require_fields(const Object& object, const std::vector<std::string>& names) {
    const Object now = read(object.name);
    for (const std::string& name : names)
        if (object.field(name) != nullptr && now.field(name) == nullptr)
            throw sdk::Error(KONTOR_E_INVALID, object.name + " has no field " + name + " any more")
                .stream(object.name)
                .unknown_field(name);
}

std::vector<const Object*> Metadata::refresh() {
    listed_.clear();
    prefixes_.clear();
    std::map<std::string, std::unique_ptr<Object>> fresh;
    std::vector<const Object*> out;
    for (const Listed& each : listed()) {
        std::unique_ptr<Object> object;
        try {
            object = std::make_unique<Object>(read(each.name));
        } catch (const sdk::Error& error) {
            // One object that we may not see must not hide the others.
            if (error.status() != KONTOR_E_PERMISSION && error.status() != KONTOR_E_NOT_FOUND)
                throw;
            api_.host().log(sdk::LogLevel::kWarning, "salesforce.object_skipped",
                            {{"object", each.name}, {"reason", error.what()}});
            continue;
        }
        out.push_back(fresh.insert_or_assign(each.name, std::move(object)).first->second.get());
    }
    objects_ = std::move(fresh);
    return out;
}

}  // namespace kontor::salesforce
