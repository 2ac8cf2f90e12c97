#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sync/base/result.hpp"
#include "sync/replica/database.hpp"

namespace kontor::search {

/// One searchable column.
struct LayoutField {
    std::int64_t id = 0;
    std::string name;
    bool title = false;  ///< says what the record is: a name, a subject

    friend bool operator==(const LayoutField&, const LayoutField&) = default;
};

/// The searchable columns of one entity.
struct EntityLayout {
    std::int64_t id = 0;
    std::string name;
    std::vector<LayoutField> fields;
    int first_name = -1, last_name = -1;  ///< in `fields`, if it has both

    [[nodiscard]] bool has_full_name() const { return first_name >= 0 && last_name >= 0; }
    /// Changes whenever its records have to be indexed anew.
    [[nodiscard]] std::string fingerprint() const;
    friend bool operator==(const EntityLayout&, const EntityLayout&) = default;
};

/// What is searchable in the replica now, by entity id: all columns marked so in the field
/// catalogue, except secret ones. Columns that are gone at their remote still count.
[[nodiscard]] Result<std::vector<EntityLayout>> load_layouts(const replica::Database& replica);

}  // namespace kontor::search
