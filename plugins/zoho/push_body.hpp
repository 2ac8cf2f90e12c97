#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/description.hpp"
#include "connectors/sdk/request.hpp"
#include "plugins/zoho/metadata.hpp"

namespace kontor::zoho {

/// One change, ready to be sent.
struct Change {
    std::size_t position = 0;  ///< in the batch, and so in the results
    abi::Op op = abi::Op::kUpdate;
    std::string id, version, key;
    std::string element;  ///< JSON object of data[]; "" for a delete
    /// Arrays of records that changed, not in `element` yet: what to write depends on what Zoho
    /// has.
    struct Rows {
        const Field* field;
        std::string wanted;  ///< JSON array
    };
    std::vector<Rows> rows;
};

/// Adds a member to the JSON object `element`.
void add_member(std::string_view name, std::string_view json, std::string& element);

/// Reads the batch and writes each change as Zoho's JSON. A change that Zoho has no form for gets
/// its result here, as `invalid`, and is not among those returned. `results` gets one element per
/// change, the others "retry": surely not carried out, yet. Throws KONTOR_E_INVALID for a malformed
/// batch.
[[nodiscard]] std::vector<Change> read_changes(const Module& module, const Field* key_field,
                                               const sdk::Request& request, abi::BatchReader batch,
                                               std::vector<sdk::PushResult>& results);

/// The request body around the elements.
[[nodiscard]] std::string write_body(const std::vector<const Change*>& changes,
                                     const std::vector<std::string>& trigger,
                                     const std::string& duplicate_check_field);

}  // namespace kontor::zoho
