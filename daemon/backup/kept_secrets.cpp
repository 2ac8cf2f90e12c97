#include "daemon/backup/kept_secrets.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "connectors/host/atomic_file.hpp"
#include "daemon/backup/sealed.hpp"
#include "daemon/feedback/settings.hpp"
#include "sync/backup/file.hpp"

namespace kontor::backup {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

Result<std::set<std::string>> references(const config::Loaded& configuration) {
    std::set<std::string> out;
    const auto add_all = [&](const std::map<std::string, std::string>& named) {
        for (const auto& [name, reference] : named) out.insert(reference);
    };
    const auto& config = configuration.config;
    for (const auto& connection : config.connections) add_all(connection.secrets);
    for (const auto& target : config.backups) {
        out.insert(target.password);
        add_all(target.secrets);
    }
    out.insert(config.jobs.alert.password);
    if (!config.jobs.alert.webhook.starts_with("http")) out.insert(config.jobs.alert.webhook);
    const auto feedback = feedback::load_settings(configuration.folder);
    if (!feedback) return tl::unexpected<Error>(feedback.error());
    out.insert({feedback->link_key, feedback->mail.password, feedback->mailbox.password});
    // Of the passphrases of secrets none: with it anybody could read the others.
    for (const auto& target : config.backups) out.erase(target.secrets_password);
    out.erase("");
    return out;
}

void wipe_all(json& secrets) {
    for (auto& secret : secrets)
        if (secret.is_string()) host::wipe(secret.get_ref<std::string&>());
}

/// A file's folder must be there for the store to write it.
Result<> make_room(const std::string& reference) {
    constexpr std::string_view kFile = "file:";
    if (!reference.starts_with(kFile)) return {};
    return host::make_private_folder(
        fs::path(reference.substr(kFile.size())).parent_path().string());
}

}  // namespace

Result<std::vector<std::string>> keep_secrets(const config::Loaded& configuration,
                                              const host::SecretStore& secrets,
                                              const host::Secret& passphrase,
                                              const std::string& file) {
    const auto all = references(configuration);
    if (!all) return tl::unexpected<Error>(all.error());
    std::vector<std::string> unread;
    json kept = json::object();
    for (const auto& reference : *all) {
        const auto secret = secrets.read(reference);
        if (secret)
            kept[reference] = std::string(secret->reveal());
        else
            unread.push_back(reference);
    }
    auto text = kept.dump(-1, ' ', false, json::error_handler_t::replace);
    wipe_all(kept);
    // Sealed twice, the same text is another: what is unchanged need not be stored again.
    Result<> done;
    const auto before = read_whole(file);
    auto opened = before ? unseal(*before, passphrase) : Result<std::string>("");
    if (!opened || *opened != text) {
        const auto sealed = seal(text, passphrase);
        done = sealed ? write_whole(file, *sealed) : tl::unexpected<Error>(sealed.error());
    }
    if (opened) host::wipe(*opened);
    host::wipe(text);
    if (!done) return pass(done);
    return unread;
}

Result<KeptSecrets> KeptSecrets::open(const std::string& file, const host::Secret& passphrase) {
    const auto sealed = read_whole(file);
    if (!sealed && sealed.error().code == Errc::kNotFound)
        return fail(Errc::kNotFound, "the backup has no secrets in it",
                    {{"reason", "backup_no_secrets"}});
    if (!sealed) return tl::unexpected<Error>(sealed.error());
    auto text = unseal(*sealed, passphrase);
    if (!text) return pass(text);
    auto kept = json::parse(*text, nullptr, false);
    host::wipe(*text);
    KeptSecrets out;
    if (kept.is_object())
        for (auto& [reference, secret] : kept.items())
            if (secret.is_string())
                out.secrets_.emplace(reference, host::Secret(secret.get<std::string>()));
    const bool whole = kept.is_object() && out.secrets_.size() == kept.size();
    if (kept.is_object()) wipe_all(kept);
    if (!whole)
        return fail(Errc::kCorrupt, "the backup is damaged: its secrets are no list of secrets",
                    {{"detail", kSecretsFile}, {"reason", "backup_damaged"}});
    return out;
}

SecretsBack KeptSecrets::put_back(host::SecretStore& to) const {
    SecretsBack out;
    for (const auto& [reference, secret] : secrets_) {
        const auto now = to.read(reference);
        if (now && !now->empty()) {
            out.there.push_back(reference);
            continue;
        }
        auto done = make_room(reference);
        if (done) done = to.write(reference, secret);
        if (done)
            out.written.push_back(reference);
        else
            out.refused[reference] = done.error().message;
    }
    return out;
}

}  // namespace kontor::backup
