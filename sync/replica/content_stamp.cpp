#include "sync/replica/content_stamp.hpp"

#include <sqlite3.h>

namespace kontor::replica {

Result<ContentStamp> content_stamp(const Database& db) {
    const auto others = db.scalar("PRAGMA data_version");
    if (!others) return tl::unexpected<Error>(others.error());
    return ContentStamp{.others = *others, .own = sqlite3_total_changes64(db.raw())};
}

}  // namespace kontor::replica
