#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "connectors/abi/record_batch.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::limesurvey {

using sdk::Json;

/// The rows of an export in JSON, whichever version wrote it: {"responses": [{"1": {…}}]}, a list
/// of flat objects, or an object of them. Throws sdk::Error(KONTOR_E_PROTOCOL).
[[nodiscard]] std::vector<Json> rows_of(const Json& exported, const std::string& survey);

/// Number of a response in its survey; 0 if the row has none.
[[nodiscard]] std::int64_t id_of(const Json& row);
/// Whether it was finished.
[[nodiscard]] bool is_complete(const Json& row);
[[nodiscard]] std::string token_of(const Json& row);

/// What was answered, by question code. Several choices, which the service has as "Q2[A1]": "Y",
/// are a list: "Q2": ["A1"]. What was not answered is not there.
[[nodiscard]] Json answers_of(const Json& row);

/// Appends a row as a record of the stream. `fields`: names as the request has them; `emails`: by
/// token.
void add_row(const Json& row, const std::string& survey, std::int64_t offset_ms,
             const std::map<std::string, std::string>& emails,
             const std::vector<std::string>& fields, abi::BatchWriter& out);

}  // namespace kontor::limesurvey
