#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/postgres/catalog.hpp"
#include "plugins/postgres/session.hpp"

namespace kontor::postgres {

/// Reads whole rows of one table into batches for the host.
class RowReader {
public:
    /// `fields`: those of the request; sdk::Error that names one which the table does not have.
    RowReader(const Table& table, const Options& options, const std::vector<std::string>& fields);

    /// "version, key…, field…": what a SELECT names for add().
    [[nodiscard]] std::string columns() const;
    /// How many of these there are.
    [[nodiscard]] std::size_t column_count() const;

    /// Adds a row of columns() as a record.
    void add(abi::BatchWriter& out, const Row& row) const;
    /// The texts of the row's key.
    [[nodiscard]] std::vector<std::string> key(const Row& row) const;

    /// Adds the rows of these ids; those that are not there go to `missing`.
    void fetch(Session& session, const std::vector<std::string>& ids, abi::BatchWriter& out,
               const std::function<void(const std::string& id)>& missing) const;

private:
    void fetch_some(Session& session, const std::vector<std::string>& ids, abi::BatchWriter& out,
                    std::vector<std::string>& found) const;

    const Table& table_;
    const Options& options_;
    std::vector<const Column*> fields_;
};

/// "a", "b"
[[nodiscard]] std::string key_list(const Table& table);
/// Condition that the key is one of those in `parts` arrays, the parameters from `first` on.
[[nodiscard]] std::string key_condition(const Table& table, std::size_t first);
/// These parameters.
[[nodiscard]] std::vector<Cell> key_parameters(const Table& table,
                                               const std::vector<std::string>& ids);

}  // namespace kontor::postgres
