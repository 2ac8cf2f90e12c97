#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "sync/base/result.hpp"
#include "sync/replica/database.hpp"

namespace kontor::backup {

/// Some pages of a database, counted from 1.
struct PageSet {
    std::set<std::uint32_t> pages;
    std::uint32_t all_above = 0xffffffff;  ///< and every page with a greater number

    [[nodiscard]] bool contains(std::uint32_t page) const {
        return page > all_above || pages.contains(page);
    }
    void add(const PageSet& other);
    bool operator==(const PageSet&) const = default;
};

/// Knows which pages of a replica's file have been written since the newest point of its backup, so
/// that the next one need not read the others. Whoever writes, with whatever program, writes to the
/// write-ahead log first. So whoever runs (kontord a second after each write, a backup at its
/// beginning) looks what has been committed since the last look, and notes it in a file.
///
/// That nothing was missed has to be proven at each look, by one of two things; else all is
/// forgotten, and the next backup reads the whole file:
///
/// - the log still holds the commit that was the last one noted: what follows is all there is;
/// - the log has begun anew, but the database's file is what it was at the last look, by its
///   identity, size and times. Before a log begins anew, all of it is written to that file: had
///   there been a commit that nobody noted, the file would have been written later.
///
/// A time is a witness only if a later write must have a later one. Nothing is believed across a
/// restart of the machine, for a power cut may set a file's times back and keep its content. A
/// program that changes the file behind SQLite's back is seen when the whole is read next.
///
/// Several processes may use it at a time; one object, one thread at a time.
/// Source: https://www.sqlite.org/wal.html, https://www.sqlite.org/walformat.html
class ChangedPages {
public:
    /// `file` need not exist; beside it lies `FILE.lock`.
    ChangedPages(std::string database, std::string file)
        : database_(std::move(database)), file_(std::move(file)) {}

    /// Notes what has been committed since the last look. Nothing to do if no backup waits to know,
    /// or while another process or thread is at it: never waits for one.
    /// Whatever fails costs no more than a backup that reads the whole.
    void look() const;

    /// Writes the log back, as far as nobody has to wait for it, so that the proof stays. `writer`
    /// may write, `reader` is another handle outside of a transaction. That others are in the way
    /// is no error. kStorage, kFull.
    Result<> write_back(const replica::Database& writer, const replica::Database& reader) const;

    /// A moment of the replica to be stored.
    struct Moment {
        replica::Snapshot snapshot;
        /// The pages that may differ from what they were at the point: all others are the same.
        /// nullopt: nobody knows.
        std::optional<PageSet> changed;
        /// The database's file holds the moment without its log, as long as `snapshot` lives.
        bool in_file = false;
        std::string whole_at;  ///< when the whole was read last, as settle() was told
        bool trusted = true;   ///< distrust() was never called
    };
    /// Begins a snapshot with `db`. `point`: the content of the newest point, "" if there is none.
    /// `token` names the snapshot for settle(). Writers wait for some milliseconds.
    [[nodiscard]] Result<Moment> begin(const replica::Database& db, const std::string& point,
                                       const std::string& token) const;
    /// The point with that content, made from that snapshot, is the newest now. `whole_at` is not
    /// "" if the whole was read for it.
    void settle(const std::string& token, const std::string& point,
                const std::string& whole_at) const;
    /// A page was changed and nobody had noted it: what is noted is not used any more.
    void distrust() const;

private:
    std::string database_;
    std::string file_;
};

}  // namespace kontor::backup
