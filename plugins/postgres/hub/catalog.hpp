#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/postgres/catalog.hpp"
#include "plugins/postgres/hub/options.hpp"
#include "plugins/postgres/session.hpp"

namespace kontor::postgres::hub {

// The columns of every table that are the hub's own.
inline constexpr const char* kId = "kontor_id";  ///< the record's key, made where it was born
inline constexpr const char* kVersion = "kontor_version";
inline constexpr const char* kStamp = "kontor_stamp";
inline constexpr const char* kBy = "kontor_by";
inline constexpr const char* kDeletedAt = "kontor_deleted_at";

/// How long the mark of a deleted record is kept, at least.
inline constexpr int kTombstoneDays = 180;

/// One kind of record.
struct Stream {
    Table table;  ///< fields, and kId as its key
    sdk::StreamSpec spec;

    /// Version, id, who wrote it, then each of `fields`: what a SELECT names for add().
    [[nodiscard]] std::string columns(const std::vector<std::string>& fields) const;
    /// Adds a row of columns() as a record.
    void add(abi::BatchWriter& out, const std::vector<std::string>& fields, const Row& row) const;
};

/// A session with settings that all engines know.
void connect(std::optional<Session>& session, sdk::Host& host, const Options& options);

/// Throws sdk::Error: KONTOR_E_NOT_FOUND if there is no hub; KONTOR_E_UNSUPPORTED if it is of a
/// later version.
void require_hub(Session& session, const Options& options);

/// Reads what the hub keeps, from the hub's own description: engines differ in their catalogues.
/// Throws as require_hub().
[[nodiscard]] std::vector<Stream> read_streams(Session& session, const Options& options);

/// kontor_version in an order that holds bytewise; in a SELECT or RETURNING.
inline constexpr const char* kVersionText = "lpad(kontor_version::text, 20, '0')";
/// The number again, for a statement.
[[nodiscard]] std::string version_number(std::string_view text);

}  // namespace kontor::postgres::hub
