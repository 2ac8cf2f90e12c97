#include "daemon/doctor/doctor.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "daemon/feedback/settings.hpp"
#include "sync/replica/moved.hpp"

namespace kontor::doctor {
namespace {

void examine_connection(api::Services& services, const app::Worker& worker,
                        std::vector<Finding>& out) {
    const auto& c = worker.connection();
    const auto first = static_cast<std::ptrdiff_t>(out.size());
    if (!services.connectors_at.folder.empty())
        out.push_back(check_plugin(c.name, c.plugin, services.connectors_at));
    std::ranges::move(examine_settings(c, services.secrets), std::back_inserter(out));

    auto remote = services.remotes.open(c, {});
    Result<remote::Identity> answer = fail(Errc::kInternal, "");
    if (remote)
        answer = (*remote)->check();
    else
        answer = tl::unexpected<Error>(remote.error());
    const auto now = services.clock.now();
    out.push_back(check_connection(c.name, answer));
    if (answer && answer->server_time != Instant{})
        out.push_back(check_clock(c.name, answer->server_time - now));

    const auto status = worker.status();
    // Where the reason is among the findings, it need not be told twice.
    if (std::all_of(out.begin() + first, out.end(), [](const Finding& each) { return each.ok; }))
        out.push_back(check_last_sync(c.name, status.error));
    const auto interval = c.interval.count() != 0 ? c.interval : worker.sync().interval;
    out.push_back(check_stale(c.name, status.last_success_at, services.started_at, now, interval));
}

/// Those of backups, alerts and mail: they are wanted at night, when nobody looks.
void examine_secrets(api::Services& services, const config::Loaded& loaded,
                     std::vector<Finding>& out) {
    const auto look = [&](const std::string& of, const std::string& name,
                          const std::string& reference) {
        if (!reference.empty()) out.push_back(check_secret(of, name, reference, services.secrets));
    };
    for (const auto& backup : loaded.config.backups) {
        const auto of = "[backup." + backup.name + "]";
        look(of, "password", backup.password);
        look(of, "secrets_password", backup.secrets_password);
        for (const auto& [name, reference] : backup.secrets) look(of, name, reference);
    }
    const auto& alert = loaded.config.jobs.alert;
    look("[jobs.alert]", "password", alert.password);
    if (!alert.webhook.starts_with("http")) look("[jobs.alert]", "webhook", alert.webhook);
    // What is wrong in feedback.toml is told where it is used.
    if (const auto feedback = feedback::load_settings(loaded.folder)) {
        look("feedback.toml [mail]", "password", feedback->mail.password);
        look("feedback.toml [mailbox]", "password", feedback->mailbox.password);
    }
}

}  // namespace

std::vector<Finding> examine_settings(const config::Connection& c,
                                      const host::SecretStore& secrets) {
    std::vector<Finding> out;
    for (const auto& [name, reference] : c.secrets)
        out.push_back(check_secret(c.name, name, reference, secrets));
    for (const auto& [name, folder] : c.folders) out.push_back(check_folder(c.name, name, folder));
    out.push_back(check_mapping(c.name, c.mapping));
    if (!c.ca_file.empty()) out.push_back(check_ca_file(c.name, c.ca_file));
    return out;
}

std::vector<Finding> examine(api::Services& services) {
    std::vector<Finding> out;
    const auto loaded = services.configuration();
    // What is in force is right; the files may have been edited since.
    out.push_back(check_config(services.check_configuration()));
    const auto& daemon = loaded.config.daemon;
    std::error_code unknown;
    const auto size = std::filesystem::file_size(services.databases.path(), unknown);
    out.push_back(check_disk(daemon.state_dir, free_bytes(daemon.state_dir),
                             unknown ? 0 : static_cast<std::int64_t>(size)));
    out.push_back(check_writable(services.databases.path()));
    out.push_back(check_permissions(daemon.state_dir, 0700));
    out.push_back(check_permissions(services.databases.path(), 0600));
    out.push_back(check_permissions(daemon.socket, 0600));
    out.push_back(
        check_permissions(std::filesystem::path(daemon.socket).parent_path().string(), 0700));
    auto db = services.databases.lend(replica::Access::kReadOnly);
    const bool moved = db ? (*db)->has_moved() : replica::is_moved_error(db.error());
    out.push_back(check_in_place(services.databases.path(), moved));
    if (db)
        out.push_back(check_integrity(services.health.examine(**db)));
    else if (!moved)
        out.push_back(check_integrity(tl::unexpected<Error>(db.error())));
    if (!db) services.health.note(db.error());
    const auto& isolation = services.connectors_at.isolation;
    if (!services.connectors_at.folder.empty())
        out.push_back(check_sandbox(isolation, sandbox::landlock_level(isolation.landlock)));
    examine_secrets(services, loaded, out);
    for (const auto& worker : services.connections.all())
        examine_connection(services, *worker, out);
    return out;
}

}  // namespace kontor::doctor
