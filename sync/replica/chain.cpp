#include "sync/replica/chain.hpp"

#include <openssl/evp.h>
#include <sqlite3.h>

#include <cstring>
#include <memory>
#include <stdexcept>

namespace kontor::replica {

namespace {

constexpr std::size_t kHashSize = 32;

class Sha256 {
public:
    Sha256() : context_(EVP_MD_CTX_new()) {
        if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
            throw std::runtime_error("SHA-256 is not available");
    }
    void add(std::string_view bytes) {
        EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
    }
    /// The hash of what was added; starts anew.
    std::string finish() {
        std::string out(kHashSize, '\0');
        EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(out.data()), nullptr);
        EVP_DigestInit_ex(context_.get(), nullptr, nullptr);
        return out;
    }

private:
    struct Free {
        void operator()(EVP_MD_CTX* c) const noexcept { EVP_MD_CTX_free(c); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

void append_number(std::string& out, std::uint64_t number) {
    for (int shift = 56; shift >= 0; shift -= 8)
        out += static_cast<char>((number >> static_cast<unsigned>(shift)) & 0xff);
}

// Columns of every query of this file: content first, then salt and leaf.
constexpr const char* kRows =
    "SELECT seq,entity,record,field,op,old,at,actor,run,rule,salt,leaf FROM kontor_history"
    " WHERE seq>?1 AND seq<=?2 ORDER BY seq";
constexpr int kContentColumns = 10, kOld = 5, kSalt = 10, kLeaf = 11;

/// A type letter, then the bytes with their length, so that no two values look alike.
void append_value(std::string& out, sqlite3_stmt* row, int column) {
    const int type = sqlite3_column_type(row, column);
    out += static_cast<char>('0' + type);
    if (type == SQLITE_NULL) return;
    if (type == SQLITE_INTEGER)
        return append_number(out, static_cast<std::uint64_t>(sqlite3_column_int64(row, column)));
    if (type == SQLITE_FLOAT) {
        const double real = sqlite3_column_double(row, column);
        std::uint64_t bits = 0;
        std::memcpy(&bits, &real, sizeof bits);
        return append_number(out, bits);
    }
    const auto* data = static_cast<const char*>(sqlite3_column_blob(row, column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
    append_number(out, size);
    if (size != 0) out.append(data, size);
}

std::string leaf_of(Sha256& hash, std::string_view salt, const Statement& row) {
    std::string content;
    for (int column = 0; column < kContentColumns; ++column)
        append_value(content, row.raw(), column);
    hash.add(salt);
    hash.add(content);
    return hash.finish();
}

std::string new_salt(Random& random) {
    std::string salt;
    append_number(salt, random.next());
    append_number(salt, random.next());
    return salt;
}

struct Link {
    std::int64_t last_seq = 0;
    std::string hash;
};

Result<Link> last_link(const Database& db) {
    auto query =
        db.prepare("SELECT last_seq,hash FROM kontor_chain ORDER BY last_seq DESC LIMIT 1");
    if (!query) return pass(query);
    auto row = query->step();
    if (!row) return pass(row);
    if (!*row) return Link{};
    return Link{query->integer(0), std::string(query->blob(1))};
}

/// Grows the hash of one link entry by entry.
class LinkHash {
public:
    void start(std::string_view before) { hash_.add(before); }
    void add(std::int64_t seq, std::string_view leaf) {
        std::string bytes;
        append_number(bytes, static_cast<std::uint64_t>(seq));
        bytes.append(leaf);
        hash_.add(bytes);
    }
    std::string finish() { return hash_.finish(); }

private:
    Sha256 hash_;
};

std::string hex(std::string_view bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

/// Checks the entries of one link; its new hash, or nothing if an entry is wrong (in the report).
Result<std::optional<std::string>> check_stretch(Statement& rows, const Link& before,
                                                 std::int64_t last_seq, ChainReport& report) {
    Sha256 hash;
    LinkHash link;
    link.start(before.hash);
    rows.reset();
    rows.bind(1, before.last_seq);
    rows.bind(2, last_seq);
    std::int64_t seen = before.last_seq;
    while (true) {
        auto row = rows.step();
        if (!row) return pass(row);
        if (!*row) break;
        const std::int64_t seq = rows.integer(0);
        seen = seq;
        const bool erased = rows.is_null(kSalt);
        const bool good = rows.blob(kLeaf).size() == kHashSize &&
                          (erased ? rows.is_null(kOld)
                                  : leaf_of(hash, rows.blob(kSalt), rows) == rows.blob(kLeaf));
        if (!good) {
            report.first_bad = seq;
            return std::nullopt;
        }
        ++report.sealed;
        if (erased) ++report.erased;
        link.add(seq, rows.blob(kLeaf));
    }
    if (seen != last_seq) {
        report.first_bad = last_seq;
        return std::nullopt;
    }
    return link.finish();
}

}  // namespace

Result<bool> seal_history(const Database& db, Random& random, std::int64_t until) {
    auto before = last_link(db);
    if (!before) return pass(before);
    auto rows = db.prepare(kRows);
    if (!rows) return pass(rows);
    auto seal = db.prepare("UPDATE kontor_history SET salt=?2,leaf=?3 WHERE seq=?1");
    if (!seal) return pass(seal);

    Sha256 hash;
    LinkHash link;
    link.start(before->hash);
    rows->bind(1, before->last_seq);
    rows->bind(2, until);
    std::int64_t last = before->last_seq;
    while (true) {
        auto row = rows->step();
        if (!row) return pass(row);
        if (!*row) break;
        last = rows->integer(0);
        const std::string salt = new_salt(random);
        const std::string leaf = leaf_of(hash, salt, *rows);
        link.add(last, leaf);
        // Safe while the query runs: it updates the row that the query stands on, not its key.
        seal->bind(1, last);
        seal->bind_blob(2, salt);
        seal->bind_blob(3, leaf);
        if (auto done = seal->run(); !done) return pass(done);
    }
    if (last == before->last_seq) return false;

    auto insert = db.prepare("INSERT INTO kontor_chain(last_seq,hash) VALUES(?1,?2)");
    if (!insert) return pass(insert);
    insert->bind(1, last);
    insert->bind_blob(2, link.finish());
    if (auto done = insert->run(); !done) return pass(done);
    return true;
}

Result<ChainReport> verify_history(const Database& db) {
    ChainReport report;
    auto links = db.prepare("SELECT last_seq,hash FROM kontor_chain ORDER BY last_seq");
    if (!links) return pass(links);
    auto rows = db.prepare(kRows);
    if (!rows) return pass(rows);
    Link before;
    while (true) {
        auto row = links->step();
        if (!row) return pass(row);
        if (!*row) break;
        const std::int64_t last_seq = links->integer(0);
        auto hash = check_stretch(*rows, before, last_seq, report);
        if (!hash) return pass(hash);
        if (!*hash) return report;
        if (**hash != links->blob(1)) {
            report.first_bad = before.last_seq + 1;
            return report;
        }
        before = {last_seq, **hash};
    }
    report.head = hex(before.hash);
    auto unsealed = db.prepare("SELECT count(*) FROM kontor_history WHERE seq>?1");
    if (!unsealed) return pass(unsealed);
    unsealed->bind(1, before.last_seq);
    auto row = unsealed->step();
    if (!row) return pass(row);
    report.unsealed = unsealed->integer(0);
    return report;
}

Result<bool> erase_history(const Database& db, std::int64_t entity, std::int64_t record) {
    auto erase = db.prepare(
        "UPDATE kontor_history SET old=NULL,salt=NULL,rule='erased' WHERE entity=?1 AND record=?2"
        " AND op<>'l'");
    if (!erase) return pass(erase);
    erase->bind(1, entity);
    erase->bind(2, record);
    if (auto done = erase->run(); !done) return pass(done);
    bool any = db.changes() > 0;
    auto image = db.prepare(
        "UPDATE kontor_tombstone SET image='{}' WHERE entity=?1 AND record=?2 AND image<>'{}'");
    if (!image) return pass(image);
    image->bind(1, entity);
    image->bind(2, record);
    if (auto done = image->run(); !done) return pass(done);
    any = any || db.changes() > 0;
    return any;
}

}  // namespace kontor::replica
