#include "plugins/rest/values.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "connectors/declarative/shape.hpp"
#include "connectors/declarative/template.hpp"
#include "connectors/declarative/time_format.hpp"
#include "plugins/rest/members.hpp"

namespace kontor::rest {
namespace {

using declarative::Field;
using declarative::Stream;

bool is_time(const Field& field) {
    return field.type == "date" || field.type == "instant";
}

bool is_number(const Field& field) {
    return field.type == "integer" || field.type == "real" || field.type == "decimal";
}

// What remotes write where there is nothing.
bool is_blank(const Field& field, const Json& value) {
    if (value.is_null()) return true;
    if (value.is_string() && value.get_ref<const std::string&>().empty()) return true;
    if (field.type != "boolean" && value == false) return true;
    if (field.type == "reference" && (value == 0 || value == "0")) return true;
    return is_time(field) && value.is_string() &&
           value.get_ref<const std::string&>().starts_with("0000-00-00");
}

std::optional<std::string> decimal(const Json& value) {
    std::string out;
    if (!value.is_number() && !value.is_string()) return std::nullopt;
    if (!sdk::append_decimal(declarative::as_text(value), out)) return std::nullopt;
    return out;
}

std::optional<bool> truth(const Json& value) {
    if (value.is_boolean()) return value.get<bool>();
    if (value == 1 || value == "1" || value == "true" || value == "t" || value == "yes" ||
        value == "on")
        return true;
    if (value == 0 || value == "0" || value == "false" || value == "f" || value == "no" ||
        value == "off")
        return false;
    return std::nullopt;
}

std::optional<std::vector<std::string>> items_of(const Field& field, const Json& value) {
    std::vector<std::string> out;
    if (value.is_string() && !field.separator.empty()) {
        std::string_view rest = value.get_ref<const std::string&>();
        while (!rest.empty()) {
            const auto end = std::min(rest.find(field.separator), rest.size());
            if (end > 0) out.emplace_back(rest.substr(0, end));
            rest.remove_prefix(std::min(rest.size(), end + field.separator.size()));
        }
        return out;
    }
    if (!value.is_array()) return std::nullopt;
    for (const auto& item : value) {
        const Json* text = field.item.find(item);
        if (text == nullptr || text->is_structured() || text->is_null()) return std::nullopt;
        out.push_back(declarative::as_text(*text));
    }
    return out;
}

std::string number_text(const abi::BatchReader::Field& value) {
    if (value.tag == abi::Tag::kInteger) return std::to_string(value.integer);
    if (value.tag == abi::Tag::kText) return std::string(value.text);
    if (!std::isfinite(value.real)) return {};
    return Json(value.real).dump();
}

Json number_json(const std::string& decimal) {
    Json out = Json::parse(decimal, nullptr, false);
    return out.is_number() ? out : Json(decimal);
}

}  // namespace

std::string id_text(const Json* value) {
    if (value == nullptr) return {};
    if (value->is_string()) return value->get<std::string>();
    return value->is_number_integer() ? value->dump() : std::string();
}

const Json* ValueForms::shape(const std::string& format) const {
    const auto found = description_.shapes.find(format);
    return found == description_.shapes.end() ? nullptr : &found->second;
}

std::optional<std::int64_t> ValueForms::moment(const std::string& format, const Json& value) const {
    if (value.is_null()) return std::nullopt;
    if (const Json* made = shape(format)) {
        if (!declarative::use_of(*made).time) {
            const Json* text = declarative::unwrap(*made, value);
            return text == nullptr ? std::nullopt : moment("iso", *text);
        }
        const auto local = declarative::unwrap_time(*made, value);
        return local ? std::optional(*local - offset_ms_) : std::nullopt;
    }
    if (value.is_structured() || value.is_boolean()) return std::nullopt;
    return declarative::read_time(declarative::as_text(value), format.empty() ? "iso" : format,
                                  offset_ms_);
}

Json ValueForms::written_moment(const std::string& format, std::int64_t ms) const {
    if (const Json* made = shape(format)) {
        if (declarative::use_of(*made).time) return declarative::wrap_time(*made, ms + offset_ms_);
        return declarative::wrap(*made, written_moment("iso", ms));
    }
    const std::string text =
        declarative::write_time(ms, format.empty() ? "iso" : format, offset_ms_);
    return format.starts_with("epoch") ? number_json(text) : Json(text);
}

bool ValueForms::may_be_id(const Stream& stream, std::string_view id) {
    if (!stream.id_is_number) return true;
    const Json number = number_json(std::string(id));
    return number.is_number_integer() && number.dump() == id;
}

Json ValueForms::written_id(const Stream& stream, std::string_view id) {
    if (!stream.id_is_number) return std::string(id);
    return number_json(std::string(id));
}

std::optional<std::string> ValueForms::date(const Field& field, const Json& value) const {
    const bool text = value.is_string();
    if (field.format.empty() || field.format == "iso") {
        if (!text) return std::nullopt;
        const std::string day = value.get_ref<const std::string&>().substr(0, 10);
        return sdk::is_date(day) ? std::optional(day) : std::nullopt;
    }
    const auto ms = moment(field.format, value);
    if (!ms) return std::nullopt;
    return sdk::format_instant(*ms + offset_ms_).substr(0, 10);
}

bool ValueForms::add(const Field& field, const Json& raw, std::uint16_t index,
                     abi::BatchWriter& out) const {
    const Json* made = shape(field.format);
    const Json* value = &raw;
    static const Json kNull;
    if (made != nullptr && !is_time(field) && !raw.is_null()) {
        value = declarative::unwrap(*made, raw);
        if (value == nullptr) value = &kNull;
    }
    if (is_blank(field, *value)) {
        out.add_null(index);
        return true;
    }
    const auto text = [&](const std::optional<std::string>& known) {
        if (known) out.add(index, std::string_view(*known));
        return known.has_value();
    };
    if (field.type == "json") {
        const auto made_of = field.members ? members_of(*field.members, *value) : *value;
        return made_of && text(sdk::canonical_json(
                              made_of->dump(-1, ' ', false, Json::error_handler_t::replace)));
    }
    if (field.type == "list") {
        auto items = items_of(field, *value);
        if (!items) return false;
        if (items->empty())
            out.add_null(index);
        else
            out.add(index, std::string_view(sdk::canonical_list(std::move(*items))));
        return true;
    }
    if (field.type == "date") return text(date(field, *value));
    if (field.type == "instant") {
        const auto ms = moment(field.format, *value);
        return text(ms ? std::optional(sdk::format_instant(*ms)) : std::nullopt);
    }
    if (value->is_structured()) return false;
    if (field.type == "boolean") {
        const auto yes = truth(*value);
        if (yes) out.add(index, std::int64_t{*yes});
        return yes.has_value();
    }
    if (is_number(field)) {
        const auto number = decimal(*value);
        if (!number) return false;
        const auto whole = sdk::as_integer(*number);
        if (field.type == "decimal") return text(number);
        if (field.type == "integer" && !whole) return false;
        if (field.type == "integer")
            out.add(index, *whole);
        else
            out.add(index, std::strtod(number->c_str(), nullptr));
        return true;
    }
    return text(declarative::as_text(*value));
}

bool ValueForms::as_number(const Field& field) const {
    if (!field.format.empty() && shape(field.format) == nullptr) return field.format == "number";
    if (field.type == "reference" && !field.to.empty()) {
        const auto* target = description_.stream(field.to.front());
        return target != nullptr && target->id_is_number;
    }
    return is_number(field);
}

std::optional<Json> ValueForms::written_time(const Field& field, std::string_view text) const {
    const bool day = field.type == "date";
    if (day && !sdk::is_date(text)) return std::nullopt;
    if (day && (field.format.empty() || field.format == "iso")) return std::string(text);
    const auto ms = sdk::parse_instant(day ? std::string(text) + "T00:00:00Z" : std::string(text));
    if (!ms) return std::nullopt;
    return written_moment(field.format, day ? *ms - offset_ms_ : *ms);
}

std::optional<Json> ValueForms::plain(const Field& field,
                                      const abi::BatchReader::Field& value) const {
    const std::string text = number_text(value);
    if (field.type == "json") {
        const Json parsed = Json::parse(text, nullptr, false);
        return parsed.is_discarded() ? std::nullopt : std::optional(parsed);
    }
    if (field.type == "list") {
        const Json items = Json::parse(text, nullptr, false);
        if (!items.is_array()) return std::nullopt;
        std::string joined;
        Json list = Json::array();
        for (const auto& item : items) {
            if (!item.is_string()) return std::nullopt;
            joined += (joined.empty() ? "" : field.separator) + item.get<std::string>();
            Json wrapped;
            field.item.put(wrapped, item);
            list.push_back(wrapped);
        }
        return field.separator.empty() ? list : Json(joined);
    }
    if (field.type == "boolean") {
        const auto yes = truth(value.tag == abi::Tag::kInteger ? Json(value.integer) : Json(text));
        if (!yes) return std::nullopt;
        if (field.format == "integer") return Json(*yes ? 1 : 0);
        if (field.format == "text") return Json(*yes ? "true" : "false");
        if (field.format == "integer_text") return Json(*yes ? "1" : "0");
        return Json(*yes);
    }
    if (is_number(field)) {
        const auto number = decimal(Json(text));
        if (!number) return std::nullopt;
        return as_number(field) && shape(field.format) == nullptr ? number_json(*number)
                                                                  : Json(*number);
    }
    return as_number(field) ? number_json(text) : Json(text);
}

std::optional<Json> ValueForms::written(const Stream& stream, const Field& field,
                                        const abi::BatchReader::Field& value) const {
    if (value.tag == abi::Tag::kNull || (value.tag == abi::Tag::kText && value.text.empty()))
        return stream.blank;
    if (is_time(field))
        return value.tag == abi::Tag::kText ? written_time(field, value.text) : std::nullopt;
    auto out = plain(field, value);
    if (const Json* made = shape(field.format); made != nullptr && out)
        return declarative::wrap(*made, *out);
    return out;
}

}  // namespace kontor::rest
