// Backups work without kontord: on the day that they are needed there may be none.
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "config/paths.hpp"
#include "config/table_reader.hpp"
#include "daemon/backup/backups.hpp"
#include "daemon/backup/restore.hpp"
#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/progress.hpp"
#include "daemon/cli/times.hpp"
#include "daemon/version.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;
constexpr std::size_t kShownIdChars = 8;

std::string shown_seconds(std::int64_t ms) {
    return std::to_string(ms / 1000) + "." + std::to_string(ms % 1000 / 100) + " s";
}

std::string shown_id(const std::string& id) {
    return id.substr(0, kShownIdChars);
}

/// All that the commands of this file work with.
class Work {
public:
    explicit Work(Context& context)
        : context_(context),
          loaded_(load(context)),
          backups_(
              loaded_.config.daemon.state_dir,
              {secrets_, clock_, random_,
               [this](const std::string& name) { return context_.io().env(name).value_or(""); },
               [this] { return context_.cancel().requested(); }, kVersion}) {}

    /// The configured backups that the command names: one, or all.
    Outcome<std::vector<config::Backup>> targets() {
        if (!loaded_.problems.empty())
            return tl::unexpected<Failure>(
                failure_of(context_.language(), config::to_error(loaded_.problems)));
        const auto name = context_.args().argument("BACKUP");
        if (name.empty() && !loaded_.config.backups.empty()) return loaded_.config.backups;
        const auto* one = loaded_.config.backup(name);
        if (one != nullptr) return std::vector<config::Backup>{*one};
        std::string known;
        for (const auto& b : loaded_.config.backups) known += (known.empty() ? "" : ", ") + b.name;
        return tl::unexpected<Failure>(
            failed(context_.language(), Exit::kNotFound, "not_found",
                   known.empty() ? "cli.backup.none" : "cli.backup.unknown",
                   {{"name", name}, {"known", known}}, "cli.backup.none.hint"));
    }

    template <class T>
    tl::unexpected<Failure> failure(Result<T>& result) {
        if (context_.cancel().requested()) return context_.interrupted();
        return tl::unexpected<Failure>(failure_of(context_.language(), result.error()));
    }

    /// Does the same for each; a failure of one does not hold up the others (exit code 3).
    Outcome<Exit> for_each(const std::function<Outcome<Exit>(const config::Backup&)>& work) {
        const auto all = targets();
        if (!all) return tl::unexpected<Failure>(all.error());
        Exit worst = Exit::kOk;
        std::optional<Failure> first;
        std::size_t failures = 0;
        for (const auto& target : *all) {
            auto done = work(target);
            if (done) {
                if (*done != Exit::kOk) worst = *done;
                continue;
            }
            if (done.error().exit == Exit::kInterrupted || all->size() == 1) return done;
            ++failures;
            report(done.error(), context_.language(), context_.json(), false, context_.io());
            first = done.error();
        }
        if (failures == 0) return worst;
        return failures == all->size() ? first->exit : Exit::kPartly;
    }

    [[nodiscard]] const config::Loaded& loaded() const { return loaded_; }
    [[nodiscard]] const backup::Backups& backups() const { return backups_; }
    [[nodiscard]] const Clock& clock() const { return clock_; }
    [[nodiscard]] Random& random() { return random_; }
    [[nodiscard]] host::SecretStore& secrets() { return secrets_; }

private:
    static config::Loaded load(Context& context) {
        config::Flags flags;
        flags.config = context.args().option("config");
        flags.socket = context.args().option("socket");
        return config::load(flags, context.io().env, geteuid() == 0);
    }

    Context& context_;
    SystemClock clock_;
    SystemRandom random_;
    host::SystemSecretStore secrets_;
    config::Loaded loaded_;
    backup::Backups backups_;
};

json drill_json(const backup::DrillEntry* drill) {
    return drill != nullptr ? backup::entry_json(*drill) : json(nullptr);
}

std::string proof_word(Context& context, const backup::DrillEntry* drill) {
    if (drill == nullptr) return context.text("cli.backup.unproven");
    return context.text(drill->error.empty() ? "cli.backup.proven" : "cli.backup.broken",
                        {{"at", drill->at}});
}

void print_backups(Context& context, const std::string& name,
                   const std::vector<backup::Listed>& all) {
    if (context.json()) {
        json items = json::array();
        for (const auto& item : all)
            items.push_back({{"id", item.snapshot.id},
                             {"at", format_instant(item.snapshot.at)},
                             {"host", item.snapshot.host},
                             {"replica_id", item.replica_id},
                             {"drill", drill_json(item.drill)}});
        context.print_line({{"backup", name}, {"backups", std::move(items)}});
        return;
    }
    Table table{.columns = {{.title = context.text("cli.column.backup")},
                            {.title = context.text("cli.column.id")},
                            {.title = context.text("cli.column.time"), .min = 24},
                            {.title = context.text("cli.column.host")},
                            {.title = context.text("cli.column.proof"), .min = 24}},
                .rows = {}};
    for (const auto& item : all)
        table.add({name, shown_id(item.snapshot.id), format_instant(item.snapshot.at),
                   item.snapshot.host, proof_word(context, item.drill)});
    context.print(table);
}

/// What is wrong besides, though the backup is good.
void tell(Context& context, const std::vector<std::string>& notes, const std::string& name) {
    for (const auto& note : notes)
        context.warn(
            context.text("cli.backup.note", {{"name", name}, {"detail", context.said(note)}}));
}

json run_json(const std::optional<backup::RunEntry>& run) {
    return run ? backup::entry_json(*run) : json(nullptr);
}

std::string reference_of(const std::string& file) {
    return "file:" + config::whole_path(file);
}

/// The instant that --to means; nullopt for the newest.
Outcome<std::optional<Instant>> wanted_time(Context& context, const Clock& clock) {
    const auto text = context.args().option("to");
    if (text.empty() || text == "latest") return std::optional<Instant>();
    const auto at = time_of(context, text, clock);
    if (!at) return tl::unexpected<Failure>(at.error());
    return std::optional<Instant>(*at);
}

/// The repository to restore from: a configured one, or one that the options describe.
Outcome<config::Backup> source_of(Context& context, Work& work) {
    const auto& args = context.args();
    if (args.has("repository")) {
        config::Backup out;
        out.name = "restore";
        out.target = args.option("repository");
        const auto file = args.option("password-file");
        if (file.empty()) return usage(context.language(), "cli.usage.password_file");
        out.password = reference_of(file);
        return out;
    }
    const auto all = work.targets();
    if (!all) return tl::unexpected<Failure>(all.error());
    const auto name = args.option("from");
    for (const auto& target : *all)
        if (target.name == name || (name.empty() && all->size() == 1)) return target;
    std::string known;
    for (const auto& target : *all) known += (known.empty() ? "" : ", ") + target.name;
    return usage(context.language(), "cli.usage.from", {{"known", known}});
}

}  // namespace

Outcome<Exit> run_backup_init(Context& context) {
    Work work(context);
    return work.for_each([&](const config::Backup& target) -> Outcome<Exit> {
        auto done = work.backups().create(target);
        if (!done) return work.failure(done);
        if (context.json())
            context.print_line({{"backup", target.name}, {"target", target.target}});
        else
            context.print(context.text("cli.backup.made", {{"target", target.target}}));
        return Exit::kOk;
    });
}

Outcome<Exit> run_backup_run(Context& context) {
    Work work(context);
    return work.for_each([&](const config::Backup& target) -> Outcome<Exit> {
        auto done = work.backups().run(target, work.loaded(), {});
        if (!done) return work.failure(done);
        if (context.json()) {
            auto out = run_json(*done);
            out["backup"] = target.name;
            context.print_line(out);
        } else {
            context.print(context.text("cli.backup.stored", {{"name", target.name},
                                                             {"id", shown_id(done->snapshot)},
                                                             {"at", done->shows},
                                                             {"bytes", grouped(done->bytes_added)},
                                                             {"time", shown_seconds(done->ms)}}));
            tell(context, done->notes, target.name);
        }
        return Exit::kOk;
    });
}

Outcome<Exit> run_backup_list(Context& context) {
    Work work(context);
    return work.for_each([&](const config::Backup& target) -> Outcome<Exit> {
        auto ledger = work.backups().ledger(target);
        if (!ledger) return work.failure(ledger);
        auto all = work.backups().list(target, *ledger);
        if (!all) return work.failure(all);
        print_backups(context, target.name, *all);
        return Exit::kOk;
    });
}

Outcome<Exit> run_backup_status(Context& context) {
    Work work(context);
    return work.for_each([&](const config::Backup& target) -> Outcome<Exit> {
        auto ledger = work.backups().ledger(target);
        if (!ledger) return work.failure(ledger);
        const auto& good = ledger->last_good_run;
        const auto* proof = ledger->last_proof();
        const auto behind = ledger->behind(work.clock().now());
        if (context.json()) {
            context.print_line({{"backup", target.name},
                                {"target", target.target},
                                {"last_run", run_json(ledger->last_run)},
                                {"last_good_run", run_json(good)},
                                {"behind_s", behind ? json(behind->count()) : json(nullptr)},
                                {"last_proof", drill_json(proof)}});
            return Exit::kOk;
        }
        context.print(
            context.text("cli.backup.status", {{"name", target.name}, {"target", target.target}}));
        if (behind) {
            const auto minutes = std::chrono::floor<std::chrono::minutes>(*behind);
            context.print(
                context.text("cli.backup.status.newest",
                             {{"at", good->shows}, {"behind", config::format_duration(minutes)}}));
        } else {
            context.print(context.text("cli.backup.status.never"));
        }
        if (ledger->last_run && !ledger->last_run->error.empty())
            context.print(context.text(
                "cli.backup.status.failed",
                {{"at", ledger->last_run->at}, {"detail", context.said(ledger->last_run->error)}}));
        if (proof != nullptr)
            context.print(context.text(
                "cli.backup.status.proof",
                {{"shows", proof->shows}, {"at", proof->at}, {"time", shown_seconds(proof->ms)}}));
        else
            context.print(context.text("cli.backup.status.unproven", {{"name", target.name}}));
        if (good) tell(context, good->notes, target.name);
        if (proof != nullptr) tell(context, proof->notes, target.name);
        return Exit::kOk;
    });
}

Outcome<Exit> run_backup_verify(Context& context) {
    Work work(context);
    const bool read_data = context.args().has("read-data");
    return work.for_each([&](const config::Backup& target) -> Outcome<Exit> {
        auto done = work.backups().verify(target, read_data);
        if (!done) return work.failure(done);
        if (context.json())
            context.print_line({{"backup", target.name}, {"read_data", read_data}, {"ok", true}});
        else
            context.print(
                context.text(read_data ? "cli.backup.verified_data" : "cli.backup.verified",
                             {{"name", target.name}}));
        return Exit::kOk;
    });
}

Outcome<Exit> run_backup_drill(Context& context) {
    Work work(context);
    return work.for_each([&](const config::Backup& target) -> Outcome<Exit> {
        auto done = work.backups().drill(target, context.args().option("snapshot"));
        if (!done) return work.failure(done);
        const bool good = done->error.empty();
        if (context.json()) {
            auto out = drill_json(&*done);
            out["backup"] = target.name;
            context.print_line(out);
        } else {
            context.print(context.text(good ? "cli.backup.drill" : "cli.backup.drill_failed",
                                       {{"name", target.name},
                                        {"id", shown_id(done->snapshot)},
                                        {"shows", done->shows},
                                        {"bytes", grouped(done->bytes)},
                                        {"time", shown_seconds(done->ms)},
                                        {"detail", context.said(done->error)}}));
            tell(context, done->notes, target.name);
        }
        if (!good) return Exit::kFailed;
        return done->notes.empty() ? Exit::kOk : Exit::kPartly;
    });
}

Outcome<Exit> run_backup_prune(Context& context) {
    Work work(context);
    const bool dry = context.args().has("dry-run");
    return work.for_each([&](const config::Backup& target) -> Outcome<Exit> {
        auto ledger = work.backups().ledger(target);
        if (!ledger) return work.failure(ledger);
        auto gone = work.backups().prune(target, *ledger, dry);
        if (!gone) return work.failure(gone);
        print_backups(context, target.name, *gone);
        context.note(
            context.text(dry ? "cli.backup.would_prune" : "cli.backup.pruned",
                         {{"name", target.name}, {"count", std::to_string(gone->size())}}));
        return Exit::kOk;
    });
}

Outcome<Exit> run_restore(Context& context) {
    if (!context.args().argument("ENTITY").empty()) return run_restore_records(context);
    for (const char* option : {"at", "where", "preview", "dry-run"})
        if (context.args().has(option))
            return usage(context.language(), "cli.usage.restore_entity", {{"option", option}});
    Work work(context);
    const auto source = source_of(context, work);
    if (!source) return tl::unexpected<Failure>(source.error());
    const auto to = wanted_time(context, work.clock());
    if (!to) return tl::unexpected<Failure>(to.error());
    const auto& state_dir = work.loaded().config.daemon.state_dir;
    if (!context.args().has("yes")) {
        const auto sure =
            context.confirm(context.text("cli.restore.sure", {{"path", state_dir + "/replica.db"}}),
                            "--yes", false);
        if (!sure) return tl::unexpected<Failure>(sure.error());
        if (!*sure) return Exit::kInterrupted;
    }
    const auto repository = work.backups().repository(*source);
    backup::RestoreRequest request{.state_dir = state_dir,
                                   .to = *to,
                                   .replica_id = context.args().option("replica"),
                                   .config_folder = context.args().option("config-to"),
                                   .secrets_to = &work.secrets()};
    host::Secret passphrase;
    if (const auto file = context.args().option("secrets-password-file"); !file.empty()) {
        auto secret = work.secrets().read(reference_of(file));
        if (!secret) return work.failure(secret);
        passphrase = std::move(*secret);
        request.secrets_passphrase = &passphrase;
    }
    auto done = backup::restore_replica(repository, request, work.clock(), work.random());
    if (!done) return work.failure(done);
    std::int64_t records = 0;
    for (const auto& [entity, count] : done->records) records += count;
    if (context.json()) {
        context.print_json({{"snapshot", done->snapshot},
                            {"shows", done->shows},
                            {"replica_id", done->manifest.replica_id},
                            {"epoch", done->epoch},
                            {"records", done->records},
                            {"set_aside", done->set_aside},
                            {"secrets",
                             {{"written", done->secrets.written},
                              {"there", done->secrets.there},
                              {"refused", done->secrets.refused}}}});
        return Exit::kOk;
    }
    context.print(
        context.text("cli.restore.done", {{"shows", done->shows}, {"records", grouped(records)}}));
    if (!done->set_aside.empty())
        context.print(context.text("cli.restore.aside", {{"path", done->set_aside}}));
    if (request.secrets_passphrase != nullptr)
        context.print(context.text("cli.restore.secrets",
                                   {{"count", std::to_string(done->secrets.written.size())},
                                    {"there", std::to_string(done->secrets.there.size())}}));
    for (const auto& [reference, reason] : done->secrets.refused)
        context.warn(context.text("cli.restore.secret_refused",
                                  {{"reference", reference}, {"detail", context.said(reason)}}));
    if (request.secrets_passphrase == nullptr && !request.config_folder.empty())
        context.note(context.text("cli.restore.no_secrets"));
    context.note(context.text("cli.restore.next"));
    return Exit::kOk;
}

}  // namespace kontor::cli
