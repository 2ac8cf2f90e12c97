#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sync/replica/standard_entities.hpp"

namespace kontor::hub {

struct SchemaOptions {
    std::string schema = "kontor";    ///< made if it is not there
    std::vector<std::string> grants;  ///< roles that may sync
};

/// The statements that make a PostgreSQL database, or an engine that speaks its protocol, the hub
/// of a team: a table for each kind of record, and the few that keep the peace between laptops
/// (docs/scale.md). Each stands alone, outside of a transaction, and may be run again: that brings
/// a hub of an earlier version up to date. Nothing is ever dropped. `entities`: those of replicas.
[[nodiscard]] std::vector<std::string> schema_statements(
    const SchemaOptions& options, std::span<const replica::StandardEntity> entities);

/// Whether the text can name a schema: lower-case letters, digits and underscores.
[[nodiscard]] bool is_schema_name(std::string_view text);

}  // namespace kontor::hub
