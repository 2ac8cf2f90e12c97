#include "daemon/api/record_names.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "sync/search/record_reader.hpp"

namespace kontor::api {
namespace {

/// Of a field; secrets are nobody's name.
bool shows(const replica::Entity& entity, std::string_view column) {
    const auto* field = entity.field(column);
    return field != nullptr && field->data_class != "secret";
}

/// First and last name, and what else a record may be called; '' where it has no such column.
std::string select_names(const replica::Entity& entity) {
    const auto column = [&](const std::string& name) {
        return shows(entity, name) ? "coalesce(" + replica::sql_name(name) + ",'')" : "''";
    };
    std::string other = "coalesce(";
    const std::string names[] = {"name",    "full_name",           "last_name", "first_name",
                                 "subject", entity.name + "_name", "company",   "number"};
    for (const auto& name : names)
        if (shows(entity, name)) other += "nullif(" + replica::sql_name(name) + ",''),";
    return "SELECT " + column("first_name") + "," + column("last_name") + "," + other +
           "'','') FROM " + replica::sql_name(entity.name) + " WHERE id = ?1";
}

}  // namespace

std::optional<RecordNames::Target> RecordNames::target_of(const replica::Field& field,
                                                          const ValueView& value) {
    if (field.type != remote::FieldType::kReference) return std::nullopt;
    if (field.target != replica::kAnyTarget) {
        if (value.kind != Kind::kInteger) return std::nullopt;
        return Target{.entity = field.target, .id = value.integer, .name = {}};
    }
    if (value.kind != Kind::kText) return std::nullopt;  // "contact:42"
    const auto colon = value.text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    Target out{.entity = std::string(value.text.substr(0, colon)), .id = 0, .name = {}};
    const auto* end = value.text.data() + value.text.size();
    if (std::from_chars(value.text.data() + colon + 1, end, out.id).ptr != end) return std::nullopt;
    return out;
}

Result<> RecordNames::add(const replica::Field& field, const ValueView& value) {
    auto target = target_of(field, value);
    if (!target) return {};
    std::string key =
        value.kind == Kind::kText ? std::string(value.text) : std::to_string(value.integer);
    auto& of_column = known_[field.name];
    if (of_column.contains(key)) return {};
    auto name = name_of(target->entity, target->id);
    if (!name) return pass(name);
    target->name = std::move(*name);
    of_column.emplace(std::move(key), std::move(*target));
    return {};
}

Result<nlohmann::json> RecordNames::target(const replica::Field& field, const ValueView& value) {
    auto target = target_of(field, value);
    if (!target) return nullptr;
    auto name = name_of(target->entity, target->id);
    if (!name) return pass(name);
    target->name = std::move(*name);
    return to_json(*target);
}

Result<nlohmann::json> RecordNames::targets(
    const replica::Field& field, std::initializer_list<std::pair<const char*, ValueView>> sides) {
    auto out = nlohmann::json::object();
    for (const auto& [side, value] : sides) {
        auto found = target(field, value);
        if (!found) return found;
        if (!found->is_null()) out[side] = std::move(*found);
    }
    return out;
}

Result<std::string> RecordNames::name_of(const std::string& of, std::int64_t id) {
    const auto* known = catalogue_.entity(of);
    if (known == nullptr) return std::string();
    const auto& entity = *known;
    auto statement = statements_.find(entity.name);
    if (statement == statements_.end()) {
        auto prepared = db_.prepare(select_names(entity));
        if (!prepared) return pass(prepared);
        statement = statements_.emplace(entity.name, std::move(*prepared)).first;
    }
    auto& query = statement->second;
    query.reset();
    query.bind(1, id);
    auto row = query.step();
    if (!row) return pass(row);
    if (!*row) return std::string();
    auto name = search::full_name(query.text(0), query.text(1));
    if (name.empty()) name = std::string(query.text(2));
    query.reset();
    return name;
}

Result<nlohmann::json> RecordNames::user_name(std::string_view connection,
                                              std::string_view remote_id) {
    if (remote_id.empty()) return nullptr;
    if (!users_) {
        auto prepared = db_.prepare(
            "SELECT l.record FROM kontor_connection c JOIN kontor_stream s ON s.connection = c.id"
            " JOIN kontor_entity e ON e.id = s.entity AND e.name = 'user'"
            " JOIN kontor_link l ON l.stream = s.id WHERE c.name = ?1 AND l.ext_id = ?2");
        if (!prepared) return pass(prepared);
        users_ = std::move(*prepared);
    }
    users_->reset();
    users_->bind(1, connection);
    users_->bind(2, remote_id);
    auto row = users_->step();
    if (!row) return pass(row);
    if (!*row) return nullptr;
    const auto record = users_->integer(0);
    users_->reset();
    auto name = name_of("user", record);
    if (!name) return pass(name);
    return name->empty() ? nlohmann::json() : nlohmann::json(std::move(*name));
}

Result<nlohmann::json> RecordNames::actor_name(std::string_view actor) {
    constexpr std::string_view kRemote = "remote:";
    if (!actor.starts_with(kRemote)) return nullptr;
    actor.remove_prefix(kRemote.size());
    const auto colon = actor.find(':');
    if (colon == actor.npos) return nullptr;
    return user_name(actor.substr(0, colon), actor.substr(colon + 1));
}

nlohmann::json RecordNames::to_json() const {
    auto out = nlohmann::json::object();
    for (const auto& [column, values] : known_)
        for (const auto& [key, target] : values)
            if (!target.name.empty()) out[column][key] = to_json(target);
    return out;
}

nlohmann::json RecordNames::to_json(const Target& target) {
    return {{"entity", target.entity}, {"id", target.id}, {"name", target.name}};
}

}  // namespace kontor::api
