#pragma once

/// The query part of PostgreSQL's protocol, version 3, as bytes: what a client says after it is
/// signed in, and what the server answers. Knows no network. Nothing that comes in is trusted.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::postgres {

/// A parameter or a column in text form; nullopt is NULL.
using Cell = std::optional<std::string>;

/// A statement with its parameters, which are always bound, never written into the text.
struct Statement {
    std::string sql;
    std::vector<Cell> parameters;
};

// Each appends one message. Statement and portal are the unnamed ones.
/// Throws sdk::Error (KONTOR_E_INVALID) if the text has a zero byte.
void append_parse(std::string& out, std::string_view sql);
/// Throws sdk::Error (KONTOR_E_INVALID) if there are more than 65,535.
void append_bind(std::string& out, const std::vector<Cell>& parameters);
void append_execute(std::string& out);
void append_sync(std::string& out);
void append_copy_data(std::string& out, std::string_view bytes);
void append_copy_done(std::string& out);
void append_terminate(std::string& out);
/// Parse, Bind and Execute.
void append_statement(std::string& out, const Statement& statement);

/// One message; the body is valid until the reader is fed or asked again.
struct Message {
    char type = 0;
    std::string_view body;
};

/// Cuts what arrives into messages.
class MessageReader {
public:
    void feed(std::string_view bytes);
    /// nullopt until a whole message is there. Throws sdk::Error (KONTOR_E_PROTOCOL) if one
    /// announces an impossible size.
    [[nodiscard]] std::optional<Message> next();

    static constexpr std::size_t kBodyBytesMax = std::size_t{64} << 20;

private:
    std::string bytes_;
    std::size_t at_ = 0;
};

/// The columns of a DataRow; they point into its body.
using Row = std::vector<std::optional<std::string_view>>;
/// Throws sdk::Error (KONTOR_E_PROTOCOL) if it is malformed.
void read_row(std::string_view body, Row& out);

/// What an ErrorResponse says.
struct ServerError {
    std::string state;  ///< SQLSTATE
    std::string message, table, column, constraint;
};
[[nodiscard]] ServerError read_error(std::string_view body);

/// The number of rows in the tag of a CommandComplete ("UPDATE 3"); 0 if it names none.
[[nodiscard]] std::int64_t rows_of(std::string_view command_tag);

}  // namespace kontor::postgres
