#include "daemon/jobs/alerts.hpp"

#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>

#include "connectors/host/curl_client.hpp"
#include "daemon/backup/program.hpp"
#include "daemon/mail/smtp.hpp"

namespace kontor::jobs {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kWebhookPatience{30};

std::string machine() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return "?";
    return name.data();
}

messages::Args args_of(messages::Language language, const Alert& alert) {
    return {{"job", alert.job},
            {"machine", machine()},
            {"failures", std::to_string(alert.failures)},
            {"at", format_instant(alert.at)},
            {"succeeded", alert.succeeded ? format_instant(*alert.succeeded)
                                          : messages::render(language, "job.alert.never")},
            {"error", alert.error.empty() ? messages::render(language, "job.alert.no_error")
                                          : messages::localized(language, alert.error)}};
}

}  // namespace

std::string alert_subject(messages::Language language, const Alert& alert) {
    return messages::render(language, "job.alert." + alert.kind, args_of(language, alert));
}

std::string alert_text(messages::Language language, const Alert& alert) {
    return alert_subject(language, alert) + "\n\n" +
           messages::render(language, "job.alert.details", args_of(language, alert)) + "\n";
}

std::vector<std::string> plain_environment(
    const std::function<std::string(const std::string&)>& environment) {
    std::vector<std::string> out;
    for (const char* name : {"PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR",
                             "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME",
                             "DBUS_SESSION_BUS_ADDRESS", "KONTOR_SOCKET", "KONTOR_CONFIG"})
        if (auto value = environment(name); !value.empty())
            out.push_back(std::string(name) + "=" + value);
    return out;
}

Result<> Alerts::deliver(const config::Alert& ways, const Alert& alert,
                         const std::function<bool()>& cancelled) const {
    Result<> out;
    const auto note = [&](const char* way, const Result<>& done) {
        if (!done) out = in_context(way, done.error());
    };
    if (!ways.command.empty()) note("alert command", run_command(ways, alert, cancelled));
    if (!ways.webhook.empty()) note("alert webhook", call_webhook(ways, alert));
    if (!ways.email.empty()) note("alert e-mail", send_mail(ways, alert, cancelled));
    return out;
}

Result<> Alerts::run_command(const config::Alert& ways, const Alert& alert,
                             const std::function<bool()>& cancelled) const {
    backup::Program program;
    program.path = ways.command[0];
    program.arguments.assign(ways.command.begin() + 1, ways.command.end());
    program.environment = plain_environment(parts_.environment);
    for (const auto& [name, value] :
         {std::pair("ALERT", alert.kind), std::pair("JOB", alert.job),
          std::pair("CODE", alert.code), std::pair("ERROR", alert.error),
          std::pair("FAILURES", std::to_string(alert.failures)),
          std::pair("SUBJECT", alert_subject(parts_.language, alert)),
          std::pair("TEXT", alert_text(parts_.language, alert))})
        program.environment.push_back("KONTOR_" + std::string(name) + "=" + value);
    auto ended = backup::run_program(program, {}, cancelled);
    if (!ended) return pass(ended);
    if (ended->code != 0)
        return fail(Errc::kUnavailable,
                    "the program ended with code " + std::to_string(ended->code));
    return {};
}

Result<> Alerts::call_webhook(const config::Alert& ways, const Alert& alert) const {
    host::Secret kept;
    std::string url = ways.webhook;
    if (!url.starts_with("http")) {
        auto secret = parts_.secrets.read(url);
        if (!secret) return pass(secret);
        kept = std::move(*secret);
        url = kept.reveal();
    }
    host::CurlOptions options;
    options.extra_ca_file = ways.ca_file;
    options.allow_http_loopback = true;
    auto client = host::CurlHttpClient::create(std::move(options), {});
    if (!client) return pass(client);
    const auto body = json{{"kind", alert.kind},
                           {"job", alert.job},
                           {"machine", machine()},
                           {"at", format_instant(alert.at)},
                           {"failures", alert.failures},
                           {"last_success", alert.succeeded ? json(format_instant(*alert.succeeded))
                                                            : json(nullptr)},
                           {"run", alert.run},
                           {"code", alert.code},
                           {"error", alert.error},
                           {"text", alert_text(parts_.language, alert)}}
                          .dump(-1, ' ', false, json::error_handler_t::replace);
    host::HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = body;
    request.timeout = kWebhookPatience;
    auto answer = (*client)->send(request);
    host::wipe(url);
    host::wipe(request.url);
    if (!answer) return pass(answer);
    if (answer->status < 200 || answer->status > 299)
        return fail(Errc::kUnavailable, "the server answers " + std::to_string(answer->status));
    return {};
}

Result<> Alerts::send_mail(const config::Alert& ways, const Alert& alert,
                           const std::function<bool()>& cancelled) const {
    mail::Server server;
    server.url = ways.smtp;
    server.user = ways.user;
    server.ca_file = ways.ca_file;
    if (!ways.password.empty()) {
        auto password = parts_.secrets.read(ways.password);
        if (!password) return pass(password);
        server.password = std::move(*password);
    }
    mail::Message message;
    message.from = ways.from;
    message.to = ways.email;
    message.subject = alert_subject(parts_.language, alert);
    message.text = alert_text(parts_.language, alert);
    message.id = "kontor." + alert.job + "." + alert.kind + "." +
                 std::to_string(alert.at.time_since_epoch().count());
    message.at = alert.at;
    return mail::send(server, message, cancelled);
}

}  // namespace kontor::jobs
