#include "plugins/zoho/push_body.hpp"

#include "connectors/sdk/canonical.hpp"
#include "plugins/zoho/json_page.hpp"

namespace kontor::zoho {
namespace {

void append_key(std::string_view name, std::string& out) {
    if (out.size() > 1) out.push_back(',');
    sdk::append_json_string(name, out);
    out.push_back(':');
}

sdk::PushResult refused(const std::string& field, const char* code, const char* why) {
    sdk::PushResult out;
    out.status = "invalid";
    out.code = code;
    out.field = field;
    out.message = why;
    return out;
}

// What Zoho wants beside or inside a reference that may lead to several modules.
void append_any_reference(const Field& field, std::string_view text, std::string& out) {
    const AnyReference target = split_reference(text);
    if (field.spec.name == "Parent_Id") {
        append_key(field.spec.name, out);
        out += "{\"module\":{\"api_name\":";
        sdk::append_json_string(target.module, out);
        out += "},\"id\":";
        sdk::append_json_string(target.id, out);
        out += '}';
        return;
    }
    append_key(field.spec.name, out);
    out += "{\"id\":";
    sdk::append_json_string(target.id, out);
    out += '}';
    if (field.spec.name != "Who_Id" && !target.module.empty()) {
        append_key("$se_module", out);
        sdk::append_json_string(target.module, out);
    }
}

// Empty code: fine, and appended.
sdk::PushResult append_field(const Module& module, const std::string& name, abi::Op op,
                             const abi::BatchReader::Field& value, std::string& out) {
    const Field* field = module.field(name);
    if (field == nullptr) return refused(name, "NO_SUCH_FIELD", "the module has no such field");
    if (field->spec.read_only || (field->spec.create_only && op == abi::Op::kUpdate))
        return refused(name, "READ_ONLY", "Zoho does not let this field be written");
    if (field->kind == Kind::kAnyReference && value.tag == abi::Tag::kText && !value.text.empty()) {
        append_any_reference(*field, value.text, out);
        return {};
    }
    const std::size_t before = out.size();
    append_key(name, out);
    if (append_zoho_value(field->kind, value, out)) return {};
    out.resize(before);
    return refused(name, "INVALID_VALUE", "the value does not fit the field's type");
}

}  // namespace

std::vector<Change> read_changes(const Module& module, const Field* key_field,
                                 const sdk::Request& request, abi::BatchReader batch,
                                 std::vector<sdk::PushResult>& results) {
    std::vector<Change> changes;
    while (const auto record = batch.next()) {
        Change change;
        change.position = results.size();
        change.op = record->op;
        change.id = record->id;
        change.version = record->version;
        change.key = record->key;
        sdk::PushResult& result = results.emplace_back();
        result.status = "retry";
        const bool create = change.op == abi::Op::kCreate;
        if (!create && change.op != abi::Op::kUpdate && change.op != abi::Op::kDelete)
            throw sdk::Error(KONTOR_E_INVALID, "push: an operation that is no change");
        if (!create && change.id.empty())
            throw sdk::Error(KONTOR_E_INVALID, "push: a change without id");

        // Names nothing that Zoho could have, and could spoil the request for the others.
        bool fits = create || is_id(change.id);
        if (!fits) result.status = "missing";

        std::string element = "{";
        if (change.op == abi::Op::kUpdate) {
            append_key("id", element);
            sdk::append_json_string(change.id, element);
        }
        bool has_key = false;
        for (unsigned i = 0; i < record->count; ++i) {
            abi::BatchReader::Field value;
            if (!batch.next_field(value) || value.field >= request.fields.size())
                throw sdk::Error(KONTOR_E_INVALID, "push: malformed batch");
            if (value.tag == abi::Tag::kAbsent || !fits || change.op == abi::Op::kDelete) continue;
            const std::string& name = request.fields[value.field];
            if (const Field* field = module.field(name);
                field != nullptr && field->rows && !field->spec.read_only &&
                value.tag == abi::Tag::kText && !value.text.empty()) {
                change.rows.push_back({field, std::string(value.text)});
                continue;
            }
            // The key is the record's own: what the engine holds as a field does not matter.
            if (create && key_field != nullptr && !change.key.empty() &&
                name == key_field->spec.name)
                continue;
            sdk::PushResult bad = append_field(module, name, change.op, value, element);
            if (bad.code.empty()) continue;
            result = std::move(bad);
            fits = false;
        }
        if (create && key_field != nullptr && !change.key.empty()) {
            append_key(key_field->spec.name, element);
            sdk::append_json_string(change.key, element);
            has_key = true;
        }
        if (!has_key) change.key.clear();
        if (!fits) continue;
        element += '}';
        if (change.op != abi::Op::kDelete) change.element = std::move(element);
        changes.push_back(std::move(change));
    }
    if (!batch.ok()) throw sdk::Error(KONTOR_E_INVALID, "push: malformed batch");
    return changes;
}

void add_member(std::string_view name, std::string_view json, std::string& element) {
    element.pop_back();
    append_key(name, element);
    element.append(json);
    element += '}';
}

std::string write_body(const std::vector<const Change*>& changes,
                       const std::vector<std::string>& trigger,
                       const std::string& duplicate_check_field) {
    std::string out = "{\"data\":[";
    for (std::size_t i = 0; i < changes.size(); ++i) {
        if (i > 0) out.push_back(',');
        out += changes[i]->element;
    }
    // Always said: without it everything fires.
    out += "],\"trigger\":" + sdk::Json(trigger).dump();
    if (!duplicate_check_field.empty())
        out += ",\"duplicate_check_fields\":" +
               sdk::Json(std::vector<std::string>{duplicate_check_field}).dump();
    return out += '}';
}

}  // namespace kontor::zoho
