#include "daemon/api/csv.hpp"

namespace kontor::api {
namespace {

/// Numbers, and telephone numbers as people write them: no formula of these does anything.
bool is_number(std::string_view text) {
    return text.find_first_not_of("0123456789 +-().") == std::string_view::npos;
}

}  // namespace

std::string csv_cell(std::string_view text, bool defuse) {
    std::string cell;
    const bool formula =
        !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
    if (defuse && formula && !is_number(text)) cell += '\'';
    cell += text;
    if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
    std::string quoted = "\"";
    for (const char c : cell) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

}  // namespace kontor::api
