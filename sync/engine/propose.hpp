#pragma once

#include <string>
#include <vector>

#include "sync/merge/mapping.hpp"
#include "sync/remote/description.hpp"
#include "sync/replica/catalogue.hpp"

namespace kontor::engine {

/// A mapping that a person may edit, and what the replica needs for it.
struct Proposal {
    merge::Mapping mapping;
    /// Entities and columns to ensure (replica::ensure_entity), new ones only.
    std::vector<replica::Entity> entities;
};

/// Proposes a mapping from what a remote describes: standard streams to built-in entities, standard
/// fields to their columns, everything else to new columns and tables with safe names. Policies by
/// kind: consent is restrictive, lists unite, owner, amount and stage ask, the rest takes the
/// newest and asks where the times do not tell. Pure and deterministic.
[[nodiscard]] Proposal propose(const std::vector<remote::StreamSpec>& streams,
                               const replica::Catalogue& catalogue, const std::string& connection);

}  // namespace kontor::engine
