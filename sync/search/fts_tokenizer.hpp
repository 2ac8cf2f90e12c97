#pragma once

#include "sync/base/result.hpp"

struct sqlite3;

namespace kontor::search {

/// Registers the FTS5 tokenizer `kontor` on this connection alone. Documents give emit_terms();
/// in a MATCH expression each quoted string is one term, taken as it is.
[[nodiscard]] Result<> register_tokenizer(sqlite3* db);

}  // namespace kontor::search
