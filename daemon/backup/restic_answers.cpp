#include "daemon/backup/restic_answers.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <tuple>

#include "sync/backup/json_number.hpp"

namespace kontor::backup {
namespace {

using nlohmann::json;

constexpr std::size_t kIdSize = 64;
constexpr std::size_t kShortIdSize = 8;
// Counted from 1, one a backup: more is nobody's number, and leaves room for the next.
constexpr std::int64_t kNumberMax = 1'000'000'000'000;
constexpr std::size_t kShownMax = 200;

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

/// Of an answer that cannot be read its beginning: whoever looks into it needs that.
Error unreadable(std::string_view text) {
    return {Errc::kProtocol,
            "restic's answer cannot be read: " + std::string(text.substr(0, kShownMax)),
            {},
            std::nullopt};
}

/// It becomes an argument of restic's, and must be nothing else there.
bool is_id(const std::string& text) {
    return text.size() >= kShortIdSize && text.size() <= kIdSize &&
           text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string id_of(const json& item) {
    auto id = item.at("id").get<std::string>();
    if (id.size() != kIdSize || !is_id(id))
        throw json::other_error::create(501, "no id of a snapshot", &item);
    return id;
}

/// restic says null where it means an empty list.
const json::array_t& list_in(const json& in) {
    static const json::array_t kNone;
    return in.is_null() ? kNone : in.get_ref<const json::array_t&>();
}

std::int64_t number_of(const std::vector<std::string>& tags) {
    std::int64_t out = 0;
    for (const auto& tag : tags) {
        if (!tag.starts_with(kNumberTag)) continue;
        std::int64_t number = 0;
        const auto* const end = tag.data() + tag.size();
        const auto read = std::from_chars(tag.data() + kNumberTag.size(), end, number);
        if (read.ec == std::errc() && read.ptr == end && number > 0 && number <= kNumberMax)
            out = number;
    }
    return out;
}

Stored summary_of(const json& said) {
    Stored out;
    out.snapshot = said.value("snapshot_id", "");
    if (said.contains("data_added")) take_number(said["data_added"], out.bytes_added);
    if (said.contains("total_bytes_processed"))
        take_number(said["total_bytes_processed"], out.bytes_total);
    return out;
}

}  // namespace

void StoreReport::add(std::string_view line) {
    const json said = json::parse(line, nullptr, false);
    if (!said.is_object() || !stored_) return;
    try {
        const std::string kind = said.value("message_type", "");
        if (kind == "status" && progress_)
            progress_(std::clamp(said.value("percent_done", 0.0), 0.0, 1.0));
        if (kind == "summary") stored_ = summary_of(said);
    } catch (const json::exception&) {
        stored_ = tl::unexpected<Error>(unreadable(line));
    }
}

Result<Stored> StoreReport::stored() const {
    if (stored_ && !is_id(stored_->snapshot))
        return fail(Errc::kProtocol, "restic named no snapshot");
    return stored_;
}

Result<std::vector<Snapshot>> read_snapshots(std::string_view text) {
    std::vector<Snapshot> out;
    try {
        const json in = json::parse(text);
        for (const auto& item : list_in(in)) {
            Snapshot snapshot;
            snapshot.id = id_of(item);
            const auto at = parse_instant(item.at("time").get<std::string>());
            if (!at) return fail(Errc::kProtocol, "restic named no time");
            snapshot.at = *at;
            snapshot.host = item.value("hostname", "");
            if (item.contains("tags"))
                for (const auto& tag : list_in(item["tags"]))
                    snapshot.tags.push_back(tag.get<std::string>());
            snapshot.number = number_of(snapshot.tags);
            out.push_back(std::move(snapshot));
        }
    } catch (const json::exception&) {
        return tl::unexpected<Error>(unreadable(text));
    }
    std::stable_sort(out.begin(), out.end(), [](const Snapshot& a, const Snapshot& b) {
        return std::tie(a.number, a.at) < std::tie(b.number, b.at);
    });
    return out;
}

Result<std::vector<std::string>> read_removed(std::string_view text) {
    std::vector<std::string> out;
    try {
        const json in = json::parse(text);
        for (const auto& group : list_in(in))
            for (const auto& item : list_in(group.at("remove"))) out.push_back(id_of(item));
    } catch (const json::exception&) {
        return tl::unexpected<Error>(unreadable(text));
    }
    return out;
}

Error restic_error(const Ended& ended, const std::string& backup, const std::string& target) {
    for (const auto& [text, code, reason] : kWords)
        if (const auto at = ended.errors.find(text); at != std::string::npos) {
            const auto said = said_of(ended.errors, at, code);
            return {code,
                    said,
                    {{"backup", backup}, {"target", target}, {"reason", reason}, {"said", said}},
                    std::nullopt};
        }
    return {Errc::kStorage,
            "restic ended with " + std::to_string(ended.code) + ": " + last_line(ended.errors),
            {{"backup", backup},
             {"target", target},
             {"reason", "backup_failed"},
             {"said", last_line(ended.errors)}},
            std::nullopt};
}

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

}  // namespace kontor::backup
