#include "plugins/postgres/session.hpp"

#include <exception>

namespace kontor::postgres {
namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10;
constexpr std::int64_t kAnswerTimeout_ms = 330'000;  // longer than the server's own limit

// No value of one computer depends on how the server is set up. The limits keep a forgotten lock
// elsewhere from holding up all other connections.
constexpr const char* kSettings =
    "SELECT pg_catalog.set_config(name, value, false) FROM (VALUES"
    " ('DateStyle', 'ISO, YMD'), ('TimeZone', 'UTC'), ('IntervalStyle', 'iso_8601'),"
    " ('extra_float_digits', '1'), ('bytea_output', 'hex'), ('statement_timeout', '300s'),"
    " ('lock_timeout', '5s'), ('idle_in_transaction_session_timeout', '120s'))"
    " AS settings(name, value)";

kontor_status status_for(std::string_view state) {
    const auto starts = [&](std::string_view with) { return state.substr(0, with.size()) == with; };
    if (state == "42501") return KONTOR_E_PERMISSION;
    if (starts("28")) return KONTOR_E_UNAUTHENTICATED;
    if (starts("08") || starts("53") || starts("57") || starts("40") || state == "55P03")
        return KONTOR_E_UNAVAILABLE;
    if (starts("0A")) return KONTOR_E_UNSUPPORTED;
    return KONTOR_E_PROTOCOL;
}

// What follows a colon and a quotation mark is somebody's value.
std::string without_values(const std::string& message) {
    return message.substr(0, message.find(": \""));
}

}  // namespace

SqlError::SqlError(ServerError server)
    : sdk::Error(status_for(server.state),
                 without_values(server.message) + " (" + server.state + ")"),
      server_(std::move(server)) {
    if (status() == KONTOR_E_UNAVAILABLE) said_by_remote();
}

Session::Session(sdk::Host& host, const std::string& address,
                 const std::vector<Statement>& settings)
    : stream_(host.dial(address)) {
    static_cast<void>(run_all(settings));
}

Session::Session(sdk::Host& host, const Options& options)
    : Session(host, options.address(), {{kSettings, {}}}) {}

Session::~Session() {
    try {
        out_.clear();
        append_terminate(out_);
        flush();
    } catch (...) {
        // It is gone already.
    }
}

void Session::flush() {
    stream_.write(out_);
    out_.clear();
}

Message Session::receive() {
    while (true) {
        const auto message = reader_.next();
        if (!message) {
            const auto bytes = stream_.read(kReadBytes, kAnswerTimeout_ms);
            if (bytes.empty())
                throw sdk::Error(KONTOR_E_UNAVAILABLE, "the database closed the connection");
            reader_.feed(bytes);
            continue;
        }
        // Notices, settings and notifications may come at any time.
        if (message->type != 'N' && message->type != 'S' && message->type != 'A') return *message;
    }
}

void Session::finish(std::optional<ServerError> error) {
    while (true) {
        const auto message = receive();
        if (message.type == 'E' && !error) error = read_error(message.body);
        if (message.type == 'Z') break;
    }
    if (error) throw SqlError(std::move(*error));
}

void Session::each(const Statement& statement, const std::function<void(const Row&)>& take) {
    append_statement(out_, statement);
    append_sync(out_);
    flush();
    std::exception_ptr thrown;
    std::optional<ServerError> error;
    Row row;
    while (true) {
        const auto message = receive();
        switch (message.type) {
            case 'D':
                if (thrown) break;
                read_row(message.body, row);
                try {
                    take(row);
                } catch (...) {
                    thrown = std::current_exception();
                }
                break;
            case 'E':
                error = read_error(message.body);
                break;
            case 'Z':
                if (thrown) std::rethrow_exception(thrown);
                if (error) throw SqlError(std::move(*error));
                return;
            default:  // of Parse, Bind and Execute
                break;
        }
    }
}

Rows Session::rows(const Statement& statement, std::size_t columns_min) {
    Rows out;
    each(statement, [&](const Row& row) {
        if (row.size() < columns_min)
            throw sdk::Error(KONTOR_E_PROTOCOL, "the server's answer lacks columns");
        auto& copy = out.emplace_back();
        copy.reserve(row.size());
        for (const auto& cell : row) copy.push_back(cell ? Cell(std::string(*cell)) : std::nullopt);
    });
    return out;
}

std::vector<Cell> Session::first_row(const Statement& statement, std::size_t columns_min) {
    auto all = rows(statement, columns_min);
    if (all.empty()) throw sdk::Error(KONTOR_E_PROTOCOL, "the server's answer lacks a row");
    return std::move(all.front());
}

std::vector<Session::Outcome> Session::run_all(const std::vector<Statement>& statements) {
    for (const auto& statement : statements) append_statement(out_, statement);
    append_sync(out_);
    flush();
    std::vector<Outcome> out;
    Outcome current;
    Row row;
    while (true) {
        const auto message = receive();
        if (message.type == 'D') {
            read_row(message.body, row);
            auto& copy = current.rows.emplace_back();
            for (const auto& cell : row)
                copy.push_back(cell ? Cell(std::string(*cell)) : std::nullopt);
        } else if (message.type == 'C') {
            current.count = rows_of(message.body);
            out.push_back(std::move(current));
            current = {};
        } else if (message.type == 'E') {
            finish(read_error(message.body));
        } else if (message.type == 'Z') {
            break;
        }
    }
    if (out.size() != statements.size())
        throw sdk::Error(KONTOR_E_PROTOCOL, "the server did not answer each statement");
    return out;
}

void Session::copy_in(const std::string& sql, const std::function<std::string_view()>& next) {
    append_statement(out_, {sql, {}});
    // Not Sync yet: it would end the COPY.
    out_.append("H").append({0, 0, 0, 4});
    flush();
    while (true) {
        const auto message = receive();
        if (message.type == 'G') break;
        if (message.type != 'E') continue;
        auto error = read_error(message.body);
        append_sync(out_);
        flush();
        finish(std::move(error));
    }
    for (auto piece = next(); !piece.empty(); piece = next()) {
        append_copy_data(out_, piece);
        flush();
    }
    append_copy_done(out_);
    append_sync(out_);
    flush();
    finish(std::nullopt);
}

std::string identifier(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"') out.push_back('"');
        out.push_back(c);
    }
    return out += '"';
}

std::string literal(std::string_view text) {
    std::string out = "E'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out.push_back(c);
        out.push_back(c);
    }
    return out += '\'';
}

std::string array_text(const std::vector<std::string>& items) {
    std::string out = "{";
    for (const auto& item : items) {
        if (out.size() > 1) out.push_back(',');
        out.push_back('"');
        for (const char c : item) {
            if (c == '"' || c == '\\') out.push_back('\\');
            out.push_back(c);
        }
        out.push_back('"');
    }
    return out += '}';
}

}  // namespace kontor::postgres
