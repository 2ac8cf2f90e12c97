#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/abi/record_batch.hpp"

namespace kontor::zoho {

/// Joins batches that show the same records with different fields. Appends to `out` those of
/// `first` that every one of `others` has too with the same version; returns the ids of the rest,
/// which changed meanwhile and must be read whole.
[[nodiscard]] std::vector<std::string> join_batches(std::string_view first,
                                                    const std::vector<std::string>& others,
                                                    abi::BatchWriter& out);

/// Appends one field as it was read.
void copy_field(const abi::BatchReader::Field& field, abi::BatchWriter& out);

}  // namespace kontor::zoho
