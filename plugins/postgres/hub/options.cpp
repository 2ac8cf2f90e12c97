#include "plugins/postgres/hub/options.hpp"

#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"
#include "plugins/postgres/session.hpp"
#include "plugins/postgres/spec.hpp"

namespace kontor::postgres::hub {

using sdk::Json;

Options Options::parse(std::string_view config) {
    const Json json = sdk::parse_json(config, "config");
    const Json& given = sdk::member(json, "options");
    Options out;
    out.host = sdk::text_of(given, "host");
    out.database = sdk::text_of(given, "database");
    out.schema = sdk::text_of(given, "schema");
    out.port = sdk::integer_of(given, "port", 0);
    for (const Json& statement : sdk::member(given, "setup"))
        if (statement.is_string()) out.setup.push_back(statement.get<std::string>());
    const auto wrong = [](const char* option, const char* why) {
        throw sdk::Error(KONTOR_E_INVALID, std::string("option ") + option + ": " + why);
    };
    if (out.host.empty()) wrong("host", "is missing");
    if (out.database.empty()) wrong("database", "is missing");
    if (out.schema.empty()) wrong("schema", "is missing");
    if (out.port < 1 || out.port > 65'535) wrong("port", "must be from 1 to 65535");
    return out;
}

std::string Options::address() const {
    return "postgresql://" + host + ":" + std::to_string(port) + "/" + database;
}

std::string Options::table(std::string_view name) const {
    return identifier(schema) + "." + identifier(name);
}

std::string spec_json() {
    const Json spec{
        {"title", {{"en", "Hub of a team (PostgreSQL)"}, {"zh", "团队中心库（PostgreSQL）"}}},
        {"options",
         Json::array({needed_option("host", "Name or address of the database server",
                                    "数据库服务器的主机名或地址"),
                      option("port", "integer", 5432, "Its port", "端口"),
                      needed_option("database", "Name of the database", "数据库名"),
                      option("schema", "text", "kontor", "Schema that kontor init hub made",
                             "kontor init hub 创建的模式（schema）"),
                      option("setup", "list", Json::array(), "Given by kontor init hub alone",
                             "仅由 kontor init hub 使用")})},
        {"auth", Json::array({password_auth()})},
        {"dials", {"postgresql://{host}:{port}/{database}"}}};
    return spec.dump();
}

}  // namespace kontor::postgres::hub
