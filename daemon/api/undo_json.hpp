#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "sync/remote/description.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/database.hpp"
#include "sync/replica/undo.hpp"

namespace kontor::api {

/// The type of an entity's field; nullopt if one of the two is not known.
[[nodiscard]] std::optional<remote::FieldType> type_of(const replica::Entity* entity,
                                                       const std::string& field);

/// What is put back and what stays, as undo and restore answer it; a bounded number of each, with
/// what references lead to, as `db` has it now.
[[nodiscard]] nlohmann::json undo_json(const replica::UndoPlan& plan, const replica::Database& db,
                                       const replica::Catalogue& catalogue, bool preview);

}  // namespace kontor::api
