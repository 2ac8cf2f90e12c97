#include "daemon/api/record_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "daemon/api/json_io.hpp"
#include "sync/base/utf8.hpp"

namespace kontor::api {
namespace {

// True if it can stand between quotes as it is.
bool needs_no_escape(std::string_view text) {
    return std::ranges::none_of(text,
                                [](char c) {
                                    return static_cast<unsigned char>(c) < 0x20 || c == '"' ||
                                           c == '\\';
                                }) &&
           is_utf8(text);
}

void append_json(std::string& out, const json& value) {
    out += value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void append_value(std::string& out, const ValueView& value, const replica::Field* field) {
    using remote::FieldType;
    const auto type = field != nullptr ? field->type : FieldType::kText;
    const bool structured = type == FieldType::kList || type == FieldType::kJson;
    if (value.kind == Kind::kText && !structured) {
        append_json(out, value.text);
    } else if (type == FieldType::kBoolean && value.kind == Kind::kInteger &&
               (value.integer == 0 || value.integer == 1)) {
        out += value.integer == 1 ? "true" : "false";
    } else if (value.kind == Kind::kInteger) {
        std::array<char, 24> digits{};
        const auto end = std::to_chars(digits.begin(), digits.end(), value.integer).ptr;
        out.append(digits.begin(), end);
    } else if (value.kind == Kind::kNull) {
        out += "null";
    } else {
        append_json(out, to_json(value, type));
    }
}

}  // namespace

void append_json(std::string& out, std::string_view text) {
    if (needs_no_escape(text))
        out.append("\"").append(text).append("\"");
    else
        append_json(out, json(text));
}

RecordText::RecordText(const replica::Entity& entity) : entity_(entity.name) {
    columns_ = {{"id", nullptr}, {"uid", nullptr}};
    for (const auto& field : entity.fields) columns_.push_back({field.name, &field});
}

RecordText::RecordText(const replica::Entity& entity, std::span<const std::string> columns)
    : entity_(entity.name) {
    for (const auto& name : columns) {
        if (const auto* field = entity.field(name))
            columns_.push_back({field->name, field});
        else
            columns_.push_back({name == "id" ? "id" : "uid", nullptr});
    }
}

void RecordText::append(std::string& out, std::span<const ValueView> values) const {
    out.append(R"({"entity":")").append(entity_).append("\"");
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (columns_[i].field != nullptr) continue;
        out.append(",\"").append(columns_[i].name).append("\":");
        append_value(out, values[i], nullptr);
    }
    out += R"(,"fields":{)";
    const char* comma = "\"";
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (columns_[i].field == nullptr) continue;
        out.append(comma).append(columns_[i].name).append("\":");
        append_value(out, values[i], columns_[i].field);
        comma = ",\"";
    }
    out += "}}";
}

}  // namespace kontor::api
