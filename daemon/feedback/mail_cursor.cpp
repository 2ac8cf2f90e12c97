#include "daemon/feedback/mail_cursor.hpp"

#include <nlohmann/json.hpp>

#include "daemon/feedback/token.hpp"

namespace kontor::feedback {
namespace {

// Of the folder, not of the device: another folder starts anew.
std::string place_of(const MailboxSettings& mailbox) {
    return "mailbox:" + short_hash(mailbox.imap + '\n' + mailbox.user + '\n' + mailbox.folder);
}

}  // namespace

Result<MailCursor> load_mail_cursor(const replica::Database& db, const MailboxSettings& mailbox) {
    auto query = db.prepare("SELECT value FROM kontor_meta WHERE key=?1");
    if (!query) return pass(query);
    query->bind(1, place_of(mailbox));
    auto row = query->step();
    if (!row) return pass(row);
    MailCursor out;
    if (!*row) return out;
    const auto json = nlohmann::json::parse(query->text(0), nullptr, false);
    // What cannot be read is read again: every message is taken once all the same.
    const auto number = [](const nlohmann::json& value) {
        return value.is_number_unsigned() && value <= UINT32_MAX ? value.get<std::uint32_t>() : 0;
    };
    if (!json.is_object()) return out;
    out.validity = number(json.value("validity", nlohmann::json()));
    out.uid = number(json.value("uid", nlohmann::json()));
    for (const auto& uid : json.value("open", nlohmann::json::array()))
        if (const auto n = number(uid); n != 0) out.open.push_back(n);
    return out;
}

Result<> save_mail_cursor(const replica::Database& db, const MailboxSettings& mailbox,
                          const MailCursor& cursor) {
    auto write = db.prepare("INSERT OR REPLACE INTO kontor_meta(key,value) VALUES(?1,?2)");
    if (!write) return pass(write);
    const nlohmann::json json{
        {"validity", cursor.validity}, {"uid", cursor.uid}, {"open", cursor.open}};
    write->bind(1, place_of(mailbox));
    write->bind(2, json.dump());
    return write->run();
}

}  // namespace kontor::feedback
