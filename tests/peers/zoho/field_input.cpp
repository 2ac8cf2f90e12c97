#include "tests/peers/zoho/field_input.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "tests/peers/zoho/output.hpp"

namespace kontor::peer::zoho {

namespace {

constexpr std::size_t kSubformRows = 200;

Json invalid(const Field& field, const std::string& path, Json extra) {
    Json details{{"api_name", field.api_name}, {"json_path", path}};
    details.update(extra);
    return error_object("INVALID_DATA", "invalid data", std::move(details));
}

std::string trimmed(const std::string& text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool looks_like_email(std::string_view text) {
    const std::size_t at = text.find('@');
    return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
           text.find('@', at + 1) == std::string_view::npos &&
           text.find(' ') == std::string_view::npos && text.find('.', at) != std::string_view::npos;
}

bool all_digits(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::size_t text_length(std::string_view utf8) {
    return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

Json FieldInput::wrong_type(const Field& field, const std::string& path,
                            std::string_view expected) const {
    return invalid(field, path, {{"expected_data_type", expected}});
}

std::optional<Json> FieldInput::text(const Field& field, const Json& value, const std::string& path,
                                     std::string& stored) const {
    if (!value.is_string()) return wrong_type(field, path, data_type_name(field.type));
    std::string content = value.get<std::string>();
    if (org_.switches.on("trim_text")) content = trimmed(content);
    if (content.empty() && org_.switches.on("empty_string_is_null")) {
        stored.clear();
        return std::nullopt;
    }
    if (field.length > 0 && text_length(content) > static_cast<std::size_t>(field.length))
        return invalid(field, path, {{"maximum_length", field.length}});
    if (field.type == Type::email && !content.empty() && !looks_like_email(content))
        return wrong_type(field, path, "email");
    stored = quote_json(content);
    return std::nullopt;
}

std::optional<Json> FieldInput::picklist(const Field& field, const Json& value,
                                         const std::string& path, std::string& stored) const {
    if (!value.is_string()) return wrong_type(field, path, "picklist");
    const std::string choice = value.get<std::string>();
    if (choice.empty() || choice == "-None-") {
        stored.clear();
        return std::nullopt;
    }
    const auto& options = field.options;
    const bool known = std::find(options.begin(), options.end(), choice) != options.end();
    if (!known && org_.switches.on("picklist_strict"))
        return invalid(field, path, {{"supported_values", options}});
    if (field.length > 0 && text_length(choice) > static_cast<std::size_t>(field.length))
        return invalid(field, path, {{"maximum_length", field.length}});
    stored = quote_json(choice);
    return std::nullopt;
}

std::optional<Json> FieldInput::many_picklist(const Field& field, const Json& value,
                                              const std::string& path, std::string& stored) const {
    if (!value.is_array()) return wrong_type(field, path, "jsonarray");
    Json chosen = Json::array();
    for (std::size_t i = 0; i < value.size(); ++i) {
        std::string item;
        const std::string item_path = path + "[" + std::to_string(i) + "]";
        if (auto error = picklist(field, value[i], item_path, item)) return error;
        if (item.empty()) continue;
        Json text = unquote_json(item);
        if (std::find(chosen.begin(), chosen.end(), text) == chosen.end())
            chosen.push_back(std::move(text));
    }
    stored = chosen.empty() ? "" : chosen.dump();
    return std::nullopt;
}

std::optional<Json> FieldInput::number(const Field& field, const Json& value,
                                       const std::string& path, std::string& stored) const {
    const bool whole = field.type == Type::integer || field.type == Type::bigint;
    const auto expected = data_type_name(field.type);
    std::string content;
    if (field.type == Type::bigint && value.is_string()) {
        content = value.get<std::string>();
        if (!all_digits(content)) return wrong_type(field, path, expected);
    } else if (whole ? value.is_number_integer() : value.is_number()) {
        content = value.dump();
    } else {
        return wrong_type(field, path, expected);
    }
    if (whole) {
        const std::size_t digits = content.size() - (content.starts_with('-') ? 1 : 0);
        if (field.length > 0 && digits > static_cast<std::size_t>(field.length))
            return invalid(field, path, {{"maximum_length", field.length}});
    } else {
        const double number = value.get<double>();
        if (!std::isfinite(number) || std::fabs(number) >= 1e16)
            return invalid(field, path, {{"maximum_length", field.length}});
        if (value.is_number_float() && field.decimals > 0) {
            const double scale = std::pow(10.0, field.decimals);
            content = Json(std::round(number * scale) / scale).dump();
            if (content.ends_with(".0")) content.resize(content.size() - 2);
        }
    }
    stored = std::move(content);
    return std::nullopt;
}

std::optional<std::string> FieldInput::external_id(const Json& value) const {
    for (const ExternalKey& key : external_) {
        const std::string& name = key.module->fields[key.field].api_name;
        const auto found = value.find(name);
        const auto plain = value.find("id");
        const auto& given = found != value.end() ? found : plain;
        if (given == value.end() || !given->is_string()) continue;
        const auto slots =
            org_.store(*key.module).find_equal(key.field, quote_json(given->get<std::string>()));
        if (!slots.empty()) return record_id(key.module->number, slots.front());
    }
    return std::nullopt;
}

std::optional<Json> FieldInput::lookup(const Field& field, const Json& value,
                                       const std::string& path, std::string& stored) const {
    if (!value.is_object()) return wrong_type(field, path, "jsonobject");
    std::string id;
    if (const auto by_key = external_id(value)) {
        id = *by_key;
    } else if (const auto given = value.find("id"); given == value.end() || given->is_null()) {
        return error_object("MANDATORY_NOT_FOUND", "required field not found",
                            {{"api_name", "id"}, {"json_path", path + ".id"}});
    } else if (!given->is_string()) {
        return wrong_type(field, path + ".id", "bigint");
    } else {
        id = given->get<std::string>();
    }
    const Module* module = org_.module_of(id);
    const bool fits = module != nullptr &&
                      (field.type == Type::multi_module_lookup || module->api_name == field.target);
    if (!fits || !org_.record_visible(id))
        return error_object(
            "INVALID_DATA", org_.switches.text("invalid_id_message"),
            {{"api_name", field.api_name}, {"json_path", path + ".id"}, {"id", id}});
    stored = quote_json(id);
    return std::nullopt;
}

std::optional<Json> FieldInput::user(const Field& field, const Json& value, const std::string& path,
                                     std::string& stored) const {
    if (!value.is_object() || !value.contains("id") || !value["id"].is_string())
        return wrong_type(field, path, "jsonobject");
    const std::string id = value["id"].get<std::string>();
    const User* found = org_.catalogue.find_user(id);
    if (found == nullptr || found->status != "active")
        return error_object(
            "INVALID_DATA", org_.switches.text("invalid_id_message"),
            {{"api_name", field.api_name}, {"json_path", path + ".id"}, {"id", id}});
    stored = quote_json(id);
    return std::nullopt;
}

std::optional<Json> FieldInput::subform_row(const Module& rows, const Json& value,
                                            const std::string& path, Json& row) const {
    for (const auto& [key, item] : value.items()) {
        const Field* field = rows.find(key);
        if (field == nullptr || field->read_only || key == "id" || item.is_null()) {
            if (field != nullptr && !field->read_only && item.is_null()) row[key] = nullptr;
            continue;
        }
        std::string stored;
        if (auto error = convert(*field, item, path + "." + key, stored)) return error;
        if (field->type == Type::lookup) {
            const std::string id = unquote_json(stored);
            row[key] = {{"name", Json::parse(Output(org_).display_name(id))}, {"id", id}};
        } else {
            row[key] = stored.empty() ? Json() : Json::parse(stored);
        }
    }
    const auto number_of = [&](const char* name) {
        return row.contains(name) && row[name].is_number() ? row[name].get<double>() : 0.0;
    };
    row["Total"] = std::round(number_of("Quantity") * number_of("List_Price") * 100) / 100;
    for (const Field& field : rows.fields) {
        if (field.mandatory && (!row.contains(field.api_name) || row[field.api_name].is_null()))
            return error_object(
                "MANDATORY_NOT_FOUND", "required field not found",
                {{"api_name", field.api_name}, {"json_path", path + "." + field.api_name}});
    }
    return std::nullopt;
}

std::optional<Json> FieldInput::subform(const Field& field, const Json& value,
                                        const std::string& path, std::string& stored) const {
    if (!value.is_array()) return wrong_type(field, path, "jsonarray");
    if (value.size() > kSubformRows)
        return error_object(
            "LIMIT_EXCEEDED", "limit exceeded",
            {{"limit", kSubformRows}, {"api_name", field.api_name}, {"json_path", path}});
    const Module* rows = org_.catalogue.find(field.target);
    if (rows == nullptr) return wrong_type(field, path, "jsonarray");
    Json kept = stored.empty() || value.empty() ? Json::array() : Json::parse(stored);
    for (std::size_t i = 0; i < value.size(); ++i) {
        const std::string row_path = path + "[" + std::to_string(i) + "]";
        const Json& given = value[i];
        if (!given.is_object()) return wrong_type(field, row_path, "jsonobject");
        const std::string id = given.contains("id") && given["id"].is_string()
                                   ? given["id"].get<std::string>()
                                   : std::string();
        const auto known = std::find_if(kept.begin(), kept.end(),
                                        [&](const Json& row) { return row["id"] == id; });
        if (!id.empty() && known == kept.end())
            return error_object("INVALID_DATA", org_.switches.text("invalid_id_message"),
                                {{"api_name", "id"}, {"json_path", row_path + ".id"}, {"id", id}});
        if (given.contains("_delete")) {
            if (known != kept.end()) kept.erase(known);
            continue;
        }
        Json row = known != kept.end() ? *known : Json::object();
        if (known == kept.end())
            row["id"] = record_id(rows->number, 500000000 + org_.next_number());
        if (auto error = subform_row(*rows, given, row_path, row)) return error;
        if (known != kept.end()) {
            *known = std::move(row);
        } else {
            kept.push_back(std::move(row));
        }
    }
    std::int64_t sequence = 0;
    for (Json& row : kept) row["Sequence_Number"] = ++sequence;
    stored = kept.empty() ? "" : kept.dump();
    return std::nullopt;
}

std::optional<Json> FieldInput::layout(const Field& field, const Json& value,
                                       const std::string& path, std::string& stored) const {
    if (!value.is_object() || !value.contains("id") || !value["id"].is_string())
        return wrong_type(field, path, "jsonobject");
    const std::string id = value["id"].get<std::string>();
    for (const auto& module : org_.catalogue.modules()) {
        if (module->find("Layout") != &field) continue;
        const Layout* layout = module->find_layout(id);
        if (layout == nullptr && id != module->standard_layout_id()) break;
        stored = Json{{"name", layout == nullptr ? "Standard" : layout->name}, {"id", id}}.dump();
        return std::nullopt;
    }
    return invalid(field, path + ".id", {{"id", id}});
}

std::optional<Json> FieldInput::convert(const Field& field, const Json& value,
                                        const std::string& path, std::string& stored) const {
    if (value.is_null()) {
        stored.clear();
        return std::nullopt;
    }
    switch (field.type) {
        case Type::picklist:
            return picklist(field, value, path, stored);
        case Type::multiselectpicklist:
            return many_picklist(field, value, path, stored);
        case Type::lookup:
        case Type::multi_module_lookup:
            return lookup(field, value, path, stored);
        case Type::ownerlookup:
        case Type::userlookup:
            return user(field, value, path, stored);
        case Type::integer:
        case Type::bigint:
        case Type::real:
        case Type::currency:
        case Type::percent:
            return number(field, value, path, stored);
        case Type::boolean:
            if (!value.is_boolean()) return wrong_type(field, path, "boolean");
            stored = value.get<bool>() ? "true" : "false";
            return std::nullopt;
        case Type::date:
            if (!value.is_string() || !parse_date(value.get<std::string>()))
                return wrong_type(field, path, "date");
            stored = value.dump();
            return std::nullopt;
        case Type::datetime: {
            const auto instant = value.is_string() ? parse_instant(value.get<std::string>())
                                                   : std::optional<std::int64_t>();
            if (!instant) return wrong_type(field, path, "datetime");
            stored = std::to_string(*instant);
            return std::nullopt;
        }
        case Type::subform:
            return subform(field, value, path, stored);
        case Type::multiuserlookup:
        case Type::participants:
        case Type::fileupload:
        case Type::imageupload:
            if (!value.is_array()) return wrong_type(field, path, "jsonarray");
            stored = value.empty() ? "" : value.dump();
            return std::nullopt;
        case Type::layout:
            return layout(field, value, path, stored);
        case Type::rrule:
        case Type::event_reminder:
            if (!value.is_object() && !value.is_string())
                return wrong_type(field, path, "jsonobject");
            stored = value.dump();
            return std::nullopt;
        default:
            return text(field, value, path, stored);
    }
}

}  // namespace kontor::peer::zoho
