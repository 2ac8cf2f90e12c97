// What a write is checked for, and how values are stored.

#include "tests/peers/fxiaoke/field_input.hpp"

#include <algorithm>
#include <cstdlib>

#include "tests/peers/fxiaoke/data_api.hpp"

namespace kontor::peer::fxiaoke {

bool is_person(const std::string& type) {
    return type == "employee" || type == "employee_many";
}

Json people(const Json& list, bool to_open_ids) {
    Json out = Json::array();
    for (const Json& each : list) {
        std::string id = each.is_string() ? each.get<std::string>() : each.dump();
        for (const Employee& known : employees())
            if ((to_open_ids ? known.id : known.open_id) == id) {
                id = to_open_ids ? known.open_id : known.id;
                break;
            }
        out.push_back(id);
    }
    return out;
}

bool is_empty(const Json& value) {
    return value.is_null() || value == "" || (value.is_array() && value.empty());
}

void DataApi::reject(const Object& object, const Json& fields, const std::string& id) {
    for (RejectRule& rule : tenant_.behaviour.reject) {
        if (rule.count == 0 || (!rule.module.empty() && rule.module != object.name)) continue;
        if (!rule.id.empty() && rule.id != id) continue;
        if (!rule.field.empty() &&
            (!fields.contains(rule.field) ||
             fields.at(rule.field).dump().find(rule.contains) == std::string::npos))
            continue;
        if (rule.count > 0) --rule.count;
        throw Refusal{std::atoi(rule.code.c_str()), rule.message, ""};
    }
}

Json DataApi::checked(const Object& object, const Json& given, const std::string& own_id,
                      bool create, const Call& call) {
    Json out = Json::object();
    for (const auto& [name, value] : given.items()) {
        if (name == "_id" || name == "dataObjectApiName" || name == "record_type") continue;
        if (!object.has(name)) throw Refusal{32000, "字段不存在: " + name, "参数错误"};
        const std::string type = object.type(name);
        if (type == "auto_number" || type == "count" || type == "formula" || type == "quote")
            continue;
        if (is_empty(value)) {
            if (value.is_null() && tenant_.switches.text("null_write") == "ignored") continue;
            if (object.fields.at(name).value("is_required", false))
                throw Refusal{320002, object.fields.at(name).value("label", name) + " 为必填项",
                              ""};
            out[name] = nullptr;
            continue;
        }
        const bool text = type == "text" || type == "long_text" || type == "email" ||
                          type == "phone_number" || type == "url" || type == "number" ||
                          type == "currency" || type == "percentile" || type == "select_one" ||
                          type == "object_reference" || type == "master_detail" ||
                          type == "html_rich_text";
        const bool time = type == "date" || type == "date_time" || type == "time";
        const bool list = is_person(type) || type == "select_many" || type == "image";
        if ((text && !value.is_string()) || (time && !value.is_number_integer()) ||
            (list && !value.is_array()) || (type == "true_or_false" && !value.is_boolean()))
            throw Refusal{32000, name + " 类型错误", "参数错误"};
        const Json& field = object.fields.at(name);
        if (type == "select_one" && field.contains("options") &&
            std::none_of(
                field.at("options").begin(), field.at("options").end(),
                [&wanted = value](const Json& each) { return each.value("value", "") == wanted; }))
            throw Refusal{320004, "选项不存在", ""};
        if ((type == "object_reference" || type == "master_detail") &&
            !tenant_.table(field.at("target_api_name")).contains(value.get<std::string>()))
            throw Refusal{320005, "关联数据不存在", ""};
        if (field.value("is_unique", false) && type == "text")
            for (const auto& [id, record] : tenant_.table(object.name))
                if (id != own_id && record.values.value(name, Json()) == value)
                    throw Refusal{320001, "唯一性字段重复", ""};
        out[name] = call.old_style && is_person(type) ? people(value, false) : value;
        if (value.is_string())
            for (const NormaliseRule& rule : tenant_.behaviour.normalise)
                if ((rule.module.empty() || rule.module == object.name) && rule.field == name)
                    out[name] = normalised(rule, value.get<std::string>());
        // A date has no time of day.
        if (type == "date") {
            constexpr std::int64_t kDayMs = 86'400'000, kZoneMs = 8 * 3'600'000;
            out[name] = (value.get<std::int64_t>() + kZoneMs) / kDayMs * kDayMs - kZoneMs;
        }
    }
    if (create)
        for (const auto& [name, field] : object.fields.items())
            if (field.value("is_required", false) && !field.contains("default_value") &&
                field.value("type", "") != "auto_number" && !out.contains(name))
                throw Refusal{320002, field.value("label", name) + " 为必填项", ""};
    return out;
}

}  // namespace kontor::peer::fxiaoke
