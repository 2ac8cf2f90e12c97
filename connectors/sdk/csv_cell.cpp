#include "connectors/sdk/csv_cell.hpp"

namespace kontor::sdk {
namespace {

/// Numbers, and telephone numbers as people write them: no formula of these does anything.
bool is_number(std::string_view text) {
    return text.find_first_not_of("0123456789 +-().") == std::string_view::npos;
}

bool is_formula(std::string_view text) {
    return !text.empty() &&
           std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos &&
           !is_number(text);
}

}  // namespace

std::string csv_cell(std::string_view text, bool defuse, char delimiter) {
    std::string cell;
    if (defuse && is_formula(text)) cell += '\'';
    cell += text;
    if (cell.find_first_of("\"\r\n") == std::string::npos &&
        cell.find(delimiter) == std::string::npos)
        return cell;
    std::string quoted = "\"";
    for (const char c : cell) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

std::string_view csv_undefused(std::string_view text) {
    if (text.starts_with('\'') && is_formula(text.substr(1))) text.remove_prefix(1);
    return text;
}

}  // namespace kontor::sdk
