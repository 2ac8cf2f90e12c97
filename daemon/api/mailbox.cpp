#include "daemon/api/mailbox.hpp"

#include <algorithm>
#include <chrono>

namespace kontor::api {

using namespace feedback;
using replica::Access;

namespace {

constexpr std::size_t kAtOnce = 20;      // fetched together
constexpr std::size_t kNotedMost = 100;  // told of one run
constexpr std::size_t kOpenMost = 1'000;
constexpr std::chrono::seconds kSlice{20};  // of one call; the caller calls again

/// Whether the error is about that one message, as of a survey whose file is gone, or of a record
/// that is locked. Whatever else it is ends the run.
bool is_about_one(const Error& error) {
    const auto reason = error.args.find("reason");
    if (reason != error.args.end() && reason->second == "survey_no_key") return false;
    return error.code == Errc::kNotFound || error.code == Errc::kConfig ||
           error.code == Errc::kConflict || error.code == Errc::kInvalid ||
           error.code == Errc::kPermission;
}

/// Before this there can be no reply: when the first invitation went out.
Result<std::optional<Instant>> first_sent(const replica::Database& db) {
    auto query = db.prepare("SELECT min(sent_at) FROM survey_invitation");
    if (!query) return pass(query);
    auto row = query->step();
    if (!row) return pass(row);
    return parse_instant(query->text(0));
}

}  // namespace

struct Mailbox::Reading {
    const MailboxSettings& settings;
    mail::ImapFolder& folder;
    const std::string& actor;
    MailCursor cursor;
    Received out;
};

Result<Mailbox::Received> Mailbox::receive(const std::string& actor, std::size_t most) {
    auto set = surveys_.settings();
    if (!set) return pass(set);
    const auto& settings = set->mailbox;
    if (settings.imap.empty())
        return fail(Errc::kConfig, "feedback.toml has no [mailbox]",
                    {{"reason", "survey_no_mailbox"}, {"key", "mailbox"}});
    const std::lock_guard lock(reading_);
    auto password = services_.secrets.read(settings.password);
    if (!password) return pass(password);
    MailCursor cursor;
    {
        auto db = services_.databases.lend(Access::kReadOnly);
        if (!db) return pass(db);
        auto loaded = load_mail_cursor(**db, settings);
        if (!loaded) return pass(loaded);
        cursor = std::move(*loaded);
    }
    const mail::Server server{settings.imap, settings.user, std::move(*password), settings.ca_file};
    auto folder = mail::ImapFolder::open(server, settings.folder, {});
    if (!folder) return pass(folder);
    // Another UIDVALIDITY: the folder was made anew, and is looked through once more.
    if (cursor.validity != folder->validity()) cursor = {folder->validity(), 0, {}};
    Reading reading{settings, *folder, actor, std::move(cursor), {}};
    if (auto done = read(reading, most); !done) reading.out.problem = done.error();
    // Also after an error: what was taken was taken.
    if (auto saved = save(reading); !saved) return pass(saved);
    std::int64_t looked_at = 0;
    for (const auto& [kind, count] : reading.out.counts) looked_at += count;
    services_.log.info("mailbox.read", {{"messages", looked_at}, {"left", reading.out.left}});
    return std::move(reading.out);
}

Result<> Mailbox::read(Reading& reading, std::size_t most) {
    std::optional<Instant> since;
    if (reading.cursor.uid == 0) {
        auto db = services_.databases.lend(Access::kReadOnly);
        if (!db) return pass(db);
        auto first = first_sent(**db);
        if (!first) return pass(first);
        if (!*first) return {};
        since = **first - std::chrono::hours(24);  // the server's day may be another one
    }
    auto uids = reading.folder.uids(reading.cursor.uid, since);
    if (!uids) return pass(uids);
    reading.out.left = static_cast<std::int64_t>(uids->size());
    auto todo = std::move(*uids);
    todo.insert(todo.end(), reading.cursor.open.begin(), reading.cursor.open.end());
    const std::span<const std::uint32_t> all(todo.data(), std::min(most, todo.size()));
    const auto until = std::chrono::steady_clock::now() + kSlice;
    for (std::size_t at = 0; at < all.size() && std::chrono::steady_clock::now() < until;
         at += kAtOnce) {
        auto done = take_all(reading, all.subspan(at, std::min(kAtOnce, all.size() - at)));
        if (!done) return done;
        if (auto saved = save(reading); !saved) return saved;
    }
    return {};
}

Result<> Mailbox::save(const Reading& reading) {
    auto db = services_.databases.lend(Access::kLocal);
    if (!db) return pass(db);
    return save_mail_cursor(**db, reading.settings, reading.cursor);
}

Result<> Mailbox::take_all(Reading& reading, std::span<const std::uint32_t> uids) {
    auto messages = reading.folder.fetch(uids);
    if (!messages) return pass(messages);
    for (const auto uid : uids) {
        const auto found = std::ranges::find(*messages, uid, &mail::Fetched::uid);
        // One that is gone was deleted by somebody: there is nothing to take.
        Result<> done;
        if (found != messages->end()) done = take(reading, *found);
        auto& open = reading.cursor.open;
        const bool aside = !done && is_about_one(done.error()) && open.size() < kOpenMost;
        if (!done && !aside) return done;
        std::erase(open, uid);
        if (aside) {
            open.push_back(uid);
            note(reading, {uid, "", done.error().message, true});
        }
        if (uid > reading.cursor.uid) {
            reading.cursor.uid = uid;
            --reading.out.left;
        }
    }
    return {};
}

Result<> Mailbox::take(Reading& reading, const mail::Fetched& message) {
    const auto now = services_.clock.now();
    auto taken = surveys_.take_mail(mail::read_incoming(message.bytes),
                                    std::min(now, message.arrived.value_or(now)), reading.actor);
    if (!taken) return pass(taken);
    ++reading.out.counts[taken->kind];
    if (taken->kind == MailKind::kUnclear)
        note(reading, {message.uid, taken->invitation.who, std::string(to_string(taken->kind))});
    return {};
}

void Mailbox::note(Reading& reading, Noted noted) {
    if (reading.out.noted.size() < kNotedMost) reading.out.noted.push_back(std::move(noted));
}

}  // namespace kontor::api
