#include "daemon/backup/repository.hpp"

namespace kontor::backup {
namespace {

// restic's exit code of a backup that could not read some file.
constexpr int kIncomplete = 3;
// What a child needs to find programs, keys and certificates; nothing else is handed on.
constexpr const char* kHandedOn[] = {"PATH",   "HOME",          "USER",           "LANG",
                                     "TMPDIR", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME"};

std::string join(const std::string& name, std::int64_t number) {
    return name + "=" + std::to_string(number);
}

}  // namespace

Result<Program> Repository::program(const Call& call) const {
    Program out;
    out.path = ports_.program;
    out.folder = call.folder;
    out.hopeless = tries_in_vain;
    out.arguments = {"--password-file=/dev/fd/3", "--repository-file=/dev/fd/4"};
    if (ports_.cache_folder.empty())
        out.arguments.emplace_back("--no-cache");
    else
        out.arguments.push_back("--cache-dir=" + ports_.cache_folder);
    if (!settings_.ca_file.empty()) out.arguments.push_back("--cacert=" + settings_.ca_file);
    if (settings_.upload_kib > 0)
        out.arguments.push_back(join("--limit-upload", settings_.upload_kib));
    if (settings_.download_kib > 0)
        out.arguments.push_back(join("--limit-download", settings_.download_kib));
    for (const auto& [name, value] : settings_.options)
        out.arguments.push_back("--option=" + name + "=" + value);
    out.arguments.insert(out.arguments.end(), call.arguments.begin(), call.arguments.end());

    for (const char* name : kHandedOn)
        if (auto value = ports_.environment(name); !value.empty())
            out.environment.push_back(std::string(name) + "=" + value);
    const auto unread = [&](const std::string& name, const std::string& reference,
                            const Error& error) {
        auto named = error;
        named.args = {{"backup", settings_.name},
                      {"secret", name},
                      {"reference", reference},
                      {"detail", error.message},
                      {"reason", "backup_no_secret"}};
        return in_context("the secret " + name, std::move(named));
    };
    auto target = settings_.target;
    for (const auto& [name, reference] : settings_.secrets) {
        const auto secret = ports_.secrets.read(reference);
        if (!secret) return unread(name, reference, secret.error());
        if (name == "target")
            target = secret->reveal();
        else
            out.environment.push_back(name + "=" + std::string(secret->reveal()));
    }
    const auto password = ports_.secrets.read(settings_.password);
    if (!password) return unread("password", settings_.password, password.error());
    out.inputs = {std::string(password->reveal()), target};
    return out;
}

Result<std::string> Repository::run(const Call& call) const {
    // A lock of a process that is gone on this machine, or half an hour old, is taken away by
    // restic's own rule; others stay.
    for (bool unlocked = !call.locks;; unlocked = true) {
        std::string output;
        auto started = program(call);
        if (!started) return pass(started);
        auto ended = run_program(
            *started,
            [&](std::string_view line) {
                if (call.line)
                    call.line(line);
                else
                    output.append(line).append("\n");
            },
            ports_.cancelled);
        for (auto& input : started->inputs) host::wipe(input);
        if (!ended) return pass(ended);
        if (ended->code == 0) return output;
        auto error = restic_error(*ended, settings_.name, settings_.target);
        if (ended->code == kIncomplete && error.code == Errc::kStorage)
            error.message = "some files could not be read: " + error.message;
        if (error.code != Errc::kBusy || unlocked) return tl::unexpected<Error>(std::move(error));
        if (auto done = run({.arguments = {"unlock"}, .locks = false}); !done) return pass(done);
    }
}

Result<> Repository::create() const {
    auto done = run({.arguments = {"init"}, .locks = false});
    if (done) return {};
    if (done.error().args["said"].find("already") != std::string::npos)
        return fail(Errc::kConflict, "there is a repository at " + settings_.target,
                    {{"target", settings_.target}, {"reason", "backup_exists"}});
    return pass(done);
}

Result<Stored> Repository::store(const std::string& folder, const std::string& tag,
                                 std::int64_t number,
                                 const std::function<void(double)>& progress) const {
    StoreReport report(progress);
    auto done =
        run({.arguments = {"backup", "--json", "--tag=" + tag,
                           "--tag=" + std::string(kNumberTag) + std::to_string(number), "."},
             .folder = folder,
             .line = [&](std::string_view line) { report.add(line); }});
    if (!done) return pass(done);
    return report.stored();
}

Result<std::vector<Snapshot>> Repository::list(const std::string& tag) const {
    Call call{.arguments = {"snapshots", "--json"}};
    if (!tag.empty()) call.arguments.push_back("--tag=" + tag);
    auto said = run(call);
    if (!said) return pass(said);
    return read_snapshots(*said);
}

Result<> Repository::restore(const std::string& snapshot, const std::string& folder,
                             const std::string& only) const {
    Call call{.arguments = {"restore", snapshot, "--target=" + folder}};
    if (!only.empty()) call.arguments.push_back("--include=" + only);
    auto done = run(call);
    if (!done) return pass(done);
    return {};
}

Result<> Repository::check(bool read_data) const {
    Call call{.arguments = {"check"}};
    if (read_data) call.arguments.emplace_back("--read-data");
    auto done = run(call);
    if (!done) return pass(done);
    return {};
}

Result<> Repository::forget(const std::vector<std::string>& snapshots) const {
    if (snapshots.empty()) return {};
    Call call{.arguments = {"forget", "--prune"}};
    call.arguments.insert(call.arguments.end(), snapshots.begin(), snapshots.end());
    auto done = run(call);
    if (!done) return pass(done);
    return {};
}

Result<> Repository::prune() const {
    auto done = run({.arguments = {"prune"}});
    if (!done) return pass(done);
    return {};
}

Result<std::vector<std::string>> Repository::beyond(const config::Keep& keep,
                                                    const std::string& tag) const {
    if (keep == config::Keep{}) return std::vector<std::string>();
    Call call{.arguments = {"forget", "--dry-run", "--json", "--tag=" + tag, "--group-by="}};
    const std::pair<const char*, std::int64_t> rules[] = {
        {"--keep-last", keep.last},       {"--keep-hourly", keep.hourly},
        {"--keep-daily", keep.daily},     {"--keep-weekly", keep.weekly},
        {"--keep-monthly", keep.monthly}, {"--keep-yearly", keep.yearly}};
    for (const auto& [name, number] : rules)
        if (number > 0) call.arguments.push_back(join(name, number));
    auto said = run(call);
    if (!said) return pass(said);
    return read_removed(*said);
}

}  // namespace kontor::backup
