#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/postgres/options.hpp"
#include "plugins/postgres/wire.hpp"

namespace kontor::postgres {

/// A statement that the server refused. The transaction it was in, if any, is spoilt.
class SqlError : public sdk::Error {
public:
    explicit SqlError(ServerError server);
    [[nodiscard]] const ServerError& server() const { return server_; }
    [[nodiscard]] std::string_view state() const { return server_.state; }

private:
    ServerError server_;
};

using Rows = std::vector<std::vector<Cell>>;

/// A connection to the database, from dial to the end of the object; one call of the connector
/// long. Values cross as text: times in UTC, dates as ISO. Every method throws sdk::Error; after
/// one that is no SqlError the session is of no use.
class Session {
public:
    /// `address`: what is dialled, see Host::dial(); `settings`: SQL that is run first.
    Session(sdk::Host& host, const std::string& address, const std::vector<Statement>& settings);
    /// To PostgreSQL itself.
    Session(sdk::Host& host, const Options& options);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Gives each row to `take`, as it arrives. The rest is read although `take` throws.
    void each(const Statement& statement, const std::function<void(const Row&)>& take);
    /// KONTOR_E_PROTOCOL if a row has less than this many columns.
    [[nodiscard]] Rows rows(const Statement& statement, std::size_t columns_min = 0);
    /// The first of them; KONTOR_E_PROTOCOL if there is none, too.
    [[nodiscard]] std::vector<Cell> first_row(const Statement& statement, std::size_t columns_min);
    void run(const Statement& statement) { static_cast<void>(rows(statement)); }
    void run(const std::string& sql) { run(Statement{sql, {}}); }

    /// What one statement of several did.
    struct Outcome {
        Rows rows;
        std::int64_t count = 0;  ///< rows that it touched
    };
    /// Sends all at once, without waiting in between. They succeed together or not at all (SqlError
    /// of the first that fails), unless a transaction is open: then its end decides.
    [[nodiscard]] std::vector<Outcome> run_all(const std::vector<Statement>& statements);

    /// COPY … FROM STDIN: `next` gives pieces of its text format, "" at the end.
    void copy_in(const std::string& sql, const std::function<std::string_view()>& next);

    [[nodiscard]] const sdk::Json& greeting() const { return stream_.greeting; }

private:
    [[nodiscard]] Message receive();
    /// Reads to ReadyForQuery; throws the first error of the server on the way.
    void finish(std::optional<ServerError> error);
    void flush();

    sdk::HostStream stream_;
    MessageReader reader_;
    std::string out_;
};

/// `name` as an identifier in SQL.
[[nodiscard]] std::string identifier(std::string_view name);
/// `text` as a string literal in SQL: for what cannot be bound.
[[nodiscard]] std::string literal(std::string_view text);
/// Texts as the text form of an array, for a parameter.
[[nodiscard]] std::string array_text(const std::vector<std::string>& items);

}  // namespace kontor::postgres
