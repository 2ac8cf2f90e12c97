#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::sdk {

/// The request of pull, list_ids, fetch, find and push; what a call does not have stays empty.
/// Record batches refer to fields by their index in `fields`.
struct Request {
    std::string stream;
    std::vector<std::string> fields;
    std::vector<std::string> ids;     ///< fetch
    std::string field;                ///< find
    std::vector<std::string> values;  ///< find
    std::int64_t total_hint = -1;     ///< pull: expected records; -1 = not known
    /// push: other records that may be emitted meanwhile, as fetch() would. Only streams with
    /// Capabilities::fetch_with_push are asked.
    struct Fetch {
        std::vector<std::string> fields, ids;
    } fetch;
};

/// Throws Error(KONTOR_E_INVALID) if it is malformed or names more than 65,535 fields.
[[nodiscard]] Request parse_request(std::string_view json);

}  // namespace kontor::sdk
