#include "tests/peers/zoho/output.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "tests/peers/base/number.hpp"

namespace kontor::peer::zoho {

namespace {

std::string_view inside_quotes(std::string_view literal) {
    return literal.size() >= 2 && literal.front() == '"' ? literal.substr(1, literal.size() - 2)
                                                         : literal;
}

/// Cuts the text of a JSON literal after `limit` code points.
std::string cut_literal(std::string_view literal, std::int64_t limit) {
    std::string text = unquote_json(literal);
    std::int64_t seen = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
        if (seen++ == limit) {
            text.resize(i);
            break;
        }
    }
    std::string out;
    append_json_string(out, text);
    return out;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (byte < 0x20) {
                    out += "\\u00";
                    out += kHex[byte >> 4];
                    out += kHex[byte & 15];
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

std::string quote_json(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string unquote_json(std::string_view literal) {
    if (literal.size() < 2 || literal.front() != '"') return std::string(literal);
    if (literal.find('\\') == std::string_view::npos) return std::string(inside_quotes(literal));
    const auto parsed = nlohmann::json::parse(literal, nullptr, false);
    return parsed.is_string() ? parsed.get<std::string>() : std::string(inside_quotes(literal));
}

std::vector<std::size_t> Output::all_fields(const Module& module) {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < module.fields.size(); ++i) {
        if (module.fields[i].readable()) out.push_back(i);
    }
    return out;
}

void Output::append_user(std::string& out, std::string_view user_id, bool with_email) const {
    const User* user = org_.catalogue.find_user(user_id);
    if (user == nullptr) {
        out += "null";
        return;
    }
    out += "{\"name\":\"";
    out += user->name;
    out += "\",\"id\":\"";
    out += user->id;
    if (with_email) {
        out += "\",\"email\":\"";
        out += user->email;
    }
    out += "\"}";
}

std::string Output::display_name(std::string_view id) const {
    const Module* module = org_.module_of(id);
    if (module == nullptr || module->display_field.empty()) return "null";
    const auto slot = org_.slot_of(*module, id);
    if (!slot) return "null";
    const auto field = module->index.find(module->display_field);
    if (field == module->index.end()) return "null";
    std::string name = org_.store(*module).value(*slot, field->second);
    return name.empty() ? "null" : name;
}

void Output::append_reference(std::string& out, std::string_view quoted_id,
                              bool with_module) const {
    const std::string_view id = inside_quotes(quoted_id);
    if (!org_.record_visible(id)) {
        out += "null";
        return;
    }
    out += "{\"name\":";
    out += display_name(id);
    out += ",\"id\":";
    out += quoted_id;
    if (with_module) {
        const Module* module = org_.module_of(id);
        out += ",\"module\":{\"api_name\":\"" + module->api_name + "\",\"id\":\"" +
               system_id(module->number) + "\"}";
    }
    out += '}';
}

void Output::append_retyped(std::string& out, const Field& field, std::string_view stored) const {
    const bool is_string = stored.front() == '"';
    if (is_text_like(field.type) && !is_string) {
        append_json_string(out, stored);
    } else if (is_number(field.type) && is_string) {
        const std::string text = unquote_json(stored);
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool whole = error == std::errc() && end == text.data() + text.size();
        out += whole ? text : "null";
    } else {
        out += stored;
    }
}

void Output::append_renamed(std::string& out, const Field& field, std::string_view stored) const {
    auto value = nlohmann::json::parse(stored, nullptr, false);
    const auto rename = [&](nlohmann::json& text) {
        const auto found = field.display.find(text.is_string() ? text.get<std::string>() : "");
        if (found != field.display.end()) text = found->second;
    };
    if (org_.switches.text("picklist_read") == "display") {
        if (value.is_array())
            for (auto& item : value) rename(item);
        else
            rename(value);
    }
    out += value.dump();
}

void Output::append_value(std::string& out, const Module& module, const RowReader& reader,
                          std::size_t index) const {
    const Field& field = module.fields[index];
    if (field.type == Type::boolean && field.api_name == "Converted__s") {
        out += reader.converted() ? "true" : "false";
        return;
    }
    if (field.type == Type::boolean && field.api_name == "Locked__s") {
        out += reader.locked() ? "true" : "false";
        return;
    }
    const std::size_t start = out.size();
    reader.append(index, out);
    if (out.size() == start) {
        if (field.type == Type::tag) {
            out += "[]";
        } else {
            out += field.type == Type::boolean && !field.retyped ? "false" : "null";
        }
        return;
    }
    const auto take = [&] {
        std::string stored = out.substr(start);
        out.resize(start);
        return stored;
    };
    if (field.retyped) {
        append_retyped(out, field, take());
        return;
    }
    switch (field.type) {
        case Type::datetime: {
            const std::int64_t instant = leading_number(take());
            out += '"';
            append_instant(out, instant, org_.zone);
            out += '"';
            return;
        }
        case Type::picklist:
        case Type::multiselectpicklist:
            if (!field.display.empty()) append_renamed(out, field, take());
            return;
        case Type::lookup:
            append_reference(out, take(), false);
            return;
        case Type::multi_module_lookup:
            append_reference(out, take(), field.api_name == "Parent_Id");
            return;
        case Type::ownerlookup:
            append_user(out, inside_quotes(take()), true);
            return;
        case Type::userlookup:
            append_user(out, inside_quotes(take()), true);
            return;
        default:
            return;
    }
}

void Output::append_record(std::string& out, const Module& module, const RowReader& reader,
                           const std::vector<std::size_t>& fields, const Shown& shown) const {
    out += '{';
    bool has_id = false;
    std::string more;
    bool first = true;
    for (const std::size_t index : fields) {
        const Field& field = module.fields[index];
        if (!first) out += ',';
        first = false;
        out += field.key;
        has_id = has_id || index == kId;
        const std::size_t start = out.size();
        append_value(out, module, reader, index);
        if (shown.rich_text > 0 && field.rich && out[start] == '"') {
            const std::string literal = out.substr(start);
            out.resize(start);
            out += cut_literal(literal, shown.rich_text);
        }
        if (shown.rows > 0 && field.type == Type::subform && out[start] == '[') {
            auto rows = nlohmann::json::parse(out.substr(start), nullptr, false);
            if (static_cast<std::int64_t>(rows.size()) > shown.rows) {
                rows.erase(rows.begin() + shown.rows, rows.end());
                out.resize(start);
                out += rows.dump();
                more += (more.empty() ? "\"" : ",\"") + field.api_name + "\":true";
            }
        }
        if (field.type == Type::multi_module_lookup && field.api_name != "Parent_Id") {
            std::string id;
            reader.append(index, id);
            const Module* target = id.empty() ? nullptr : org_.module_of(inside_quotes(id));
            out += ",\"$se_module\":";
            out += target == nullptr ? "null" : "\"" + target->api_name + "\"";
        }
    }
    if (!more.empty()) out += ",\"$has_more\":{" + more + "}";
    if (shown.id && !has_id) {
        if (!first) out += ',';
        out += "\"id\":\"";
        out += record_id(module.number, reader.slot());
        out += '"';
    }
    out += '}';
}

void Output::append_cell(std::string& out, const Module& module, const RowReader& reader,
                         std::size_t index) const {
    const Field& field = module.fields[index];
    const std::size_t start = out.size();
    if (field.type == Type::boolean) {
        append_value(out, module, reader, index);
        if (org_.switches.text("bulk_boolean") == "title" && start < out.size())
            out[start] = static_cast<char>(out[start] - 'a' + 'A');
        return;
    }
    reader.append(index, out);
    if (out.size() == start) return;
    std::string stored = out.substr(start);
    out.resize(start);
    if (field.type == Type::datetime && !field.retyped) {
        append_instant(out, leading_number(stored), org_.zone);
    } else if (field.type == Type::lookup || field.type == Type::multi_module_lookup) {
        const std::string_view id = inside_quotes(stored);
        if (org_.record_visible(id)) out += id;
    } else if (field.type == Type::subform) {
        if (org_.switches.text("bulk_subform") == "json") out += stored;
    } else if (!field.display.empty() && field.type == Type::picklist) {
        std::string renamed;
        append_renamed(renamed, field, stored);
        out += unquote_json(renamed);
    } else if (stored.front() == '[') {
        if (!field.display.empty()) {
            std::string renamed;
            append_renamed(renamed, field, std::exchange(stored, {}));
            stored = std::move(renamed);
        }
        const auto parsed = nlohmann::json::parse(stored, nullptr, false);
        const std::string& separator = org_.switches.text("bulk_multiselect_separator");
        bool first = true;
        for (const auto& item : parsed) {
            if (!item.is_string()) continue;
            if (!first) out += separator;
            first = false;
            out += item.get<std::string>();
        }
    } else {
        out += unquote_json(stored);
    }
}

}  // namespace kontor::peer::zoho
