#include "plugins/fxiaoke/metadata.hpp"

#include <algorithm>

#include "plugins/fxiaoke/field_names.hpp"
#include "plugins/fxiaoke/users.hpp"

namespace kontor::fxiaoke {
namespace {

using sdk::Json;

constexpr std::size_t kFieldsMax = 2000;
// The engine looks at the records of a batch just before it is sent: the fewer, the sooner.
constexpr std::int64_t kPushBatch = 10;
constexpr std::int64_t kFetchBatch = 100;

bool is_custom(std::string_view name) {
    return name.size() > 3 && name.substr(name.size() - 3) == "__c";
}

// Options of a record type are named by `api_name`, of all else by `value`.
void read_choices(Field& field, const Json& json) {
    for (const Json& each : sdk::member(json, "options")) {
        std::string value = sdk::text_of(each, "value");
        if (value.empty()) value = sdk::text_of(each, "api_name");
        std::string label = sdk::text_of(each, "label");
        if (value.empty() || !sdk::flag_of(each, "is_active", true)) continue;
        field.spec.choices.push_back({value, label.empty() ? value : std::move(label)});
    }
}

// What a computed field computes.
DataType computed_type(const Json& json, DataType type) {
    for (const char* member : {"return_type", "quote_field_type"}) {
        const DataType inner = data_type(sdk::text_of(json, member));
        if (inner.type != "json" && inner.type != "reference") {
            type.kind = inner.kind;
            type.type = inner.type;
        }
    }
    return type;
}

}  // namespace

Field parse_field(const std::string& object, const std::string& name, const Json& json) {
    Field field;
    sdk::FieldSpec& spec = field.spec;
    const std::string kind = sdk::text_of(json, "type");
    DataType type = data_type(kind);
    if (type.computed) type = computed_type(json, type);
    field.kind = type.kind;
    spec.name = name;
    spec.type = type.type;
    spec.custom = sdk::text_of(json, "define_type") == "custom" || is_custom(name);
    spec.label.zh = sdk::text_of(json, "label");
    const FieldName known = spec.custom ? FieldName{} : field_name(object, name);
    spec.label.en =
        known.en.empty() ? (spec.label.zh.empty() ? name : spec.label.zh) : std::string(known.en);
    spec.read_only = type.computed || is_system(name);
    spec.create_only = !spec.read_only && (kind == "record_type" || kind == "master_detail");
    spec.required = !spec.read_only && sdk::flag_of(json, "is_required") &&
                    json.value("default_value", Json()).is_null();
    spec.unique = sdk::flag_of(json, "is_unique");
    if (field.kind == Kind::kText) spec.max_length = sdk::integer_of(json, "max_length");
    if (field.kind == Kind::kDecimal) {
        spec.precision = sdk::integer_of(json, "length");
        spec.scale = sdk::integer_of(json, "decimal_places");
    }
    if (field.kind == Kind::kPerson) spec.references = {"users"};
    if (field.kind == Kind::kReference)
        if (std::string target = sdk::text_of(json, "target_api_name"); !target.empty())
            spec.references = {std::move(target)};
    if (field.kind == Kind::kChoice || kind == "select_many") read_choices(field, json);
    spec.column_hint =
        column_hint(spec.custom ? std::string_view() : object, name, spec.type == "reference");
    return field;
}

const Field* Object::field(std::string_view wanted) const {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& each) { return each.spec.name == wanted; });
    return found == fields.end() ? nullptr : &*found;
}

const Field* Object::key_field(const Options& options) const {
    const Field* key = field(options.external_id_field);
    return key != nullptr && key->kind == Kind::kText && key->spec.unique && !key->spec.read_only
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
    can.modified_resolution_ms = 1;
    can.fetch_batch_max = kFetchBatch;
    can.push_batch_max = kPushBatch;
    if (!is_users()) {
        can.create = can.update = can.remove = true;
        if (const Field* key = key_field(options)) {
            can.key_field = key->spec.name;
            can.find_fields.push_back(can.key_field);
        }
        for (const Field& each : fields)
            if ((each.spec.type == "email" || each.spec.unique) && each.spec.name != can.key_field)
                can.find_fields.push_back(each.spec.name);
    }
    for (const Field& each : fields) {
        out.fields.push_back(each.spec);
        if (!each.spec.custom) out.fields.back().group = field_group(name, each.spec.name);
    }
    return out;
}

void Metadata::load_fields(Object& object) {
    if (object.is_users()) {
        object.fields = user_fields();
        return;
    }
    const std::string doing = "describe " + object.name;
    const Json request{{"includeDetail", false}, {"data", {{"apiName", object.name}}}};
    Reply reply;
    try {
        reply = api_.read("/cgi/crm/v2/object/describe", request, doing, "meta");
    } catch (const sdk::Error& error) {
        if (error.status() != KONTOR_E_INVALID) throw;
        throw sdk::Error(KONTOR_E_NOT_FOUND, error.what()).stream(object.name);
    }
    const Json& describe = sdk::member(sdk::member(reply.body, "data"), "describe");
    const Json& fields = sdk::member(describe, "fields");
    if (!fields.is_object() || fields.size() > kFieldsMax)
        throw sdk::Error(KONTOR_E_PROTOCOL, doing + ": no fields").stream(object.name);
    if (object.label.zh.empty()) object.label.zh = sdk::text_of(describe, "display_name");
    for (const auto& [name, json] : fields.items()) {
        if (!json.is_object() || !sdk::flag_of(json, "is_active", true)) continue;
        object.tells_nulls = object.tells_nulls || name == "life_status_before_invalid";
        const std::string type = sdk::text_of(json, "type");
        if (name.empty() || is_internal(name) || type == "group") continue;
        object.fields.push_back(parse_field(object.name, name, json));
    }
}

const Object& Metadata::object(const std::string& name) {
    if (const auto found = objects_.find(name); found != objects_.end()) return *found->second;
    auto object = std::make_unique<Object>(read(name));
    return *objects_.emplace(name, std::move(object)).first->second;
}

Object Metadata::read(const std::string& name) {
    Object object;
    object.name = name;
    object.custom = is_custom(name);
    load_fields(object);
    return object;
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
    const Reply reply =
        api_.read("/cgi/crm/v2/object/list", {{"includeNull", false}}, "list of objects", "meta");
    const Json& list = sdk::member(sdk::member(reply.body, "data"), "objects");
    if (!list.is_array()) throw sdk::Error(KONTOR_E_PROTOCOL, "list of objects: none in it");
    const auto& wanted = api_.options().objects;
    const auto configured = [&](const std::string& name) {
        return std::find(wanted.begin(), wanted.end(), name) != wanted.end();
    };
    std::map<std::string, std::unique_ptr<Object>> fresh;
    std::vector<const Object*> out;
    const auto add = [&](std::unique_ptr<Object> object) {
        try {
            load_fields(*object);
        } catch (const sdk::Error& error) {
            // One object that we may not see must not hide the others.
            if (error.status() != KONTOR_E_PERMISSION && error.status() != KONTOR_E_NOT_FOUND)
                throw;
            api_.host().log(sdk::LogLevel::kWarning, "fxiaoke.object_skipped",
                            {{"object", object->name}, {"reason", error.what()}});
            return;
        }
        const std::string name = object->name;
        out.push_back(fresh.insert_or_assign(name, std::move(object)).first->second.get());
    };
    for (const Json& each : list) {
        auto object = std::make_unique<Object>();
        object->name = sdk::text_of(each, "describeApiName");
        object->custom = is_custom(object->name);
        const bool take =
            configured(object->name) || (object->custom && api_.options().custom_objects);
        if (object->name.empty() || !take || fresh.count(object->name) != 0 ||
            !sdk::flag_of(each, "isActive", true))
            continue;
        object->label.zh = sdk::text_of(each, "describeDisplayName");
        object->label.en = object_name(object->name).en;
        if (object->custom || object->label.en.empty())
            object->label.en = object->label.zh.empty() ? object->name : object->label.zh;
        add(std::move(object));
    }
    if (configured("users")) {
        auto users = std::make_unique<Object>();
        users->name = "users";
        users->label = {std::string(object_name("users").en), "员工"};
        add(std::move(users));
    }
    objects_ = std::move(fresh);
    return out;
}

}  // namespace kontor::fxiaoke
