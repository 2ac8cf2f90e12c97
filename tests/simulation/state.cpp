#include "tests/simulation/state.hpp"

namespace kontor::simulation {

std::string state_of(const Device& device) {
    std::string out;
    const auto add = [&](const std::string& query) {
        device.each(query, [&](const replica::Statement& row) {
            for (int i = 0; i < row.columns(); ++i) {
                const auto value = row.value(i);
                out += value.kind == Kind::kInteger ? std::to_string(value.integer)
                       : value.kind == Kind::kReal  ? std::to_string(value.real)
                       : value.kind == Kind::kNull  ? "NULL"
                                                    : std::string(value.text);
                out += '|';
            }
            out += '\n';
        });
    };
    for (const auto& entity : device.entity_names()) {
        out += entity + "\n";
        add("SELECT * FROM " + entity + " ORDER BY id");
    }
    out += "history\n";
    add("SELECT max(seq) FROM kontor_history");
    out += "links\n";
    add("SELECT id, stream, record, ext_id, version, covers, state FROM kontor_link ORDER BY id");
    out += "shadows\n";
    add("SELECT link, grp, hex(theirs), hex(ours), waits FROM kontor_shadow ORDER BY link, grp");
    out += "waiting\n";
    add("SELECT * FROM kontor_waiting ORDER BY stream, ext_id, link, grp");
    out += "intents\n";
    add("SELECT id, link, op, state FROM kontor_intent ORDER BY id");
    out += "conflicts\n";
    add("SELECT id, link, grp, kind, rule, state, chosen FROM kontor_conflict ORDER BY id");
    out += "matches\n";
    add("SELECT stream, ext_id, record, state FROM kontor_match ORDER BY stream, ext_id, record");
    out += "blocked\n";
    add("SELECT link, op, status FROM kontor_blocked ORDER BY link");
    return out;
}

std::string first_difference(const std::string& before, const std::string& after) {
    std::size_t i = 0;
    while (i < before.size() && i < after.size() && before[i] == after[i]) ++i;
    const auto line = [&](const std::string& text) {
        const auto begin = text.rfind('\n', i == 0 ? 0 : i - 1);
        const auto from = begin == std::string::npos ? 0 : begin + 1;
        return text.substr(from, text.find('\n', i) - from);
    };
    return "[" + line(before) + "] became [" + line(after) + "]";
}

}  // namespace kontor::simulation
