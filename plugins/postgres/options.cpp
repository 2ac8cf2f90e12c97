#include "plugins/postgres/options.hpp"

#include <algorithm>
#include <cctype>

#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::postgres {
namespace {

using sdk::Json;

constexpr std::int64_t kOverlapMax_s = 86'400;

[[noreturn]] void wrong(const std::string& option, const std::string& why) {
    throw sdk::Error(KONTOR_E_INVALID, "option " + option + ": " + why);
}

// "crm.person modified=changed_at key=ext_id"
TableOption table_option(const std::string& text) {
    TableOption out;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find(' ', at), text.size());
        const auto word = text.substr(at, end - at);
        at = end + 1;
        if (word.empty()) continue;
        const auto equals = word.find('=');
        if (out.name.empty()) {
            if (equals != std::string::npos) wrong("tables", "\"" + text + "\" names no table");
            out.name = word;
            continue;
        }
        const auto what = word.substr(0, equals);
        const bool known = what == "id" || what == "modified" || what == "version" || what == "key";
        if (equals == std::string::npos || !known)
            wrong("tables", "\"" + word + "\" is not id=, modified=, version= or key=");
        out.columns[what] = word.substr(equals + 1);
    }
    if (out.name.empty()) wrong("tables", "an empty entry");
    return out;
}

}  // namespace

Options Options::parse(std::string_view config) {
    const Json json = sdk::parse_json(config, "config");
    const Json& given = sdk::member(json, "options");
    Options out;
    const auto text = [&](const char* name, std::string& to) {
        if (given.contains(name)) to = sdk::text_of(given, name);
    };
    text("host", out.host);
    text("database", out.database);
    text("schema", out.schema);
    text("modified_column", out.modified_column);
    text("version_column", out.version_column);
    text("key_column", out.key_column);
    text("time_zone", out.time_zone);
    out.port = sdk::integer_of(given, "port", out.port);
    out.overlap_s = sdk::integer_of(given, "overlap_s", out.overlap_s);
    out.install_triggers = sdk::flag_of(given, "install_triggers");
    for (const Json& table : sdk::member(given, "tables"))
        if (table.is_string()) out.tables.push_back(table_option(table.get<std::string>()));
    if (out.host.empty()) wrong("host", "is missing");
    if (out.database.empty()) wrong("database", "is missing");
    if (out.port < 1 || out.port > 65'535) wrong("port", "must be from 1 to 65535");
    if (out.overlap_s < 0 || out.overlap_s > kOverlapMax_s)
        wrong("overlap_s", "must be from 0 to " + std::to_string(kOverlapMax_s));
    // It goes into statements as text.
    if (!std::ranges::all_of(out.time_zone, [](unsigned char c) {
            return std::isalnum(c) || c == '/' || c == '_' || c == '-' || c == '+';
        }))
        wrong("time_zone", "is no name of a time zone");
    return out;
}

std::string Options::address() const {
    return "postgresql://" + host + ":" + std::to_string(port) + "/" + database;
}

}  // namespace kontor::postgres
