#pragma once

#include <vector>

#include "daemon/api/json_io.hpp"
#include "daemon/api/services.hpp"

namespace kontor::api {

/// Proposes a mapping for all that the remote describes, as the API's Proposal. With `write`, adds
/// its columns to the replica and writes its file; one that was there is kept beside it as `.old`.
[[nodiscard]] Result<json> propose_mapping(Services& services, const config::Connection& connection,
                                           const std::vector<remote::StreamSpec>& streams,
                                           bool write);

/// Writes a connection's mapping file; the one that was there is kept beside it as `.old`.
[[nodiscard]] Result<> write_mapping_file(const config::Connection& connection,
                                          const std::string& toml);

}  // namespace kontor::api
