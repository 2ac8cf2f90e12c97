#include "daemon/backup/repository.hpp"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <tuple>

namespace kontor::backup {
namespace {

using nlohmann::json;

// restic's exit code of a backup that could not read some file.
constexpr int kIncomplete = 3;
constexpr std::string_view kNumberTag = "number-";
// What a child needs to find programs, keys and certificates; nothing else is handed on.
constexpr const char* kHandedOn[] = {"PATH",   "HOME",          "USER",           "LANG",
                                     "TMPDIR", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME"};

struct Words {
    const char* text;  ///< in what restic writes
    Errc code;
    const char* reason;
};
// The first that fits counts: who cannot reach the server also wonders whether there is a
// repository.
constexpr Words kWords[] = {
    {"wrong password or no key found", Errc::kUnauthenticated, "backup_passphrase"},
    {"connection refused", Errc::kUnavailable, "backup_unreachable"},
    {"Connection refused", Errc::kUnavailable, "backup_unreachable"},
    {"Connection reset", Errc::kUnavailable, "backup_unreachable"},
    {"connection reset", Errc::kUnavailable, "backup_unreachable"},
    {"broken pipe", Errc::kUnavailable, "backup_unreachable"},
    {"i/o timeout", Errc::kUnavailable, "backup_unreachable"},
    {"Connection closed", Errc::kUnavailable, "backup_unreachable"},
    {"connection lost", Errc::kUnavailable, "backup_unreachable"},
    {"Could not resolve", Errc::kUnavailable, "backup_unreachable"},
    {"no such host", Errc::kUnavailable, "backup_unreachable"},
    {"Host key verification failed", Errc::kTls, "backup_host_key"},
    {"x509: ", Errc::kTls, "backup_certificate"},
    {"SignatureDoesNotMatch", Errc::kUnauthenticated, "backup_refused"},
    {"signature we calculated does not match", Errc::kUnauthenticated, "backup_refused"},
    {"Access Denied", Errc::kUnauthenticated, "backup_refused"},
    {"AccessDenied", Errc::kUnauthenticated, "backup_refused"},
    {"401 Unauthorized", Errc::kUnauthenticated, "backup_refused"},
    {"403 Forbidden", Errc::kPermission, "backup_refused"},
    // What ssh has said itself often comes too late to be seen.
    {"unable to start the sftp session", Errc::kUnavailable, "backup_no_ssh"},
    {"already locked", Errc::kBusy, "backup_locked"},
    // A lock that another machine has taken away meanwhile, where lists lag behind (Swift's do).
    {"Load(<lock/", Errc::kBusy, "backup_locked"},
    {"no space left on device", Errc::kFull, "backup_full"},
    {"disk quota exceeded", Errc::kFull, "backup_full"},
    {"file too large", Errc::kFull, "backup_full"},
    {"does not match id", Errc::kCorrupt, "backup_damaged"},
    {"ciphertext verification failed", Errc::kCorrupt, "backup_damaged"},
    {"repository contains errors", Errc::kCorrupt, "backup_damaged"},
    {"errors were found", Errc::kCorrupt, "backup_damaged"},
    {"not found in repository", Errc::kCorrupt, "backup_damaged"},
    {"not found in index", Errc::kCorrupt, "backup_damaged"},
    {"Fatal: There were ", Errc::kCorrupt, "backup_damaged"},
    {"unexpected EOF", Errc::kCorrupt, "backup_damaged"},
    {"Is there a repository at the following location", Errc::kNotFound, "backup_no_repository"},
    {"Permission denied", Errc::kPermission, "backup_refused"},
    {"permission denied", Errc::kPermission, "backup_refused"},
};

// How often restic may try the same again: its waits grow, these are half a minute. By itself it
// goes on for a quarter of an hour, with the repository locked; who runs a backup tries again
// later.
constexpr int kTriesMax = 9;

/// Whether restic tries in vain: what is refused once is refused again.
bool tries_in_vain(std::string_view errors) {
    constexpr std::string_view kTry = "returned error, retrying";
    int tries = 0;
    for (auto at = errors.find(kTry); at != errors.npos; at = errors.find(kTry, at + 1)) ++tries;
    if (tries == 0) return false;
    for (const std::string_view word :
         {"403 Forbidden", "401 Unauthorized", "no space left on device", "disk quota exceeded",
          "Access Denied", "AccessDenied", "SignatureDoesNotMatch", "x509: "})
        if (errors.find(word) != errors.npos) return true;
    return tries >= kTriesMax;
}

std::string last_line(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    const auto line = text.rfind('\n');
    return std::string(line == text.npos ? text : text.substr(line + 1));
}

std::string line_at(std::string_view text, std::size_t at) {
    const auto begin = text.rfind('\n', at) + 1;  // npos + 1 is the beginning
    return std::string(text.substr(begin, text.find('\n', at) - begin));
}

/// What restic says about why it ended: the line with the words by which that is known, at `from`.
/// The last one may name nothing but the repository, or a command of restic's. Of a lock also since
/// when.
std::string said_of(std::string_view errors, std::size_t from, Errc code) {
    auto out = line_at(errors, from);
    if (code != Errc::kBusy) return out;
    const auto since = errors.find("lock was created at ", from);
    if (since != errors.npos)
        out += "; " + std::string(errors.substr(since, errors.find('\n', since) - since));
    return out;
}

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

Error Repository::error_of(const Ended& ended) const {
    for (const auto& [text, code, reason] : kWords)
        if (const auto at = ended.errors.find(text); at != std::string::npos) {
            const auto said = said_of(ended.errors, at, code);
            return {code,
                    said,
                    {{"backup", settings_.name},
                     {"target", settings_.target},
                     {"reason", reason},
                     {"said", said}},
                    std::nullopt};
        }
    return {Errc::kStorage,
            "restic ended with " + std::to_string(ended.code) + ": " + last_line(ended.errors),
            {{"backup", settings_.name},
             {"target", settings_.target},
             {"reason", "backup_failed"},
             {"said", last_line(ended.errors)}},
            std::nullopt};
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
        auto error = error_of(*ended);
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
    Stored out;
    const auto line = [&](std::string_view text) {
        const json said = json::parse(text, nullptr, false);
        if (!said.is_object()) return;
        const auto kind = said.value("message_type", "");
        if (kind == "status" && progress) progress(said.value("percent_done", 0.0));
        if (kind != "summary") return;
        out.snapshot = said.value("snapshot_id", "");
        out.bytes_added = said.value("data_added", std::int64_t{0});
        out.bytes_total = said.value("total_bytes_processed", std::int64_t{0});
    };
    auto done =
        run({.arguments = {"backup", "--json", "--tag=" + tag,
                           "--tag=" + std::string(kNumberTag) + std::to_string(number), "."},
             .folder = folder,
             .line = line});
    if (!done) return pass(done);
    if (out.snapshot.empty()) return fail(Errc::kProtocol, "restic named no snapshot");
    return out;
}

Result<std::vector<Snapshot>> Repository::list(const std::string& tag) const {
    Call call{.arguments = {"snapshots", "--json"}};
    if (!tag.empty()) call.arguments.push_back("--tag=" + tag);
    auto said = run(call);
    if (!said) return pass(said);
    std::vector<Snapshot> out;
    try {
        for (const auto& item : json::parse(*said)) {
            Snapshot snapshot;
            item.at("id").get_to(snapshot.id);
            const auto at = parse_instant(item.at("time").get<std::string>());
            if (!at) return fail(Errc::kProtocol, "restic named no time");
            snapshot.at = *at;
            snapshot.host = item.value("hostname", "");
            if (item.contains("tags") && item["tags"].is_array())
                item["tags"].get_to(snapshot.tags);
            for (const auto& one : snapshot.tags)
                if (one.starts_with(kNumberTag))
                    snapshot.number = std::atoll(one.c_str() + kNumberTag.size());
            out.push_back(std::move(snapshot));
        }
    } catch (const json::exception& e) {
        return fail(Errc::kProtocol, std::string("restic's list: ") + e.what());
    }
    std::stable_sort(out.begin(), out.end(), [](const Snapshot& a, const Snapshot& b) {
        return std::tie(a.number, a.at) < std::tie(b.number, b.at);
    });
    return out;
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
    std::vector<std::string> out;
    if (keep == config::Keep{}) return out;
    Call call{.arguments = {"forget", "--dry-run", "--json", "--tag=" + tag, "--group-by="}};
    const std::pair<const char*, std::int64_t> rules[] = {
        {"--keep-last", keep.last},       {"--keep-hourly", keep.hourly},
        {"--keep-daily", keep.daily},     {"--keep-weekly", keep.weekly},
        {"--keep-monthly", keep.monthly}, {"--keep-yearly", keep.yearly}};
    for (const auto& [name, number] : rules)
        if (number > 0) call.arguments.push_back(join(name, number));
    auto said = run(call);
    if (!said) return pass(said);
    try {
        for (const auto& group : json::parse(*said))
            if (group.contains("remove") && group["remove"].is_array())
                for (const auto& item : group["remove"])
                    out.push_back(item.at("id").get<std::string>());
    } catch (const json::exception& e) {
        return fail(Errc::kProtocol, std::string("restic's list: ") + e.what());
    }
    return out;
}

}  // namespace kontor::backup
