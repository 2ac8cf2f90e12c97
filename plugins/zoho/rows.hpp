#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/zoho/metadata.hpp"

namespace kontor::zoho {

/// Rows of a subform, or links of a multi-select lookup. Zoho merges a written array with what it
/// has: rows with an id change, rows without one are added, and what is not mentioned stays. The
/// engine knows whole values only, so what must go has to be said.

/// The fields of the module that rows are records of. Read once per connection. Empty if the module
/// cannot be seen: then all keys are written.
[[nodiscard]] const std::vector<RowField>& row_fields(Api& api, const std::string& rows_module);

/// Ids of the rows that a record has now; nullopt if the record is gone.
[[nodiscard]] std::optional<std::vector<std::string>> rows_at(Api& api, const Module& module,
                                                              const std::string& id,
                                                              const Field& field);

/// The array to write so that a record whose rows are `present` gets those of `wanted` (a JSON
/// array). nullopt if it is none.
[[nodiscard]] std::optional<std::string> rows_to_write(std::string_view wanted,
                                                       const std::vector<std::string>& present,
                                                       const std::vector<RowField>& fields);

/// All rows as canonical JSON, by the field's own list: for reads that were cut. nullopt if Zoho
/// has no such list.
[[nodiscard]] std::optional<std::string> all_rows(Api& api, const Module& module,
                                                  const std::string& id, const Field& field);

}  // namespace kontor::zoho
