#include "daemon/feedback/settings.hpp"

#include <filesystem>
#include <regex>

#include "config/parse.hpp"
#include "config/table_reader.hpp"

namespace kontor::feedback {
namespace {

std::string check_public_url(const std::string& text) {
    static const std::regex form(R"(https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?)");
    return std::regex_match(text, form)
               ? ""
               : "must be where people reach the form: https://feedback.example.com";
}

std::string check_listen(const std::string& text) {
    static const std::regex form(R"(([0-9.]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5})");
    return std::regex_match(text, form) ? "" : "must be an address and a port: 127.0.0.1:8087";
}

bool is_server(const std::string& text, const std::string& protocol) {
    const std::regex form(protocol + R"(s?://[A-Za-z0-9.:\[\]-]+)");
    return std::regex_match(text, form);
}

std::string check_smtp(const std::string& text) {
    return is_server(text, "smtp") ? "" : "must be a mail server: smtps://mail.example.com:465";
}

std::string check_imap(const std::string& text) {
    return is_server(text, "imap") ? ""
                                   : "must be a mailbox's server: imaps://mail.example.com:993";
}

std::string check_folder(const std::string& text) {
    static const std::regex form("[ -~]+");
    return std::regex_match(text, form)
               ? ""
               : "must be ASCII, as the server lists it: INBOX or Feedback/Replies";
}

void read_mail(const config::Node& node, config::TableReader::Into into, MailSettings& out) {
    config::TableReader in(node, "mail", into);
    in.text("smtp", out.smtp, check_smtp);
    in.text("user", out.user);
    in.text("password", out.password, config::check_secret_reference);
    in.text("from", out.from);
    in.text("reply_to", out.reply_to);
    in.text("ca_file", out.ca_file);
    in.boolean("tagged", out.tagged);
    if (out.smtp.empty() != out.from.empty()) in.problem(node, "from", "give both smtp and from");
    in.finish();
}

void read_mailbox(const config::Node& node, config::TableReader::Into into, MailboxSettings& out) {
    config::TableReader in(node, "mailbox", into);
    in.text("imap", out.imap, check_imap);
    in.text("user", out.user);
    in.text("password", out.password, config::check_secret_reference);
    in.text("folder", out.folder, check_folder);
    in.text("ca_file", out.ca_file);
    if (out.imap.empty() || out.user.empty() || out.password.empty())
        in.problem(node, "imap", "give imap, user and password");
    in.finish();
}

}  // namespace

std::string settings_path(const std::string& config_folder) {
    return (std::filesystem::path(config_folder) / "feedback.toml").string();
}

Settings read_settings(const std::string& file, config::Problems& problems) {
    Settings out;
    const auto document = config::read_toml(file, problems);
    if (!document) return out;
    config::TableReader in(*document, "", {file, problems, nullptr});
    in.boolean("pulled_answers", out.pulled_answers);
    in.text("link_key", out.link_key, config::check_secret_reference);
    in.text("public_url", out.public_url, check_public_url);
    in.text("listen", out.listen, check_listen);
    in.boolean("forwarded", out.forwarded);
    in.integer("connections", out.connections, 4, 1'024);
    in.integer("requests_per_minute", out.requests_per_minute, 5, 10'000);
    while (!out.public_url.empty() && out.public_url.back() == '/') out.public_url.pop_back();
    if (const auto* node = in.table("mail")) read_mail(*node, {file, problems, nullptr}, out.mail);
    if (const auto* node = in.table("mailbox"))
        read_mailbox(*node, {file, problems, nullptr}, out.mailbox);
    in.finish();
    return out;
}

Result<Settings> load_settings(const std::string& config_folder) {
    const auto file = settings_path(config_folder);
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return Settings{};
    config::Problems problems;
    auto out = read_settings(file, problems);
    if (!problems.empty()) return tl::unexpected<Error>(config::to_error(problems));
    return out;
}

}  // namespace kontor::feedback
