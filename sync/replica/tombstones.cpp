#include "sync/replica/tombstones.hpp"

#include <nlohmann/json.hpp>
#include <vector>

namespace kontor::replica {

namespace {

struct Empty {
    std::int64_t entity;
    std::int64_t record;
};

Result<std::vector<Empty>> empty_tombstones(const Database& db, std::int64_t limit) {
    auto query = db.prepare("SELECT entity,record FROM kontor_tombstone WHERE image='' LIMIT ?1");
    if (!query) return pass(query);
    query->bind(1, limit);
    std::vector<Empty> out;
    while (true) {
        auto row = query->step();
        if (!row) return pass(row);
        if (!*row) return out;
        out.push_back({query->integer(0), query->integer(1)});
    }
}

}  // namespace

std::string tombstone_image(const std::map<std::string, Value>& values) {
    nlohmann::json image = nlohmann::json::object();
    for (const auto& [name, value] : values) {
        if (value.kind() == Kind::kInteger) image[name] = value.integer();
        if (value.kind() == Kind::kReal) image[name] = value.real();
        if (value.kind() == Kind::kText) image[name] = value.text();
    }
    return image.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<> complete_tombstones(const Database& db, const Catalogue& catalogue, std::int64_t limit) {
    auto todo = empty_tombstones(db, limit);
    if (!todo) return pass(todo);
    if (todo->empty()) return {};

    // The rows of the last delete: after the marker of any earlier one.
    auto fields = db.prepare(
        "SELECT field,old FROM kontor_history WHERE entity=?1 AND record=?2 AND op='d'"
        " AND field IS NOT NULL AND seq>coalesce((SELECT seq FROM kontor_history WHERE entity=?1"
        " AND record=?2 AND op='d' AND field IS NULL ORDER BY seq DESC LIMIT 1 OFFSET 1),0)");
    if (!fields) return pass(fields);
    auto update = db.prepare(
        "UPDATE kontor_tombstone SET image=?3,actor=coalesce(actor,(SELECT actor FROM"
        " kontor_history WHERE entity=?1 AND record=?2 AND op='d' AND field IS NULL"
        " ORDER BY seq DESC LIMIT 1)) WHERE entity=?1 AND record=?2");
    if (!update) return pass(update);

    for (const Empty& tombstone : *todo) {
        const Entity* entity = catalogue.entity(tombstone.entity);
        std::map<std::string, Value> values;
        fields->bind(1, tombstone.entity);
        fields->bind(2, tombstone.record);
        while (entity != nullptr) {
            auto row = fields->step();
            if (!row) return pass(row);
            if (!*row) break;
            if (const Field* field = entity->field(fields->integer(0)))
                values.insert_or_assign(field->name, Value(fields->value(1)));
        }
        fields->reset();
        update->bind(1, tombstone.entity);
        update->bind(2, tombstone.record);
        update->bind(3, tombstone_image(values));
        if (auto done = update->run(); !done) return done;
    }
    return {};
}

Result<std::optional<std::map<std::string, Value>>> tombstone_values(const Database& db,
                                                                     const Entity& entity,
                                                                     std::int64_t record) {
    auto query = db.prepare(
        "SELECT image FROM kontor_tombstone WHERE entity=?1 AND record=?2 AND image<>''");
    if (!query) return pass(query);
    query->bind(1, entity.id);
    query->bind(2, record);
    auto row = query->step();
    if (!row) return pass(row);
    if (!*row) return std::nullopt;

    const auto image = nlohmann::json::parse(query->text(0), nullptr, false);
    if (!image.is_object())
        return fail(Errc::kCorrupt, "image of a deleted record cannot be read",
                    {{"entity", entity.name}, {"record", std::to_string(record)}});
    std::map<std::string, Value> values;
    for (const auto& [name, value] : image.items()) {
        if (value.is_number_integer()) values.emplace(name, value.get<std::int64_t>());
        if (value.is_number_float()) values.emplace(name, value.get<double>());
        if (value.is_string()) values.emplace(name, value.get<std::string>());
    }
    return values;
}

}  // namespace kontor::replica
