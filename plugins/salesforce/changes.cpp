#include "plugins/salesforce/changes.hpp"

#include "connectors/sdk/error.hpp"
#include "plugins/salesforce/query.hpp"

namespace kontor::salesforce {
namespace {

using sdk::Json;

sdk::PushResult refused(const std::string& field, const char* code, const char* why) {
    sdk::PushResult out;
    out.status = "invalid";
    out.code = code;
    out.field = field;
    out.message = why;
    return out;
}

// Empty code: fine, and taken.
sdk::PushResult take_field(const Object& object, const Field* key, const std::string& name,
                           const abi::BatchReader::Field& value, Change& change) {
    const bool create = change.op == abi::Op::kCreate;
    // The key is the record's own: what the engine holds as a field does not matter.
    if (key != nullptr && name == key->spec.name && create && !change.key.empty()) return {};
    const Field* field = object.field(name);
    if (field == nullptr) return refused(name, "NO_SUCH_FIELD", "the object has no such field");
    if (field->spec.read_only || (field->spec.create_only && !create))
        return refused(name, "READ_ONLY", "Salesforce does not let this field be written");
    Json json = written(field->kind, value);
    if (json.is_discarded())
        return refused(name, "INVALID_VALUE", "the value does not fit the field's type");
    if (create && json.is_null()) return {};
    change.fields[name] = std::move(json);
    return {};
}

}  // namespace

std::vector<Change> read_changes(const Object& object, const Options& options,
                                 const sdk::Request& request, abi::BatchReader batch,
                                 std::vector<sdk::PushResult>& results) {
    const Field* key = object.key_field(options);
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
        bool fits = true;
        for (unsigned i = 0; i < record->count; ++i) {
            abi::BatchReader::Field value;
            if (!batch.next_field(value) || value.field >= request.fields.size())
                throw sdk::Error(KONTOR_E_INVALID, "push: malformed batch");
            if (value.tag == abi::Tag::kAbsent || !fits || change.op == abi::Op::kDelete) continue;
            sdk::PushResult bad =
                take_field(object, key, request.fields[value.field], value, change);
            if (bad.code.empty()) continue;
            results.back() = std::move(bad);
            fits = false;
        }
        // What cannot be an id would have the whole request refused.
        if (!create && !is_id(change.id)) {
            results.back() = {};
            results.back().status = "missing";
            fits = false;
        }
        if (fits) changes.push_back(std::move(change));
    }
    if (!batch.ok()) throw sdk::Error(KONTOR_E_INVALID, "push: malformed batch");
    return changes;
}

}  // namespace kontor::salesforce
