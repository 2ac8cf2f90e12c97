#pragma once

#include <string>
#include <string_view>

#include "connectors/sdk/connector.hpp"
#include "plugins/carddav/dav.hpp"
#include "plugins/carddav/discovery.hpp"
#include "plugins/carddav/versions.hpp"

namespace kontor::carddav {

/// All cards changed since `cursor`; the new cursor.
[[nodiscard]] std::string pull(Dav& dav, const Book& book, Versions& versions,
                               const sdk::Request& request, std::string_view cursor);
/// Ids without versions: an entity tag alone does not order. True if the list is complete.
[[nodiscard]] bool list_ids(Dav& dav, const Book& book);
void fetch(Dav& dav, const Book& book, Versions& versions, const sdk::Request& request);
/// Cards whose UID is one of `request.values`.
void find(Dav& dav, const Book& book, Versions& versions, const sdk::Request& request);

}  // namespace kontor::carddav
