#include "daemon/backup/backups.hpp"

#include <algorithm>
#include <filesystem>

#include "connectors/host/atomic_file.hpp"
#include "daemon/backup/kept_secrets.hpp"
#include "daemon/backup/proof.hpp"
#include "daemon/backup/scratch.hpp"

namespace kontor::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTag = "kontor-";

Result<std::string> replica_id(const std::string& state_dir) {
    const auto path = state_dir + "/replica.db";
    if (!fs::exists(path)) return std::string();
    auto db = replica::Database::open(path, {.access = replica::Access::kReadOnly});
    if (!db) return pass(db);
    auto row = db->prepare("SELECT value FROM kontor_meta WHERE key = 'replica_id'");
    if (!row) return pass(row);
    auto there = row->step();
    if (!there) return pass(there);
    return *there ? std::string(row->text(0)) : std::string();
}

}  // namespace

std::string tag_of(const std::string& replica_id) {
    return std::string(kTag) + replica_id;
}

std::string replica_of(const Snapshot& snapshot) {
    for (const auto& tag : snapshot.tags)
        if (tag.starts_with(kTag)) return tag.substr(kTag.size());
    return "";
}

std::string Backups::ledger_of(const config::Backup& target) const {
    return state_dir_ + "/backup/" + target.name + ".json";
}

Repository Backups::repository(const config::Backup& target) const {
    return Repository(target, {ports_.secrets, ports_.environment, ports_.cancelled,
                               state_dir_ + "/backup/cache", ports_.program});
}

Result<Ledger> Backups::ledger(const config::Backup& target) const {
    return load_ledger(ledger_of(target));
}

Result<> Backups::create(const config::Backup& target) const {
    if (auto made = host::make_private_folder(state_dir_ + "/backup"); !made) return made;
    return repository(target).create();
}

Result<std::vector<std::string>> Backups::gather_secrets(const config::Backup& target,
                                                         const config::Loaded& configuration,
                                                         const std::string& file) const {
    if (target.secrets_password.empty()) {
        // It may be another target's.
        std::error_code failed;
        fs::remove(file, failed);
        if (failed)
            return fail(Errc::kStorage, "remove " + file + ": " + failed.message(),
                        {{"path", file}});
        return std::vector<std::string>();
    }
    const auto passphrase = ports_.secrets.read(target.secrets_password);
    if (!passphrase) return in_context("the passphrase of secrets", passphrase.error());
    return keep_secrets(configuration, ports_.secrets, *passphrase, file);
}

Result<RunEntry> Backups::store(const config::Backup& target, const config::Loaded& configuration,
                                const std::function<void(double)>& progress, RunEntry entry) const {
    auto spool = Spool::open(state_dir_);
    if (!spool) return pass(spool);
    const auto gathered =
        spool->gather(configuration, {entry.at, ports_.version, ports_.random.uid()});
    if (!gathered) return tl::unexpected<Error>(gathered.error());
    auto unread = gather_secrets(target, configuration, spool->tree() + "/" + kSecretsFile);
    if (!unread) return pass(unread);
    for (const auto& reference : *unread)
        entry.notes.push_back("the secret " + reference +
                              " cannot be read and is not in the backup");
    for (const auto& one : gathered->miscounted) entry.notes.push_back(miscount_text(one));
    const auto& manifest = gathered->manifest;
    const auto to = repository(target);
    const auto tag = tag_of(manifest.replica_id);
    auto all = to.list(tag);
    if (!all) return pass(all);
    const auto number = all->empty() ? 1 : all->back().number + 1;
    const auto stored = to.store(spool->tree(), tag, number, progress);
    if (!stored) return tl::unexpected<Error>(stored.error());
    // It said the beginning of the name alone.
    all = to.list(tag);
    if (!all) return pass(all);
    for (const auto& snapshot : *all)
        if (snapshot.id.starts_with(stored->snapshot)) entry.snapshot = snapshot.id;
    if (entry.snapshot.empty()) return fail(Errc::kProtocol, "restic does not list the backup");
    entry.shows = manifest.at;
    entry.bytes_added = stored->bytes_added;
    return entry;
}

Result<std::string> Backups::own_replica() const {
    return replica_id(state_dir_);
}

Result<RunEntry> Backups::run(const config::Backup& target, const config::Loaded& configuration,
                              const std::function<void(double)>& progress) const {
    const auto begun = ports_.clock.steady();
    RunEntry entry;
    entry.at = format_instant(ports_.clock.now());
    auto done = store(target, configuration, progress, entry);
    if (done)
        entry = *done;
    else
        entry.error = done.error().message;
    entry.ms = (ports_.clock.steady() - begun).count();
    auto known = ledger(target);
    if (!known) return pass(known);
    known->add(entry);
    auto saved = save_ledger(ledger_of(target), *known);
    if (!done) return done;  // this tells more than that it could not be noted
    if (!saved) return pass(saved);
    return entry;
}

Result<std::vector<Listed>> Backups::list(const config::Backup& target,
                                          const Ledger& ledger) const {
    const auto id = replica_id(state_dir_);
    if (!id) return tl::unexpected<Error>(id.error());
    auto snapshots = repository(target).list(id->empty() ? "" : tag_of(*id));
    if (!snapshots) return pass(snapshots);
    std::vector<Listed> out;
    for (auto& snapshot : *snapshots) {
        auto replica = replica_of(snapshot);
        if (replica.empty()) continue;  // somebody else's
        const auto* drill = ledger.drill_of(snapshot.id);
        out.push_back({std::move(snapshot), std::move(replica), drill});
    }
    return out;
}

Result<> Backups::verify(const config::Backup& target, bool read_data) const {
    return repository(target).check(read_data);
}

Result<DrillEntry> Backups::try_out(const config::Backup& target, const std::string& snapshot,
                                    const std::string& folder) const {
    DrillEntry entry;
    entry.snapshot = snapshot;
    // The secrets lie beside the replica; with them comes the configuration, which is small.
    const bool secrets = !target.secrets_password.empty();
    const auto* part = secrets ? "" : "/replica";
    if (auto done = repository(target).restore(snapshot, folder, part); !done) return pass(done);
    const auto path = folder + "/restored.db";
    auto manifest = assemble(folder + "/replica", std::nullopt, path);
    if (!manifest) return pass(manifest);
    entry.shows = manifest->at;
    entry.bytes = static_cast<std::int64_t>(manifest->size.pages) * manifest->size.page_bytes;
    const auto miscounted = prove_database(path, *manifest, ports_.random);
    if (!miscounted) return tl::unexpected<Error>(miscounted.error());
    for (const auto& one : *miscounted) entry.notes.push_back(miscount_text(one));
    if (!secrets) return entry;
    const auto passphrase = ports_.secrets.read(target.secrets_password);
    if (!passphrase) return in_context("the passphrase of secrets", passphrase.error());
    if (const auto kept = KeptSecrets::open(folder + "/" + kSecretsFile, *passphrase); !kept)
        entry.notes.push_back("the secrets in it cannot be read: " + kept.error().message);
    return entry;
}

Result<DrillEntry> Backups::drill(const config::Backup& target, const std::string& snapshot) const {
    auto known = ledger(target);
    if (!known) return pass(known);
    auto all = list(target, *known);
    if (!all) return pass(all);
    const auto found = std::find_if(all->rbegin(), all->rend(), [&](const Listed& item) {
        return item.snapshot.id.starts_with(snapshot);
    });
    if (found == all->rend())
        return fail(Errc::kNotFound, "there is no such backup",
                    {{"backup", target.name}, {"reason", "backup_none"}});
    auto scratch = Scratch::make(state_dir_ + "/backup/drill-" + target.name);
    if (!scratch) return pass(scratch);

    const auto begun = ports_.clock.steady();
    const auto at = format_instant(ports_.clock.now());
    auto tried = try_out(target, found->snapshot.id, scratch->path());
    DrillEntry entry;
    if (tried) {
        entry = std::move(*tried);
    } else if (tried.error().code != Errc::kCorrupt) {
        return tried;  // nothing was found out about the backup
    } else {
        entry.error = tried.error().message;
    }
    entry.snapshot = found->snapshot.id;
    entry.at = at;
    entry.ms = (ports_.clock.steady() - begun).count();
    known->add(entry);
    if (auto saved = save_ledger(ledger_of(target), *known); !saved) return pass(saved);
    return entry;
}

Result<> Backups::note_pruning(const config::Backup& target, bool pruning) const {
    auto known = ledger(target);
    if (!known) return pass(known);
    known->pruning = pruning;
    return save_ledger(ledger_of(target), *known);
}

Result<std::vector<Listed>> Backups::prune(const config::Backup& target, const Ledger& ledger,
                                           bool dry_run) const {
    auto all = list(target, ledger);
    if (!all) return pass(all);
    std::vector<Listed> out;
    if (all->empty()) return out;
    const auto to = repository(target);
    const auto beyond = to.beyond(target.keep, tag_of(all->back().replica_id));
    if (!beyond) return tl::unexpected<Error>(beyond.error());
    const auto proven = std::find_if(all->rbegin(), all->rend(), [&](const Listed& item) {
        return ledger.proven(item.snapshot.id);
    });
    std::vector<std::string> ids;
    for (const auto& item : *all) {
        const auto& id = item.snapshot.id;
        const bool last_good = proven != all->rend() && proven->snapshot.id == id;
        if (last_good || id == all->back().snapshot.id ||
            std::find(beyond->begin(), beyond->end(), id) == beyond->end())
            continue;
        out.push_back(item);
        ids.push_back(id);
    }
    // What was cut off in the midst may have forgotten backups whose space is not free yet.
    const bool unfinished = ledger.pruning && target.keep != config::Keep{};
    if (dry_run || (ids.empty() && !unfinished)) return out;
    if (auto noted = note_pruning(target, true); !noted) return pass(noted);
    if (auto done = ids.empty() ? to.prune() : to.forget(ids); !done) return pass(done);
    if (auto noted = note_pruning(target, false); !noted) return pass(noted);
    return out;
}

}  // namespace kontor::backup
