#include "tests/peers/salesforce/writer.hpp"

#include <algorithm>
#include <cmath>

#include "tests/peers/base/times.hpp"

namespace kontor::peer::salesforce {

namespace {

std::size_t characters(const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool is_number(const std::string& type) {
    return type == "int" || type == "double" || type == "currency" || type == "percent";
}

bool listed(const Json& field, const std::string& value) {
    return std::ranges::any_of(field["picklistValues"],
                               [&](const Json& each) { return each["value"] == value; });
}

// The types of JSON that a field takes; what looks right as text is taken too.
bool fits(const std::string& type, const Json& value) {
    if (value.is_null()) return true;
    if (type == "boolean") return value.is_boolean() || value == "true" || value == "false";
    if (is_number(type)) {
        if (value.is_number()) return true;
        return value.is_string() &&
               Json::parse(value.get<std::string>(), nullptr, false).is_number();
    }
    if (type == "date") return value.is_string() && parse_date(value.get<std::string>());
    if (type == "datetime") return value.is_string() && parse_stamp(value.get<std::string>());
    return !value.is_structured();
}

bool has_at(const std::string& text) {
    const auto at = text.find('@');
    return at != std::string::npos && at > 0 && text.find('.', at) != std::string::npos &&
           text.find(' ') == std::string::npos;
}

}  // namespace

void Writer::check_shape(const Object& object, const Json& values) const {
    for (const auto& [name, value] : values.items()) {
        if (object.field(name) == nullptr)
            throw ApiError{400, "INVALID_FIELD",
                           "No such column '" + name + "' on sobject of type " + object.name};
        if (!fits(object.type(name), value))
            throw ApiError{
                400, "JSON_PARSER_ERROR",
                "Cannot deserialize instance of " + object.type(name) + " from " + value.dump()};
    }
}

bool Writer::there_is(const Json& targets, const std::string& id) {
    return std::ranges::any_of(targets, [&](const Json& each) {
        const Record* record = org_.find(each.get<std::string>(), id);
        return record != nullptr && !record->deleted();
    });
}

void Writer::check_unique(const Object& object, const std::string& name, const Json& value,
                          const std::string& id, std::vector<ApiError>& errors) {
    if (value.is_null()) return;
    for (const auto& [other, record] : org_.table(object.name))
        if (other != id && !record.deleted() && record.values.value(name, Json()) == value)
            errors.push_back({400, "DUPLICATE_VALUE",
                              "duplicate value found: " + name +
                                  " duplicates value on record with id: " + other});
}

void Writer::check_field(const Object& object, const std::string& name, Json& value,
                         const std::string& id, bool create, std::vector<ApiError>& errors) {
    const Json& field = *object.field(name);
    const std::string type = field["type"];
    const auto bad = [&](const char* code, const std::string& why) {
        errors.push_back(
            {400, code, object.fields.at(name)["label"].get<std::string>() + ": " + why, {name}});
    };
    if (!field.value(create ? "createable" : "updateable", false))
        return errors.push_back({400,
                                 "INVALID_FIELD_FOR_INSERT_UPDATE",
                                 "Unable to create/update fields: " + name +
                                     ". Please check the security settings of this field and "
                                     "verify that it is read/write for your profile or permission "
                                     "set.",
                                 {name}});
    if (value.is_string() && org_.switches.on("trim_text") && type != "multipicklist")
        value = trimmed(value.get<std::string>());
    if (value.is_string() && value.get_ref<const std::string&>().empty()) value = nullptr;
    if (value.is_null()) {
        if (type == "boolean") value = false;
        return;
    }
    if (type == "boolean") value = value == true || value == "true";
    if (is_number(type)) {
        if (value.is_string()) value = Json::parse(value.get<std::string>());
        const double number = value.get<double>();
        if (std::abs(number) >= 1e16)
            return bad("NUMBER_OUTSIDE_VALID_RANGE", "value outside of valid range");
        const double scale = std::pow(10, field.value("scale", 0));
        value = type == "int" ? Json(static_cast<std::int64_t>(number))
                              : Json(std::round(number * scale) / scale);
        return;
    }
    if (type == "datetime") {
        value = format_stamp(*parse_stamp(value.get<std::string>()) * 1000);
        return;
    }
    if (!value.is_string()) value = value.dump();
    const std::string text = value;
    if (const int most = field["length"];
        most > 0 && characters(text) > static_cast<unsigned>(most))
        return bad("STRING_TOO_LONG",
                   "data value too large: (max length=" + std::to_string(most) + ")");
    if (type == "email" && !has_at(text))
        return bad("INVALID_EMAIL_ADDRESS", "invalid email address: " + text);
    if (field.value("restrictedPicklist", false) && !listed(field, text))
        return bad("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                   "bad value for restricted picklist field: " + text);
    if (type == "reference") {
        if (text.size() != 15 && text.size() != 18)
            return bad("MALFORMED_ID", "id value of incorrect type: " + text);
        if (!there_is(field["referenceTo"], text))
            return bad("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id");
    }
    if (field.value("unique", false)) check_unique(object, name, value, id, errors);
}

void Writer::apply_rules(const Object& object, Json& values, std::vector<ApiError>& errors) {
    for (const NormaliseRule& rule : org_.behaviour.normalise)
        if ((rule.module.empty() || rule.module == object.name) && values.contains(rule.field) &&
            values[rule.field].is_string())
            values[rule.field] = normalised(rule, values[rule.field].get<std::string>());
    for (RejectRule& rule : org_.behaviour.reject) {
        if (rule.count == 0 || (!rule.module.empty() && rule.module != object.name)) continue;
        if (!rule.field.empty() &&
            (!values.contains(rule.field) ||
             values[rule.field].dump().find(rule.contains) == std::string::npos))
            continue;
        if (rule.count > 0) --rule.count;
        errors.push_back({400, rule.code, rule.message, {}});
    }
}

void Writer::check(const Object& object, Json& values, const std::string& id, bool create,
                   std::vector<ApiError>& errors) {
    for (auto& [name, value] : values.items()) check_field(object, name, value, id, create, errors);
    std::vector<std::string> lacking;
    for (const auto& [name, field] : object.fields) {
        if (field.value("nillable", true) || !field.value("createable", false)) continue;
        const bool said = values.contains(name);
        if (said ? values[name].is_null() : create && !field.value("defaultedOnCreate", false))
            lacking.push_back(name);
    }
    if (!lacking.empty()) {
        std::string names;
        for (const std::string& each : lacking) names += (names.empty() ? "" : ", ") + each;
        errors.push_back({400, "REQUIRED_FIELD_MISSING",
                          "Required fields are missing: [" + names + "]", lacking});
    }
    if (errors.empty()) apply_rules(object, values, errors);
}

Outcome Writer::create(const Object& object, Json values, const std::string& user) {
    Outcome out;
    check(object, values, "", true, out.errors);
    if (out.errors.empty()) {
        out.id = org_.add(object, std::move(values), user);
        out.created = true;
    }
    return out;
}

Outcome Writer::update(const Object& object, const std::string& id, Json values,
                       const std::string& user) {
    Outcome out;
    Record* record = org_.find(object.name, id);
    if (record == nullptr) {
        const std::string& code = org_.switches.text("missing_id_code");
        out.errors.push_back({404, code, "invalid cross reference id"});
    } else if (record->deleted()) {
        out.errors.push_back({404, "ENTITY_IS_DELETED", "entity is deleted"});
    } else {
        check(object, values, record->values.at("Id"), false, out.errors);
    }
    if (out.errors.empty()) {
        org_.change(object, *record, values, user);
        out.id = record->values.at("Id");
    }
    return out;
}

Outcome Writer::upsert(const Object& object, const std::string& field, const std::string& key,
                       Json values, const std::string& user) {
    for (const auto& [id, record] : org_.table(object.name))
        if (!record.deleted() && record.values.value(field, Json()) == key)
            return update(object, id, std::move(values), user);
    values[field] = key;
    return create(object, std::move(values), user);
}

Outcome Writer::remove(const Object& object, const std::string& id, const std::string& user) {
    Outcome out = update(object, id, Json::object(), user);
    if (out.errors.empty()) org_.remove(object, *org_.find(object.name, id), user);
    return out;
}

}  // namespace kontor::peer::salesforce
