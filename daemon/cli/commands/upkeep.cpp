#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "config/parse.hpp"
#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/progress.hpp"
#include "daemon/cli/width.hpp"
#include "daemon/config_checks.hpp"
#include "daemon/doctor/at_rest.hpp"
#include "daemon/doctor/finding_json.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

config::Loaded load_config(Context& context) {
    config::Flags flags;
    flags.config = context.args().argument("FILE");
    if (flags.config.empty()) flags.config = context.args().option("config");
    flags.socket = context.args().option("socket");
    return config::load(flags, context.io().env, geteuid() == 0);
}

json problem_json(const config::Problem& problem) {
    return {{"file", problem.file}, {"line", problem.line},     {"column", problem.column},
            {"key", problem.key},   {"reason", problem.reason}, {"nearest", problem.nearest}};
}

/// One setting as it is in force.
struct Setting {
    std::string key;
    std::string value;  ///< as TOML would write it
};

std::string literal(const config::Option& option) {
    struct {
        std::string operator()(const std::string& text) const { return json(text).dump(); }
        std::string operator()(std::int64_t number) const { return std::to_string(number); }
        std::string operator()(bool flag) const { return flag ? "true" : "false"; }
        std::string operator()(const std::vector<std::string>& list) const {
            return json(list).dump();
        }
    } write;
    return std::visit(write, option);
}

std::string text(const std::string& value) {
    return json(value).dump();
}
std::string time(std::chrono::milliseconds value) {
    return text(config::format_duration(value));
}
std::string number(double value) {
    return json(value).dump();
}

void add_connection(const config::Connection& c, std::vector<Setting>& out) {
    const auto at = "connection." + c.name + ".";
    out.push_back({at + "plugin", text(c.plugin)});
    out.push_back({at + "mapping", text(c.mapping)});
    out.push_back({at + "interval", time(c.interval)});
    out.push_back({at + "plugin_sha256", text(c.plugin_sha256)});
    out.push_back({at + "ca_file", text(c.ca_file)});
    out.push_back({at + "proxy", text(c.proxy)});
    out.push_back({at + "push", c.push ? "true" : "false"});
    out.push_back({at + "allow_http_loopback", c.allow_http_loopback ? "true" : "false"});
    out.push_back({at + "jurisdiction", text(c.jurisdiction)});
    for (const auto& [name, value] : c.options)
        out.push_back({at + "options." + name, literal(value)});
    out.push_back({at + "sign_in.kind", text(c.sign_in.kind)});
    for (const auto& [name, value] : c.sign_in.values)
        out.push_back({at + "sign_in." + name, text(value)});
    for (const auto& [name, reference] : c.secrets)
        out.push_back({at + "secrets." + name, text(reference)});
    for (const auto& [name, folder] : c.folders) {
        out.push_back({at + "folders." + name + ".path", text(folder.path)});
        out.push_back({at + "folders." + name + ".write", folder.write ? "true" : "false"});
    }
    out.push_back({at + "guards.deletes", std::to_string(c.guards.deletes)});
    out.push_back({at + "guards.edits", std::to_string(c.guards.edits)});
    out.push_back({at + "guards.missing_share", number(c.guards.missing_share)});
    out.push_back({at + "limits.requests_per_second", number(c.limits.requests_per_second)});
    out.push_back({at + "limits.concurrency", std::to_string(c.limits.concurrency)});
    out.push_back({at + "limits.daily_credits", std::to_string(c.limits.daily_credits)});
    if (c.limits.credit_reserve >= 0)
        out.push_back({at + "limits.credit_reserve", std::to_string(c.limits.credit_reserve)});
}

void add_backup(const config::Backup& b, std::vector<Setting>& out) {
    const auto at = "backup." + b.name + ".";
    out.push_back({at + "target", text(b.target)});
    out.push_back({at + "password", text(b.password)});
    if (!b.secrets_password.empty())
        out.push_back({at + "secrets_password", text(b.secrets_password)});
    out.push_back({at + "ca_file", text(b.ca_file)});
    out.push_back({at + "upload_kib", std::to_string(b.upload_kib)});
    out.push_back({at + "download_kib", std::to_string(b.download_kib)});
    for (const auto& [name, value] : b.options)
        out.push_back({at + "options." + name, text(value)});
    for (const auto& [name, reference] : b.secrets)
        out.push_back({at + "secrets." + name, text(reference)});
    const std::pair<const char*, std::int64_t> keep[] = {
        {"last", b.keep.last},     {"hourly", b.keep.hourly},   {"daily", b.keep.daily},
        {"weekly", b.keep.weekly}, {"monthly", b.keep.monthly}, {"yearly", b.keep.yearly}};
    for (const auto& [name, number] : keep)
        if (number > 0) out.push_back({at + "keep." + name, std::to_string(number)});
}

void add_jobs(const config::Config& c, std::vector<Setting>& out) {
    out.push_back({"jobs.time_zone", text(c.jobs.time_zone)});
    out.push_back({"jobs.retries", std::to_string(c.jobs.retries.most)});
    out.push_back({"jobs.retry_first", time(c.jobs.retries.first)});
    out.push_back({"jobs.retry_max", time(c.jobs.retries.max)});
    out.push_back({"jobs.alert_after", time(c.jobs.alert_after)});
    const auto& alert = c.jobs.alert;
    if (!alert.command.empty()) out.push_back({"jobs.alert.command", literal(alert.command)});
    if (!alert.email.empty()) out.push_back({"jobs.alert.email", literal(alert.email)});
    for (const auto& [name, value] :
         {std::pair("webhook", alert.webhook), std::pair("from", alert.from),
          std::pair("smtp", alert.smtp), std::pair("user", alert.user),
          std::pair("password", alert.password), std::pair("ca_file", alert.ca_file)})
        if (!value.empty()) out.push_back({"jobs.alert." + std::string(name), text(value)});
    for (const auto& job : c.job) {
        const auto at = "job." + job.name + ".";
        std::string task;
        for (const auto& word : job.run) task += (task.empty() ? "" : " ") + word;
        if (!task.empty()) out.push_back({at + "run", text(task)});
        if (!job.command.empty()) out.push_back({at + "command", literal(job.command)});
        out.push_back({at + "when", literal(job.when)});
        out.push_back({at + "jitter", time(job.jitter)});
        out.push_back({at + "only_if", literal(job.only_if)});
        out.push_back({at + "catch_up", job.catch_up ? "true" : "false"});
        if (job.retries) out.push_back({at + "retries", std::to_string(*job.retries)});
        if (job.retry_first) out.push_back({at + "retry_first", time(*job.retry_first)});
        if (job.retry_max) out.push_back({at + "retry_max", time(*job.retry_max)});
        if (job.alert_after) out.push_back({at + "alert_after", time(*job.alert_after)});
        out.push_back({at + "timeout", time(job.timeout)});
    }
}

std::vector<Setting> settings_of(const config::Config& c) {
    std::vector<Setting> out{{"daemon.state_dir", text(c.daemon.state_dir)},
                             {"daemon.socket", text(c.daemon.socket)},
                             {"daemon.plugin_dir", text(c.daemon.plugin_dir)},
                             {"daemon.log_level", text(c.daemon.log_level)},
                             {"daemon.log_format", text(c.daemon.log_format)},
                             {"daemon.language", text(c.daemon.language)},
                             {"api.connections", std::to_string(c.api.connections)},
                             {"api.header_bytes", std::to_string(c.api.header_bytes)},
                             {"api.body_bytes", std::to_string(c.api.body_bytes)},
                             {"api.json_depth", std::to_string(c.api.json_depth)},
                             {"api.read_timeout", time(c.api.read_timeout)},
                             {"api.idle_timeout", time(c.api.idle_timeout)},
                             {"api.write_timeout", time(c.api.write_timeout)},
                             {"sync.interval", time(c.sync.interval)},
                             {"sync.jitter", number(c.sync.jitter)},
                             {"sync.edit_delay", time(c.sync.edit_delay)},
                             {"sync.retry_first", time(c.sync.retry_first)},
                             {"sync.retry_max", time(c.sync.retry_max)},
                             {"sync.sweep_every", time(c.sync.sweep_every)},
                             {"sync.metadata_every", time(c.sync.metadata_every)},
                             {"sync.wal_mb", std::to_string(c.sync.wal_mb)},
                             {"connectors.isolation", text(c.connectors.isolation)},
                             {"connectors.landlock", text(c.connectors.landlock)},
                             {"connectors.memory_mb", std::to_string(c.connectors.memory_mb)},
                             {"connectors.answer_timeout", time(c.connectors.answer_timeout)},
                             {"connectors.processor_time", time(c.connectors.processor_time)},
                             {"search.enabled", c.search.enabled ? "true" : "false"}};
    for (const auto& connection : c.connections) add_connection(connection, out);
    for (const auto& backup : c.backups) add_backup(backup, out);
    add_jobs(c, out);
    return out;
}

Failure config_failure(Context& context, const config::Problems& problems) {
    return failed(context.language(), Exit::kConfig, "config", "cli.config.errors",
                  {{"count", std::to_string(problems.size())}});
}

/// Without kontord there is still the configuration and the replica to look at: they may be why.
Outcome<json> examined(Context& context) {
    auto answer = context.api().get("/doctor");
    if (answer || answer.error().exit != Exit::kUnreachable) return answer;
    json checks = json::array();
    checks.push_back({{"check", "daemon"},
                      {"subject", ""},
                      {"ok", false},
                      {"text", answer.error().message},
                      {"fix", answer.error().hint},
                      {"args", answer.error().args}});
    const auto loaded = load_config(context);
    auto findings = doctor::examine_at_rest(loaded.config.daemon.state_dir);
    findings.insert(findings.begin(), doctor::check_config(loaded.problems));
    for (const auto& finding : findings)
        checks.push_back(doctor::finding_json(finding, context.language()));
    return json{{"ok", false}, {"checks", std::move(checks)}};
}

/// From here on somebody may wonder why it takes so long.
constexpr std::int64_t kLargeBytes = std::int64_t{256} << 20;
/// What is read of a replica in a second, at least: 61 MB took 0.38 s.
constexpr std::int64_t kReadBytesPerSecond = 100'000'000;

std::int64_t replica_bytes(Context& context) {
    if (const auto status = context.api().get("/status"))
        return integer_at(object_at(*status, "replica"), "bytes");
    std::error_code none;
    const auto size = std::filesystem::file_size(
        load_config(context).config.daemon.state_dir + "/replica.db", none);
    return none ? 0 : static_cast<std::int64_t>(size);
}

void tell_cost(Context& context) {
    const auto bytes = replica_bytes(context);
    if (bytes < kLargeBytes) return;
    context.note(context.text(
        "cli.doctor.reads_all",
        {{"mb", grouped(bytes >> 20)}, {"seconds", std::to_string(bytes / kReadBytesPerSecond)}}));
}

/// What is no trouble of the machine's, but waits for a person all the same.
void tell_open_questions(Context& context) {
    const auto status = context.api().get("/status");
    if (!status) return;
    std::int64_t blocked = 0;
    std::int64_t conflicts = 0;
    for (const auto& connection : list_at(*status, "connections")) {
        blocked += integer_at(connection, "blocked");
        conflicts += integer_at(connection, "conflicts");
    }
    if (blocked + conflicts > 0)
        context.note(context.text(
            "cli.doctor.waiting",
            {{"blocked", std::to_string(blocked)}, {"conflicts", std::to_string(conflicts)}}));
}

}  // namespace

Outcome<Exit> run_config_check(Context& context) {
    auto loaded = load_config(context);
    const auto left_out = app::check_connections(
        loaded, app::connector_home(loaded.config, "/proc/self/exe"), app::SecretsSeen::kFiles);
    json problems = json::array();
    for (const auto& problem : loaded.problems) {
        problems.push_back(problem_json(problem));
        if (!context.json()) context.print(one_line(context.said(problem.text())));
    }
    if (context.json())
        context.print_json(json{{"ok", loaded.problems.empty()},
                                {"files", loaded.files},
                                {"problems", problems},
                                {"not_checked", left_out}});
    for (const auto& key : left_out)
        context.note(context.text("cli.config.not_checked", {{"key", one_line(key)}}));
    if (!loaded.problems.empty())
        return tl::unexpected<Failure>(config_failure(context, loaded.problems));
    for (const auto& file : loaded.files) context.note(file);
    context.note(context.text(loaded.files.empty() ? "cli.config.none" : "daemon.config_ok"));
    return Exit::kOk;
}

Outcome<Exit> run_config_show(Context& context) {
    const auto loaded = load_config(context);
    for (const auto& problem : loaded.problems)
        context.warn(one_line(context.said(problem.text())));
    const bool all = context.args().has("effective");
    json list = json::array();
    Table table{.columns = {{.title = context.text("cli.column.setting"), .min = 20},
                            {.title = context.text("cli.column.value")},
                            {.title = context.text("cli.column.source")}},
                .rows = {}};
    for (const auto& setting : settings_of(loaded.config)) {
        const auto origin = loaded.origins.find(setting.key);
        const bool is_default = origin == loaded.origins.end();
        if (is_default && !all) continue;
        const auto source = is_default ? "default" : origin->second;
        list.push_back(
            {{"key", setting.key}, {"value", json::parse(setting.value)}, {"source", source}});
        table.add(
            {setting.key, setting.value, is_default ? context.text("cli.config.default") : source});
    }
    if (context.json())
        context.print_json(json{{"files", loaded.files}, {"settings", list}});
    else
        context.print(table);
    if (!loaded.problems.empty())
        return tl::unexpected<Failure>(config_failure(context, loaded.problems));
    return Exit::kOk;
}

Outcome<Exit> run_doctor(Context& context) {
    if (!context.json()) tell_cost(context);
    const auto answer = examined(context);
    if (!answer) return tl::unexpected<Failure>(answer.error());
    const bool fine = flag_at(*answer, "ok");
    if (context.json()) {
        context.print_json(*answer);
        return fine ? Exit::kOk : Exit::kFailed;
    }
    int findings = 0;
    for (const auto& check : list_at(*answer, "checks")) {
        const bool good = flag_at(check, "ok");
        const auto kind = text_at(check, "check");
        auto name = context.text_or("doctor." + kind + ".name", kind);
        if (const auto subject = text_at(check, "subject"); !subject.empty()) name += " " + subject;
        context.print(context.paint(good ? Paint::kGreen : Paint::kRed, good ? "✓ " : "✗ ") +
                      one_line(name));
        if (good) continue;
        ++findings;
        context.print("  " + one_line(text_at(check, "text")));
        if (const auto fix = text_at(check, "fix"); !fix.empty())
            context.print(context.text("cli.doctor.fix", {{"fix", one_line(fix)}}));
    }
    context.note(fine ? context.text("cli.doctor.fine")
                      : context.text("cli.doctor.found", {{"count", std::to_string(findings)}}));
    tell_open_questions(context);
    return fine ? Exit::kOk : Exit::kFailed;
}

// What a connector can, in the words of the contract; not what every one must.
std::string abilities_of(const json& plugin) {
    std::string out;
    for (const auto& function : list_at(plugin, "functions")) {
        const auto name = function.is_string() ? function.get<std::string>() : std::string();
        if (name == "open" || name == "close" || name == "describe") continue;
        out += (out.empty() ? "" : " ") + name;
    }
    return out;
}

Outcome<Exit> run_plugins(Context& context) {
    const auto answer = context.api().get("/plugins");
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json()) {
        context.print_json(*answer);
        return Exit::kOk;
    }
    Table table{.columns = {{.title = context.text("cli.column.plugin")},
                            {.title = context.text("cli.column.version")},
                            {.title = "ABI", .right = true},
                            {.title = context.text("cli.column.can")},
                            {.title = "SHA-256", .min = 12},
                            {.title = context.text("cli.column.path"), .min = 20},
                            {.title = context.text("cli.column.reason")}},
                .rows = {}};
    // Enough to tell two apart; --json has all of it.
    for (const auto& plugin : list_at(*answer, "plugins"))
        table.add({text_at(plugin, "name"), text_at(plugin, "version"), text_at(plugin, "abi"),
                   abilities_of(plugin), text_at(plugin, "sha256").substr(0, 12),
                   text_at(plugin, "path"), text_at(object_at(plugin, "error"), "message")});
    context.print(table);
    return Exit::kOk;
}

Outcome<Exit> run_reload(Context& context) {
    const auto answer = context.api().post("/reload", json::object());
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json()) {
        context.print_json(*answer);
        return Exit::kOk;
    }
    context.note(context.text("cli.reloaded"));
    for (const auto& key : list_at(*answer, "restart_needed"))
        context.warn(context.text("cli.reload.restart", {{"key", one_line(cell(key))}}));
    for (const auto& finding : list_at(*answer, "unusable")) {
        context.warn(one_line(text_at(finding, "text")));
        context.note(context.text("cli.doctor.fix", {{"fix", one_line(text_at(finding, "fix"))}}));
    }
    return Exit::kOk;
}

}  // namespace kontor::cli
