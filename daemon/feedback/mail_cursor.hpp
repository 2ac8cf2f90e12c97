#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/feedback/settings.hpp"
#include "sync/replica/database.hpp"

namespace kontor::feedback {

/// How far a folder of a mailbox has been read. A plain value.
struct MailCursor {
    std::uint32_t validity = 0;       ///< UIDVALIDITY; UIDs of another one mean nothing
    std::uint32_t uid = 0;            ///< the last one that was looked at; 0 = none
    std::vector<std::uint32_t> open;  ///< looked at, but something kept them from being taken

    bool operator==(const MailCursor&) const = default;
};

/// What the replica remembers of that folder; nothing yet is a cursor of zeros. kStorage.
[[nodiscard]] Result<MailCursor> load_mail_cursor(const replica::Database& db,
                                                  const MailboxSettings& mailbox);
/// `db` is opened with Access::kLocal.
[[nodiscard]] Result<> save_mail_cursor(const replica::Database& db, const MailboxSettings& mailbox,
                                        const MailCursor& cursor);

}  // namespace kontor::feedback
