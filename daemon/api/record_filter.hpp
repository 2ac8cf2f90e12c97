#pragma once

#include <string>

#include "sync/replica/query.hpp"

namespace kontor::api {

/// A filter whose value is of the column's kind: numbers compare as numbers, times in the replica's
/// own form (the beginning of one stands for all that begins so). `compare` as compare_from() reads
/// it; a list for "in" is separated by commas. kInvalid says what the column wants; whether the
/// column exists is for replica::list() to say.
[[nodiscard]] Result<replica::Filter> typed_filter(const replica::Entity& entity,
                                                   const std::string& column,
                                                   replica::Compare compare,
                                                   const std::string& text);

}  // namespace kontor::api
