#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "connectors/abi/record_batch.hpp"
#include "connectors/sdk/description.hpp"
#include "connectors/sdk/request.hpp"
#include "plugins/fxiaoke/metadata.hpp"
#include "plugins/fxiaoke/state.hpp"

namespace kontor::fxiaoke {

/// One change, ready to be sent.
struct Change {
    std::size_t position = 0;  ///< in the batch, and so in the results
    abi::Op op = abi::Op::kUpdate;
    std::string id, version, key;
    sdk::Json fields = sdk::Json::object();  ///< as they are sent
    std::optional<std::string> owner;        ///< of an update: goes by a call of its own
    std::vector<std::string> emptied;        ///< fields that are sent as nothing
};

/// A result that refuses the change for good, because of this field.
[[nodiscard]] sdk::PushResult refused(const std::string& field, const char* code, const char* why);

/// Reads the batch. A change that Fxiaoke has no form for gets its result here, as `invalid`, and
/// is not among those returned. `results` gets one element per change, the others "retry": surely
/// not carried out, yet. Throws KONTOR_E_INVALID for a malformed batch.
[[nodiscard]] std::vector<Change> read_changes(const Object& object, const Options& options,
                                               const State& state, const sdk::Request& request,
                                               abi::BatchReader batch,
                                               std::vector<sdk::PushResult>& results);

}  // namespace kontor::fxiaoke
