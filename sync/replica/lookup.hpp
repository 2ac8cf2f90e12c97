#pragma once

#include <string>

#include "sync/base/result.hpp"
#include "sync/replica/catalogue.hpp"

namespace kontor::replica {

/// What people call by its name. kNotFound with the nearest name there is as `suggestion`. The
/// pointers are into what was given.
[[nodiscard]] Result<const Entity*> find_entity(const Catalogue& catalogue,
                                                const std::string& name);
[[nodiscard]] Result<const Field*> find_field(const Entity& entity, const std::string& name);

}  // namespace kontor::replica
