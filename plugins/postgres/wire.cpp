#include "plugins/postgres/wire.hpp"

#include <charconv>

#include "connectors/sdk/error.hpp"

namespace kontor::postgres {
namespace {

[[noreturn]] void senseless(const char* what) {
    throw sdk::Error(KONTOR_E_PROTOCOL, std::string("the server's answer makes no sense: ") + what);
}

template <class Number>
void put(std::string& out, Number value) {
    for (int shift = static_cast<int>(sizeof value) * 8 - 8; shift >= 0; shift -= 8)
        out.push_back(static_cast<char>((static_cast<std::uint32_t>(value) >> shift) & 0xff));
}

template <class Number>
bool take(std::string_view& from, Number& out) {
    if (from.size() < sizeof out) return false;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < sizeof out; ++i)
        value = (value << 8) | static_cast<unsigned char>(from[i]);
    out = static_cast<Number>(value);
    from.remove_prefix(sizeof out);
    return true;
}

// A message whose body the function writes.
template <class Body>
void append(std::string& out, char type, Body&& body) {
    out.push_back(type);
    const auto size_at = out.size();
    put<std::int32_t>(out, 0);
    body();
    std::string size;
    put(size, static_cast<std::int32_t>(out.size() - size_at));
    out.replace(size_at, size.size(), size);
}

void append_empty(std::string& out, char type) {
    append(out, type, [] {});
}

}  // namespace

void append_parse(std::string& out, std::string_view sql) {
    if (sql.find('\0') != std::string_view::npos)
        throw sdk::Error(KONTOR_E_INVALID, "a statement with a zero byte");
    append(out, 'P', [&] {
        out.push_back('\0');  // the unnamed statement
        out.append(sql).push_back('\0');
        put<std::int16_t>(out, 0);  // the server finds out the types of the parameters
    });
}

void append_bind(std::string& out, const std::vector<Cell>& parameters) {
    if (parameters.size() > 65'535)
        throw sdk::Error(KONTOR_E_INVALID, "a statement with too many parameters");
    append(out, 'B', [&] {
        out.append(2, '\0');        // the unnamed portal and statement
        put<std::int16_t>(out, 0);  // all parameters are text
        put(out, static_cast<std::int16_t>(parameters.size()));
        for (const auto& parameter : parameters) {
            if (!parameter) {
                put<std::int32_t>(out, -1);
                continue;
            }
            put(out, static_cast<std::int32_t>(parameter->size()));
            out += *parameter;
        }
        put<std::int16_t>(out, 0);  // all columns are text
    });
}

void append_execute(std::string& out) {
    append(out, 'E', [&] {
        out.push_back('\0');
        put<std::int32_t>(out, 0);  // all rows
    });
}

void append_sync(std::string& out) {
    append_empty(out, 'S');
}

void append_copy_data(std::string& out, std::string_view bytes) {
    append(out, 'd', [&] { out += bytes; });
}

void append_copy_done(std::string& out) {
    append_empty(out, 'c');
}

void append_terminate(std::string& out) {
    append_empty(out, 'X');
}

void append_statement(std::string& out, const Statement& statement) {
    append_parse(out, statement.sql);
    append_bind(out, statement.parameters);
    append_execute(out);
}

void MessageReader::feed(std::string_view bytes) {
    bytes_.erase(0, at_);
    at_ = 0;
    bytes_ += bytes;
}

std::optional<Message> MessageReader::next() {
    std::string_view rest = std::string_view(bytes_).substr(at_);
    if (rest.size() < 5) return std::nullopt;
    const char type = rest.front();
    rest.remove_prefix(1);
    std::uint32_t size = 0;
    take(rest, size);
    if (size < 4 || size - 4 > kBodyBytesMax) senseless("the size of a message");
    if (rest.size() < size - 4) return std::nullopt;
    at_ += 1 + size;
    return Message{type, rest.substr(0, size - 4)};
}

void read_row(std::string_view body, Row& out) {
    std::uint16_t count = 0;
    if (!take(body, count)) senseless("a row");
    out.clear();
    for (unsigned i = 0; i < count; ++i) {
        std::int32_t size = 0;
        if (!take(body, size)) senseless("a row");
        if (size == -1) {
            out.emplace_back(std::nullopt);
            continue;
        }
        if (size < 0 || static_cast<std::size_t>(size) > body.size()) senseless("a row");
        out.emplace_back(body.substr(0, static_cast<std::size_t>(size)));
        body.remove_prefix(static_cast<std::size_t>(size));
    }
    if (!body.empty()) senseless("a row");
}

ServerError read_error(std::string_view body) {
    ServerError out;
    while (!body.empty() && body.front() != '\0') {
        const char field = body.front();
        body.remove_prefix(1);
        const auto end = body.find('\0');
        if (end == std::string_view::npos) break;
        const auto value = body.substr(0, end);
        body.remove_prefix(end + 1);
        if (field == 'C') out.state = value;
        if (field == 'M') out.message = value;
        if (field == 't') out.table = value;
        if (field == 'c') out.column = value;
        if (field == 'n') out.constraint = value;
    }
    return out;
}

std::int64_t rows_of(std::string_view command_tag) {
    if (const auto end = command_tag.find('\0'); end != std::string_view::npos)
        command_tag = command_tag.substr(0, end);
    const auto space = command_tag.rfind(' ');
    if (space == std::string_view::npos) return 0;
    const auto digits = command_tag.substr(space + 1);
    std::int64_t rows = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), rows);
    return rows;
}

}  // namespace kontor::postgres
