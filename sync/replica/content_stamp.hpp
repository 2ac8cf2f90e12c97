#pragma once

#include <cstdint>

#include "sync/replica/database.hpp"

namespace kontor::replica {

/// What the database held at one moment, as one handle sees it: two equal stamps of the same handle
/// mean that nothing was written between them, by itself or by anybody else. Unequal ones may mean
/// nothing.
struct ContentStamp {
    std::int64_t others = -1;  ///< changes with every commit by another handle
    std::int64_t own = -1;     ///< … with every row written through this one
    bool operator==(const ContentStamp&) const = default;
};

/// Source: https://www.sqlite.org/pragma.html#pragma_data_version. Errors: kStorage.
[[nodiscard]] Result<ContentStamp> content_stamp(const Database& db);

}  // namespace kontor::replica
