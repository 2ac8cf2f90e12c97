#include "sync/replica/lookup.hpp"

#include <vector>

#include "sync/replica/values.hpp"

namespace kontor::replica {
namespace {

template <class Named>
std::string nearest_of(const std::string& typed, const std::vector<Named>& all) {
    std::vector<std::string> names;
    for (const Named& one : all) names.push_back(one.name);
    return nearest(typed, names);
}

}  // namespace

Result<const Entity*> find_entity(const Catalogue& catalogue, const std::string& name) {
    if (const Entity* found = catalogue.entity(name)) return found;
    return fail(Errc::kNotFound, "there is no entity " + name,
                {{"entity", name}, {"suggestion", nearest_of(name, catalogue.entities())}});
}

Result<const Field*> find_field(const Entity& entity, const std::string& name) {
    if (const Field* found = entity.field(name)) return found;
    const std::string suggestion = nearest_of(name, entity.fields);
    std::string message = entity.name + " has no field " + name;
    if (!suggestion.empty()) message += "; " + suggestion + "?";
    return fail(Errc::kNotFound, message,
                {{"entity", entity.name}, {"field", name}, {"suggestion", suggestion}});
}

}  // namespace kontor::replica
