#include "plugins/fxiaoke/changes.hpp"

#include "connectors/sdk/error.hpp"
#include "plugins/fxiaoke/values.hpp"

namespace kontor::fxiaoke {
namespace {

using sdk::Json;

struct Into {
    const Object& object;
    const Options& options;
    const State& state;
    const Field* key;
};

// Empty code: fine, and taken.
sdk::PushResult take_field(const Into& into, const std::string& name,
                           const abi::BatchReader::Field& value, Change& change) {
    const bool create = change.op == abi::Op::kCreate;
    // The key is the record's own: what the engine holds as a field does not matter.
    if (into.key != nullptr && name == into.key->spec.name && create && !change.key.empty())
        return {};
    const Field* field = into.object.field(name);
    if (field == nullptr) return refused(name, "NO_SUCH_FIELD", "the object has no such field");
    if (field->spec.read_only || (field->spec.create_only && !create))
        return refused(name, "READ_ONLY", "Fxiaoke does not let this field be written");
    Json json = written(field->kind, value, into.options.utc_offset_ms);
    if (json.is_discarded())
        return refused(name, "INVALID_VALUE", "the value does not fit the field's type");
    if (name == "owner" && !create) {
        if (json.empty()) return refused(name, "NO_OWNER", "a record must have an owner");
        change.owner = first_of(json);
        return {};
    }
    const bool empty = json.is_null() || (json.is_array() && json.empty());
    if (create && empty) return {};
    if (empty) change.emptied.push_back(name);
    change.fields[name] = json.is_null() && into.state.null_as_text ? Json("") : std::move(json);
    return {};
}

}  // namespace

sdk::PushResult refused(const std::string& field, const char* code, const char* why) {
    sdk::PushResult out;
    out.status = "invalid";
    out.code = code;
    out.field = field;
    out.message = why;
    return out;
}

std::vector<Change> read_changes(const Object& object, const Options& options, const State& state,
                                 const sdk::Request& request, abi::BatchReader batch,
                                 std::vector<sdk::PushResult>& results) {
    const Field* key = object.key_field(options);
    const Into into{object, options, state, key};
    std::vector<Change> changes;
    while (const auto record = batch.next()) {
        Change change;
        change.position = results.size();
        change.op = record->op;
        change.id = record->id;
        change.version = record->version;
        change.key = record->key;
        results.emplace_back().status = "retry";  // surely not carried out, yet
        const bool create = change.op == abi::Op::kCreate;
        if (!create && change.op != abi::Op::kUpdate && change.op != abi::Op::kDelete)
            throw sdk::Error(KONTOR_E_INVALID, "push: an operation that is no change");
        if (!create && change.id.empty())
            throw sdk::Error(KONTOR_E_INVALID, "push: a change without id");
        bool fits = true;
        for (unsigned i = 0; i < record->count; ++i) {
            abi::BatchReader::Field value;
            if (!batch.next_field(value) || value.field >= request.fields.size())
                throw sdk::Error(KONTOR_E_INVALID, "push: malformed batch");
            if (value.tag == abi::Tag::kAbsent || !fits || change.op == abi::Op::kDelete) continue;
            sdk::PushResult bad = take_field(into, request.fields[value.field], value, change);
            if (bad.code.empty()) continue;
            results.back() = std::move(bad);
            fits = false;
        }
        if (!fits) continue;
        if (create && key != nullptr && !change.key.empty())
            change.fields[key->spec.name] = change.key;
        changes.push_back(std::move(change));
    }
    if (!batch.ok()) throw sdk::Error(KONTOR_E_INVALID, "push: malformed batch");
    return changes;
}

}  // namespace kontor::fxiaoke
