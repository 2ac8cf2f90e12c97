#include "daemon/api/connection_body.hpp"

#include "config/load.hpp"
#include "config/parse.hpp"
#include "config/table_reader.hpp"
#include "daemon/api/json_io.hpp"

namespace kontor::api {
namespace {

Result<std::map<std::string, config::Option>> options_from(const json& body) {
    std::map<std::string, config::Option> out;
    const auto given = body.value("options", json::object());
    for (const auto& [name, value] : given.items()) {
        if (value.is_string())
            out[name] = value.get<std::string>();
        else if (value.is_boolean())
            out[name] = value.get<bool>();
        else if (value.is_number_integer())
            out[name] = value.get<std::int64_t>();
        else if (value.is_array()) {
            auto list = texts_in(json{{"list", value}}, "list");
            if (!list) return pass(list);
            out[name] = std::move(*list);
        } else {
            return fail(Errc::kInvalid, "option " + name + " has a wrong type", {{"key", name}});
        }
    }
    return out;
}

// What is going to be written must be what the parser accepts.
Result<> validate(const config::Connection& connection, const std::string& file) {
    config::Config read;
    config::Problems problems;
    config::apply_toml(config::write_connection(connection), file, read, problems);
    if (problems.empty()) config::check_whole(read, {}, problems);
    if (problems.empty()) return {};
    auto error = config::to_error(problems);
    error.code = Errc::kInvalid;
    return tl::unexpected<Error>(std::move(error));
}

}  // namespace

std::string connection_file(const std::string& folder, const std::string& name) {
    return folder + "/conf.d/" + name + ".toml";
}

std::string own_reference(const std::string& folder, const std::string& connection,
                          const std::string& secret) {
    std::string safe;
    for (const char c : secret)
        safe += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ? c : '-';
    return "file:" + folder + "/secrets/" + connection + "." + safe;
}

Result<config::Connection> connection_from(const json& body, const std::string& folder) {
    config::Connection c;
    c.plugin = body.value("plugin", "");
    c.name = body.value("name", c.plugin);
    if (auto reason = config::check_connection_name(c.name); !reason.empty())
        return fail(Errc::kInvalid, std::move(reason), {{"key", "name"}});
    auto options = options_from(body);
    if (!options) return pass(options);
    c.options = std::move(*options);
    c.sign_in.kind = body.value("auth", "");
    const auto values = body.value("values", json::object());
    for (const auto& [name, value] : values.items())
        c.sign_in.values[name] = value.get<std::string>();
    c.ca_file = body.value("ca_file", "");
    c.proxy = body.value("proxy", "");
    c.jurisdiction = body.value("jurisdiction", "");
    c.allow_http_loopback = body.value("allow_http_loopback", false);
    const auto folders = body.value("folders", json::object());
    for (const auto& [name, grant] : folders.items())
        c.folders[name] = {grant.value("path", ""), grant.value("write", false)};
    if (const auto interval = body.value("interval", ""); !interval.empty()) {
        const auto time = config::parse_duration(interval);
        if (!time) return fail(Errc::kInvalid, "interval is no time", {{"key", "interval"}});
        c.interval = *time;
    }
    c.mapping = folder + "/" + c.name + ".mapping.toml";
    const auto secrets = body.value("secrets", json::object());
    for (const auto& [name, item] : secrets.items())
        c.secrets[name] = item.value("reference", own_reference(folder, c.name, name));
    if (body.contains("code") && !c.secrets.contains("refresh_token"))
        c.secrets["refresh_token"] = own_reference(folder, c.name, "refresh_token");
    if (auto valid = validate(c, connection_file(folder, c.name)); !valid) return pass(valid);
    return c;
}

}  // namespace kontor::api
