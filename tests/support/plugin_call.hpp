#pragma once

/// What tests of plugins ask, and how they look at what came.

#include <string>
#include <utility>
#include <vector>

#include "connectors/sdk/request.hpp"
#include "tests/support/fake_host.hpp"

namespace kontor::test {

[[nodiscard]] inline sdk::Request request(const std::string& stream,
                                          std::vector<std::string> fields) {
    sdk::Request out;
    out.stream = stream;
    out.fields = std::move(fields);
    return out;
}

/// The text of a field of an emitted record; "<absent>", "<null>" or an integer's digits otherwise.
[[nodiscard]] inline std::string shown(const EmittedRecord& record, std::uint16_t field) {
    const auto found = record.fields.find(field);
    if (found == record.fields.end()) return "<absent>";
    if (const auto* text = std::get_if<std::string>(&found->second)) return *text;
    if (const auto* number = std::get_if<std::int64_t>(&found->second))
        return std::to_string(*number);
    return std::holds_alternative<double>(found->second) ? "<real>" : "<null>";
}

}  // namespace kontor::test
