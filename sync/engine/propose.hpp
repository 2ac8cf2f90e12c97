#pragma once

#include <string>
#include <vector>

#include "sync/base/result.hpp"
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
/// newest and asks where the times do not tell. Where `present` is in use already, only the streams
/// and fields that it lacks are proposed, in entities and beside columns of its choice. What
/// `before` has mapped keeps its columns: those of another name would be empty, and what had been
/// typed into the old ones would not be sent. Pure and deterministic.
[[nodiscard]] Proposal propose(const std::vector<remote::StreamSpec>& streams,
                               const replica::Catalogue& catalogue, const std::string& connection,
                               const merge::Mapping& present = {},
                               const merge::Mapping& before = {});

/// Moves what is wanted, "Visits" or "Contacts.Blood_Type", from a proposal of the rest to the
/// mapping in use, and returns the entities and columns to ensure. kNotFound names one that is not
/// proposed, kInvalid a reference to a stream that would not be mapped; then nothing is moved.
[[nodiscard]] Result<std::vector<replica::Entity>> adopt(merge::Mapping& present,
                                                         Proposal& proposal,
                                                         const std::vector<std::string>& wanted);

}  // namespace kontor::engine
