#include "plugins/postgres/refusals.hpp"

namespace kontor::postgres {
namespace {

bool starts(std::string_view text, std::string_view with) {
    return text.substr(0, with.size()) == with;
}

const char* status_of(std::string_view state) {
    if (state == "23505") return "duplicate";
    // Serialization failure, deadlock; a lock that others hold for too long; a query cancelled.
    if (starts(state, "40") || state == "57014") return "retry";
    if (state == "55P03") return "locked";
    if (state == "42501") return "forbidden";
    return "invalid";
}

}  // namespace

sdk::PushResult refusal(const Table& table, const SqlError& error) {
    sdk::PushResult out;
    out.status = status_of(error.state());
    out.code = error.state();
    out.message = error.what();
    if (table.column(error.server().column) != nullptr) out.field = error.server().column;
    return out;
}

bool ends_all(const SqlError& error) {
    return (starts(error.state(), "57") && error.state() != "57014") ||
           starts(error.state(), "53") || starts(error.state(), "08");
}

}  // namespace kontor::postgres
