#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "connectors/abi/record_batch.hpp"
#include "connectors/sdk/description.hpp"
#include "connectors/sdk/request.hpp"
#include "plugins/salesforce/metadata.hpp"

namespace kontor::salesforce {

/// One change, ready to be sent.
struct Change {
    std::size_t position = 0;  ///< in the batch, and so in the results
    abi::Op op = abi::Op::kUpdate;
    std::string id, version, key;
    sdk::Json fields = sdk::Json::object();  ///< as they are sent
};

/// Reads the batch. A change that Salesforce has no form for gets its result here, as `invalid`,
/// and is not among those returned. `results` gets one element per change, the others "retry":
/// surely not carried out, yet. Throws KONTOR_E_INVALID for a malformed batch.
[[nodiscard]] std::vector<Change> read_changes(const Object& object, const Options& options,
                                               const sdk::Request& request, abi::BatchReader batch,
                                               std::vector<sdk::PushResult>& results);

}  // namespace kontor::salesforce
