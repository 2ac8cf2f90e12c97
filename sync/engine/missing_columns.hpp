#pragma once

#include <string>
#include <vector>

#include "sync/merge/mapping.hpp"
#include "sync/remote/description.hpp"
#include "sync/replica/catalogue.hpp"

namespace kontor::engine {

/// The column that a remote's field gets in the replica: of the type `stored`, and pointing to the
/// entity `target` if that is a reference. Named by the caller.
[[nodiscard]] replica::Field column_of(const remote::FieldSpec& field, remote::FieldType stored,
                                       const std::string& target, const std::string& connection);

/// Entities and columns that a mapping names and the catalogue has not got, for
/// replica::ensure_entity(): those of a replica that starts afresh under a mapping made before, and
/// those that a person wrote into the mapping. Labels, choices and digits are the remote's, where
/// it describes the field. Pure.
[[nodiscard]] std::vector<replica::Entity> missing_columns(
    const merge::Mapping& mapping, const std::vector<remote::StreamSpec>& described,
    const replica::Catalogue& catalogue, const std::string& connection);

}  // namespace kontor::engine
