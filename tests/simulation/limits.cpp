#include "tests/simulation/limits.hpp"

#include <algorithm>
#include <map>

namespace kontor::simulation {
namespace {

const std::string& group_of(const FieldModel& field) {
    return field.group.empty() ? field.remote : field.group;
}

}  // namespace

Limits::Limits(const World& world, const Device& device, const std::string& connection)
    : world_(world), account_(*device.connection(connection).account), server_(account_.server()) {}

bool Limits::hidden_in_tick(const StreamModel& stream, const std::string& id) const {
    const auto* record = server_.find(stream.name, id);
    return record != nullptr && record->hidden_in_tick;
}

const char* Limits::unread(const StreamModel& stream, const std::string& id,
                           const FieldModel& field) const {
    // Groups come whole or not at all.
    if (std::ranges::any_of(stream.fields, [&](const FieldModel& other) {
            return group_of(other) == group_of(field) &&
                   account_.unseen(stream.name, id, other.remote);
        }))
        return "groups hidden unnoticed";
    if (world_.scenario().one_user &&
        server_.replaced_in_tick(stream.name, id, field.remote, &account_))
        return "fields of one user replaced in a tick";
    return nullptr;
}

bool Limits::set_back_in_tick(const StreamModel& stream, const std::string& id,
                              const FieldModel& field, const Value& ours) const {
    const auto* record = server_.find(stream.name, id);
    return record != nullptr && std::ranges::any_of(Server::set_back_from(*record, field.remote),
                                                    [&](const Value& later) {
                                                        return without_dead(field, later) == ours;
                                                    });
}

Value Limits::without_dead(const FieldModel& field, const Value& value) const {
    if (field.target.empty() || value.kind() != Kind::kText) return value;
    const auto* target = server_.find(field.target, value.text());
    return target == nullptr || target->now.deleted ? Value::null() : value;
}

bool restored_beside_its_heir(const Server& server) {
    for (const StreamModel& stream : server.model().streams) {
        std::map<std::string, int> called;
        for (const auto& [id, record] : server.records(stream.name))
            if (const auto key = record.now.fields.find(kKeyField);
                key != record.now.fields.end() && !key->second.is_blank())
                ++called[key->second.text()];
        for (const auto& [id, record] : server.records(stream.name)) {
            const auto key = record.now.fields.find(kKeyField);
            if (record.ever_deleted && !record.now.deleted && key != record.now.fields.end() &&
                !key->second.is_blank() && called.at(key->second.text()) > 1)
                return true;
        }
    }
    return false;
}

}  // namespace kontor::simulation
