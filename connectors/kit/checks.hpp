#pragma once

#include <span>
#include <string_view>

#include "connectors/kit/bench.hpp"
#include "connectors/kit/verdict.hpp"

namespace kontor::kit {

/// One check: of the connection as a whole, or of each stream.
struct Check {
    std::string_view name;
    bool writes = false;
    bool blind = false;  ///< holds also where what was written is never seen again
    Verdict (*of_connection)(Bench&) = nullptr;
    Verdict (*of_stream)(Bench&, const remote::StreamSpec&) = nullptr;
};

/// The checks, by the file they live in.
[[nodiscard]] std::span<const Check> read_checks();
[[nodiscard]] std::span<const Check> fault_checks();
[[nodiscard]] std::span<const Check> value_checks();
[[nodiscard]] std::span<const Check> increment_checks();
[[nodiscard]] std::span<const Check> batch_checks();
[[nodiscard]] std::span<const Check> version_checks();
[[nodiscard]] std::span<const Check> lost_checks();
[[nodiscard]] std::span<const Check> delete_checks();
[[nodiscard]] std::span<const Check> log_checks();

/// A stream that records go out to and are never seen again: files for another program, a tool that
/// sends letters. It has no fetch, and a pull of it has nothing.
[[nodiscard]] inline bool is_write_only(const remote::StreamSpec& stream) {
    return (stream.can.create || stream.can.update) && !stream.can.fetch;
}

/// Ids that no server has, in the syntax of everything that may read them.
[[nodiscard]] const std::vector<std::string>& hostile_ids();

/// Why a record could not be made: a required value that the kit does not know is not the
/// connector's fault, a refusal may be.
[[nodiscard]] Verdict could_not_create(const Error& error);

}  // namespace kontor::kit
