#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::postgres::hub {

/// The connection's options.
struct Options {
    std::string host, database, schema;
    std::int64_t port = 0;
    std::vector<std::string> setup;  ///< statements that make the hub; none: it is there

    /// Throws sdk::Error (KONTOR_E_INVALID) that names what is wrong.
    [[nodiscard]] static Options parse(std::string_view config);
    /// What is to be dialled: "postgresql://host:port/database".
    [[nodiscard]] std::string address() const;
    /// "schema"."table"
    [[nodiscard]] std::string table(std::string_view name) const;
};

/// JSON, see docs/connector-abi.md.
[[nodiscard]] std::string spec_json();

}  // namespace kontor::postgres::hub
