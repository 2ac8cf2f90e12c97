#include "config/parse.hpp"

#include <algorithm>
#include <filesystem>

#include "config/parse_parts.hpp"

namespace kontor::config {
namespace {

using Into = TableReader::Into;

void read_daemon(const Node& node, Into into, Daemon& out) {
    TableReader in(node, "daemon", into);
    read_path(in, "state_dir", out.state_dir);
    read_path(in, "socket", out.socket);
    read_path(in, "plugin_dir", out.plugin_dir);
    in.one_of("log_level", out.log_level, {"debug", "info", "warning", "error"});
    in.one_of("log_format", out.log_format, {"auto", "text", "journal"});
    in.one_of("language", out.language, {"", "en", "zh"});
    in.finish();
}

void read_api(const Node& node, Into into, Api& out) {
    TableReader in(node, "api", into);
    in.integer("connections", out.connections, 4, 1'024);
    in.integer("header_bytes", out.header_bytes, 1'024, 64 * 1'024);
    in.integer("body_bytes", out.body_bytes, 64 * 1'024, 256 * 1'024 * 1'024);
    in.integer("json_depth", out.json_depth, 8, 256);
    in.duration("read_timeout", out.read_timeout, 100ms, 10min);
    in.duration("idle_timeout", out.idle_timeout, 100ms, 1h);
    in.duration("write_timeout", out.write_timeout, 100ms, 10min);
    in.finish();
}

void read_sync(const Node& node, Into into, Sync& out) {
    TableReader in(node, "sync", into);
    in.duration("interval", out.interval, 10s, 30 * 24h);
    in.number("jitter", out.jitter, 0, 0.5);
    in.duration("edit_delay", out.edit_delay, 0ms, 1h);
    in.duration("retry_first", out.retry_first, 100ms, 1h);
    in.duration("retry_max", out.retry_max, 1s, 24h);
    in.duration("sweep_every", out.sweep_every, 1h, 90 * 24h);
    in.duration("metadata_every", out.metadata_every, 1h, 90 * 24h);
    in.integer("wal_mb", out.wal_mb, 8, 4'096);
    in.finish();
}

void read_connectors(const Node& node, Into into, Connectors& out) {
    TableReader in(node, "connectors", into);
    in.one_of("isolation", out.isolation, {"process", "none"});
    in.one_of("landlock", out.landlock, {"warn", "require"});
    in.integer("memory_mb", out.memory_mb, 64, 65'536);
    in.duration("answer_timeout", out.answer_timeout, 1s, 1h);
    in.duration("processor_time", out.processor_time, 1s, 1h);
    in.finish();
}

void read_options(TableReader& in, std::map<std::string, Option>& out) {
    const Node* table = in.table("options");
    if (table == nullptr) return;
    for (const auto& [name, line, column, value] : table->members) {
        in.stands(value, "options." + name);
        switch (value.kind) {
            case Node::Kind::kText:
                out[name] = value.text;
                break;
            case Node::Kind::kInteger:
                out[name] = value.integer;
                break;
            case Node::Kind::kBoolean:
                out[name] = value.boolean;
                break;
            case Node::Kind::kArray: {
                std::vector<std::string> list;
                const bool texts =
                    std::all_of(value.items.begin(), value.items.end(),
                                [](const Node& item) { return item.kind == Node::Kind::kText; });
                if (!texts) in.problem(value, "options." + name, "must hold texts only");
                for (const auto& item : value.items) list.push_back(item.text);
                out[name] = std::move(list);
                break;
            }
            default:
                in.problem(value, "options." + name,
                           "must be a text, an integer, true or false, or a list of texts");
        }
    }
}

void read_sign_in(TableReader& in, SignIn& out) {
    const Node* table = in.table("sign_in");
    if (table == nullptr) return;
    for (const auto& [name, line, column, value] : table->members) {
        in.stands(value, "sign_in." + name);
        if (value.kind != Node::Kind::kText)
            in.problem(value, "sign_in." + name, "must be a text");
        else if (name == "kind")
            out.kind = value.text;
        else
            out.values[name] = value.text;
    }
}

void read_guards(TableReader& parent, Guards& out) {
    const Node* node = parent.table("guards");
    if (node == nullptr) return;
    TableReader in(*node, parent.dotted("guards"), parent.into());
    in.integer("deletes", out.deletes, 0, 1'000'000'000);
    in.integer("edits", out.edits, 0, 1'000'000'000);
    in.number("missing_share", out.missing_share, 0, 1);
    in.finish();
}

void read_limits(TableReader& parent, Limits& out) {
    const Node* node = parent.table("limits");
    if (node == nullptr) return;
    TableReader in(*node, parent.dotted("limits"), parent.into());
    in.number("requests_per_second", out.requests_per_second, 0, 10'000);
    in.integer("concurrency", out.concurrency, 0, 64);
    in.integer("daily_credits", out.daily_credits, 0, 1'000'000'000);
    in.integer("credit_reserve", out.credit_reserve, 0, 1'000'000'000);
    in.finish();
}

void read_folders(TableReader& parent, std::map<std::string, GrantedFolder>& out) {
    const Node* node = parent.table("folders");
    if (node == nullptr) return;
    const auto& into = parent.into();
    for (const auto& [name, line, column, value] : node->members) {
        const auto key = parent.dotted("folders." + name);
        const auto complain = [&, line = line, column = column](std::string reason) {
            into.problems.push_back(Problem{into.file, line, column, key, std::move(reason), ""});
        };
        if (!check_connection_name(name).empty()) {
            complain("a folder's name is 1 to 32 of the letters a-z, digits, _ and -");
            continue;
        }
        if (value.kind != Node::Kind::kTable) {
            complain("must be a table: { path = \"/srv/crm\", write = false }");
            continue;
        }
        auto& folder = out[name];
        TableReader in(value, key, into);
        read_path(in, "path", folder.path);
        in.boolean("write", folder.write);
        in.finish();
        if (folder.path.empty()) complain("path is missing: which folder is it?");
    }
}

std::string check_plugin_name(const std::string& name) {
    const bool good =
        !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        });
    return good ? "" : "must be the name of a connector: letters a-z, digits, _ and -";
}

std::string check_sha256(const std::string& text) {
    const bool good = text.empty() || (text.size() == 64 &&
                                       text.find_first_not_of("0123456789abcdef") == text.npos);
    return good ? "" : "must be 64 digits 0-9, a-f, as `kontor plugins --json` shows them";
}

std::string check_proxy(const std::string& text) {
    if (text.empty()) return "";
    const bool scheme = text.rfind("http://", 0) == 0 || text.rfind("https://", 0) == 0 ||
                        text.rfind("socks5h://", 0) == 0;
    if (!scheme) return "must begin with http://, https:// or socks5h://";
    if (text.find('@') != std::string::npos)
        return "must not hold a password; put user:password into a file and name it in secrets as "
               "proxy";
    return "";
}

void read_connection(const Node& node, const std::string& name, Into into, Connection& out) {
    TableReader in(node, "connection." + name, into);
    in.text("plugin", out.plugin, check_plugin_name);
    in.text("plugin_sha256", out.plugin_sha256, check_sha256);
    read_options(in, out.options);
    read_sign_in(in, out.sign_in);
    read_secrets(in, out.secrets);
    read_path(in, "ca_file", out.ca_file);
    in.text("proxy", out.proxy, check_proxy);
    in.duration("interval", out.interval, 10s, 30 * 24h);
    read_path(in, "mapping", out.mapping);
    in.boolean("push", out.push);
    in.boolean("allow_http_loopback", out.allow_http_loopback);
    in.text("jurisdiction", out.jurisdiction, [](const std::string& text) -> std::string {
        return text.size() <= 32 ? "" : "must be a short code such as \"CN\" or \"EU\"";
    });
    read_folders(in, out.folders);
    read_guards(in, out.guards);
    read_limits(in, out.limits);
    in.finish();
    if (out.mapping.empty())
        out.mapping = (std::filesystem::path(into.file).parent_path() / (name + ".mapping.toml"))
                          .lexically_normal()
                          .string();
}

void read_connections(const Node& node, Into into, std::vector<Connection>& out) {
    for (const auto& member : node.members) {
        const auto& [name, line, column, value] = member;
        const auto complain = [&](std::string reason) {
            into.problems.push_back(Problem{into.file, member.line, member.column,
                                            "connection." + member.name, std::move(reason), ""});
        };
        if (auto reason = check_connection_name(name); !reason.empty()) {
            complain(std::move(reason));
            continue;
        }
        if (value.kind != Node::Kind::kTable) {
            complain("must be a table: [connection." + name + "]");
            continue;
        }
        const auto at = std::find_if(out.begin(), out.end(),
                                     [&name = name](const auto& c) { return c.name >= name; });
        const bool known = at != out.end() && at->name == name;
        auto& connection = known ? *at : *out.insert(at, Connection{});
        connection.name = name;
        if (into.origins != nullptr)
            into.origins->emplace("connection." + name, into.file + ":" + std::to_string(line));
        read_connection(value, name, into, connection);
    }
}

void apply(const Node& document, const std::string& file, Config& config, Problems& problems,
           Origins* origins) {
    const Into into{file, problems, origins};
    TableReader in(document, "", Into{file, problems, nullptr});
    if (const auto* node = in.table("daemon")) read_daemon(*node, into, config.daemon);
    if (const auto* node = in.table("api")) read_api(*node, into, config.api);
    if (const auto* node = in.table("sync")) read_sync(*node, into, config.sync);
    if (const auto* node = in.table("connectors")) read_connectors(*node, into, config.connectors);
    if (const auto* node = in.table("search")) {
        TableReader search(*node, "search", into);
        search.boolean("enabled", config.search.enabled);
        search.finish();
    }
    if (const auto* node = in.table("connection"))
        read_connections(*node, into, config.connections);
    if (const auto* node = in.table("backup")) read_backups(*node, into, config.backups);
    if (const auto* node = in.table("jobs")) read_jobs(*node, into, config.jobs);
    if (const auto* node = in.table("job")) read_named(*node, "job", into, config.job, read_job);
    in.finish();
}

}  // namespace

const Connection* Config::connection(std::string_view name) const {
    for (const auto& c : connections)
        if (c.name == name) return &c;
    return nullptr;
}

const Backup* Config::backup(std::string_view name) const {
    for (const auto& b : backups)
        if (b.name == name) return &b;
    return nullptr;
}

std::string check_connection_name(std::string_view name) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    const bool good = !name.empty() && name.size() <= 32 && plain(name[0]) &&
                      std::all_of(name.begin(), name.end(),
                                  [&](char c) { return plain(c) || c == '_' || c == '-'; });
    return good ? "" : "a connection's name is 1 to 32 of the letters a-z, digits, _ and -";
}

std::string check_secret_reference(std::string_view text) {
    for (const std::string_view scheme : {"file:", "credential:", "keyring:", "env:"}) {
        if (text.substr(0, scheme.size()) != scheme) continue;
        const auto rest = text.substr(scheme.size());
        if (rest.empty()) return "the reference says no name";
        if (scheme == "file:" && rest[0] != '/') return "file: wants an absolute path";
        return "";
    }
    return "a secret is never written here: put it into a file that only you may read and write "
           "\"file:/path/of/it\", or use \"credential:NAME\", \"keyring:NAME\" or \"env:NAME\"";
}

void apply_toml(std::string_view text, const std::string& file, Config& config, Problems& problems,
                Origins* origins) {
    if (const auto document = parse_toml(text, file, problems))
        apply(*document, file, config, problems, origins);
}

void apply_file(const std::string& file, Config& config, Problems& problems, Origins* origins) {
    if (const auto document = read_toml(file, problems))
        apply(*document, file, config, problems, origins);
}

Place place_of(const Origins& origins, const std::string& key) {
    const auto at = origins.find(key);
    if (at == origins.end()) return {};
    const auto colon = at->second.rfind(':');
    return {at->second.substr(0, colon), std::stoi(at->second.substr(colon + 1))};
}

void check_whole(const Config& config, const Origins& origins, Problems& problems) {
    for (const auto& c : config.connections) {
        const auto key = "connection." + c.name;
        const auto place = place_of(origins, key);
        const auto complain = [&, &name = key](const std::string& member, std::string reason) {
            // The same missing plugin was reported if its value was wrong.
            for (const auto& p : problems)
                if (p.key == name + "." + member) return;
            problems.push_back(
                Problem{place.file, place.line, 1, name + "." + member, std::move(reason), ""});
        };
        if (c.plugin.empty()) complain("plugin", "is missing: which connector is it?");
        if (c.limits.daily_credits > 0 && c.limits.credit_reserve >= c.limits.daily_credits)
            complain("limits.credit_reserve", "must be less than daily_credits");
    }
    check_backups(config.backups, origins, problems);
    check_jobs(config, origins, problems);
    // sun_path has 108 bytes with the zero.
    constexpr std::size_t kSocketPathMax = 107;
    if (config.daemon.socket.size() > kSocketPathMax)
        problems.push_back(Problem{"", 0, 0, "daemon.socket",
                                   "the path is longer than 107 bytes, the limit of sockets", ""});
    if (config.sync.retry_first > config.sync.retry_max)
        problems.push_back(
            Problem{"", 0, 0, "sync.retry_first", "must not be longer than retry_max", ""});
}

}  // namespace kontor::config
