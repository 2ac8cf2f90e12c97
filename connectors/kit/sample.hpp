#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sync/base/value.hpp"
#include "sync/remote/description.hpp"

namespace kontor::kit {

/// What values for a test record are made of.
struct Seed {
    std::string token;  ///< marks every record of this run
    int number = 0;     ///< of the record: makes unique values unique
    /// Existing ids of the streams that the stream's references point to.
    std::map<std::string, std::vector<std::string>> ids = {};
};

/// Whether the kit knows values for the field: it can be written, and is no file, structure or key.
[[nodiscard]] bool can_try(const remote::StreamSpec& stream, const remote::FieldSpec& field,
                           bool create);

/// An ordinary value; nullopt if none is known.
[[nodiscard]] std::optional<Value> sample_of(const remote::FieldSpec& field, const Seed& seed);

/// Values that are easily got wrong, and at the end null; for a field that is not required.
[[nodiscard]] std::vector<Value> nasty_values(const remote::FieldSpec& field, const Seed& seed);

/// Whether what came back is what was sent, with what a remote may make of it: white space at the
/// ends, the last places of numbers, seconds' fractions, its own form of phone numbers and
/// addresses.
[[nodiscard]] bool same_meaning(const remote::FieldSpec& field, const Value& sent,
                                const Value& came);

/// A value in an English sentence, cut.
[[nodiscard]] std::string words_of(const Value& value);

}  // namespace kontor::kit
