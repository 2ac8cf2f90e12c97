// Any sequence of plain SQL statements, drawn from a seed: history tells every state in between,
// and undo goes back to the first and forward again to the last, uids and storage classes included.
#include <catch2/catch.hpp>
#include <random>

#include "sync/replica/history.hpp"
#include "sync/replica/undo.hpp"
#include "tests/sync/replica/support.hpp"

namespace kontor::replica {

using test::Replica;

namespace {

class Statements {
public:
    explicit Statements(std::uint64_t seed) : engine_(seed) {}

    std::string next() {
        const std::string id = std::to_string(pick(8) + 1);
        const std::string f = field(), g = field();
        const std::string row = "(" + id + "," + value() + "," + value() + ")";
        switch (pick(16)) {
            case 0:
                return "INSERT INTO contact(" + pair() + ") VALUES(" + value() + "," + value() +
                       ")";
            case 1:
                return "INSERT OR IGNORE INTO contact(id," + pair() + ") VALUES" + row;
            case 2:
            case 3:
                return "INSERT OR REPLACE INTO contact(id," + pair() + ") VALUES" + row + ",(" +
                       std::to_string(pick(8) + 1) + "," + value() + "," + value() + ")";
            case 4:
                return "INSERT INTO contact(id," + pair() + ") VALUES" + row +
                       " ON CONFLICT(id) DO UPDATE SET " + f + "=excluded." + f;
            case 5:
                return "INSERT INTO contact(id," + pair() + ") VALUES" + row +
                       " ON CONFLICT DO NOTHING";
            case 6:
                return "INSERT INTO contact(id," + pair() + ") VALUES" + row;  // may fail
            case 7:
            case 8:
                return "DELETE FROM contact WHERE id=" + id;
            case 9:
                return pick(4) == 0 ? "DELETE FROM contact" : "DELETE FROM contact WHERE phone='a'";
            case 10:
                return "BEGIN; UPDATE contact SET " + f + "=" + value() +
                       "; REPLACE INTO contact(id) VALUES(" + id +
                       "); DELETE FROM contact; ROLLBACK";
            case 11:
                return "UPDATE contact SET " + f + "=" + g + "," + g + "=" + f;
            case 12:
                return std::string("PRAGMA recursive_triggers=") + (pick(2) != 0 ? "ON" : "OFF");
            case 13:
                return "INSERT INTO contact(uid," + f + ") SELECT uid,phone FROM contact LIMIT 2";
            default:
                return "UPDATE contact SET " + f + "=" + value() + " WHERE id=" + id;
        }
    }

    std::size_t pick(std::size_t n) { return engine_() % n; }

private:
    std::string field() {
        static const char* const kNames[] = {"last_name", "phone", "email_opt_out", "exchange_rate",
                                             "account_id"};
        return kNames[pick(5)];
    }
    std::string pair() { return pick(2) != 0 ? "last_name,exchange_rate" : "phone,email_opt_out"; }
    std::string value() {
        static const char* const kValues[] = {"NULL", "''",  "'a'", "'b'",   "1",
                                              "1.0",  "2.5", "'1'", "x'61'", "'中文'"};
        return kValues[pick(10)];
    }
    std::mt19937_64 engine_;
};

constexpr const char* kDump =
    "SELECT id,uid,quote(last_name),quote(phone),quote(email_opt_out),quote(exchange_rate),"
    "quote(account_id) FROM contact ORDER BY id";

/// All records by id with their values, as history tells them for an entry, or as they are.
std::vector<std::string> told(const Replica& replica, const Entity& contact, std::int64_t seq) {
    std::vector<std::string> out;
    for (const std::string& id :
         replica.rows("SELECT DISTINCT record FROM kontor_history ORDER BY 1")) {
        const auto image = record_at_seq(replica.db(), contact, std::stoll(id), seq);
        REQUIRE(image);
        if (!*image) continue;
        std::string line = id + "|" + (**image).uid.text();
        for (const auto& [name, value] : (**image).values)
            if (!value.is_null())
                line += "|" + name + "=" + value.text() + std::to_string(value.integer()) +
                        std::to_string(value.real());
        out.push_back(line);
    }
    return out;
}

}  // namespace

TEST_CASE("history tells every state, and undo goes there and back", "[replica][property]") {
    const std::uint64_t seed = GENERATE(range(1, 26));
    CAPTURE(seed);
    Replica replica;
    Statements statements(seed);
    const Catalogue catalogue = replica.catalogue();
    const Entity& contact = *catalogue.entity("contact");
    replica.run(
        "INSERT INTO contact(id,last_name,phone,exchange_rate) VALUES"
        "(1,'a','b',1.5),(2,NULL,x'00',NULL),(3,'','1',2)");
    const std::int64_t start = replica.last_seq();
    const auto first = replica.rows(kDump);

    std::vector<std::pair<std::int64_t, std::vector<std::string>>> moments;
    for (int i = 0; i < 40; ++i) {
        const std::string sql = statements.next();
        INFO(sql);
        const auto before = replica.rows(kDump);
        if (!replica.db().execute(sql)) CHECK(replica.rows(kDump) == before);
        REQUIRE_FALSE(replica.db().in_transaction());
        moments.emplace_back(replica.last_seq(), told(replica, contact, INT64_MAX));
    }
    for (const auto& [seq, state] : moments) {
        CAPTURE(seq);
        CHECK(told(replica, contact, seq) == state);
    }
    CHECK(replica.one("SELECT count(*) FROM kontor_tombstone t JOIN contact c ON c.id=t.record") ==
          "0");

    const auto last = replica.rows(kDump);
    if (replica.last_seq() == start) return;
    const auto back =
        undo(replica.db(), catalogue, UndoScope::since(start + 1), "t", test::nothing_only_read);
    REQUIRE(back);
    CHECK(back->plan.skipped.empty());
    CHECK(replica.rows(kDump) == first);
    if (back->last_seq < back->first_seq) return;
    const auto forth =
        undo(replica.db(), catalogue, UndoScope::range(back->first_seq, back->last_seq), "t",
             test::nothing_only_read);
    REQUIRE(forth);
    CHECK(forth->plan.skipped.empty());
    CHECK(replica.rows(kDump) == last);
}

}  // namespace kontor::replica
