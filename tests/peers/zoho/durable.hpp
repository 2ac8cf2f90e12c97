#pragma once
// Keeps changed records, tokens and counters in a SQLite file, so that a restarted peer goes on.

#include <cstdint>
#include <memory>
#include <string>

#include "tests/peers/zoho/oauth.hpp"
#include "tests/peers/zoho/org.hpp"

struct sqlite3;

namespace kontor::peer::zoho {

class Durable {
public:
    /// Empty path: keeps nothing. Throws std::runtime_error when the file cannot be used.
    explicit Durable(const std::string& path);
    ~Durable();
    Durable(const Durable&) = delete;
    Durable& operator=(const Durable&) = delete;

    /// The end of the generated data that a former run chose; 0 when there was none.
    std::int64_t data_end_s() const;
    void load(Org& org, OAuth& oauth);
    /// Writes what changed since the last call, in one transaction.
    void save(Org& org, OAuth& oauth);

private:
    void execute(const std::string& sql) const;
    std::string read_meta(const std::string& key) const;
    void write_meta(const std::string& key, const std::string& value) const;

    sqlite3* database_ = nullptr;
    std::uint64_t sequence_saved_ = 0;
};

}  // namespace kontor::peer::zoho
