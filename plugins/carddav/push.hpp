#pragma once

#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/carddav/dav.hpp"
#include "plugins/carddav/discovery.hpp"
#include "plugins/carddav/versions.hpp"

namespace kontor::carddav {

/// Carries the changes out, one after the other: a new card at an address made of its key, an
/// update of the lines in question in the card as it is there, both on condition that nobody has
/// written meanwhile.
[[nodiscard]] std::vector<sdk::PushResult> push(Dav& dav, const Book& book, Versions& versions,
                                                const sdk::Request& request,
                                                abi::BatchReader changes);

}  // namespace kontor::carddav
