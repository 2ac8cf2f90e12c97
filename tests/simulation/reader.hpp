#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/replica/database.hpp"
#include "tests/simulation/time.hpp"

struct sqlite3;

namespace kontor::simulation {

/// D8: another program that only reads. It looks each time the engine has committed, wherever in a
/// sync that is; now and then it stays in its snapshot for some commits, as one does that goes
/// through a long result. It must never be refused, never hold up the engine, and never see
/// anything of a transaction that is under way.
class Reader {
public:
    struct Hooks {
        /// City and street of one contact, as it is committed: has anybody entered the two so?
        std::function<bool(std::string_view city, std::string_view street)> entered;
        std::function<bool()> no_power;
        std::function<void(const std::string&)> violation;
    };
    Reader(std::uint64_t seed, Hooks hooks);
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    /// Reads by `reader` whenever `engine` commits, and writes the log of `engine` back at
    /// `checkpoint_pages` as SQLite would without this. Both must live as long as this, or until
    /// another call.
    void follow(const replica::Database& engine, const replica::Database& reader,
                int checkpoint_pages);

private:
    static int on_commit(void* self, sqlite3* engine, const char* schema, int pages);
    void look();
    void read();
    [[nodiscard]] bool run(const char* sql);
    void refused(const Error& error);

    Dice dice_;
    Hooks hooks_;
    const replica::Database* reader_ = nullptr;
    int checkpoint_pages_ = 0;
    std::uint64_t stays_ = 0;              ///< commits, in the snapshot that is open
    std::vector<std::string> seen_, now_;  ///< in that snapshot
};

}  // namespace kontor::simulation
