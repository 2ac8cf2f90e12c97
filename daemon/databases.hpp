#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sync/base/result.hpp"
#include "sync/engine/edit_rules.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/database.hpp"

namespace kontor::app {

/// Handles on the replica for the API's threads: opened when needed, lent to one thread at a time,
/// kept for the next. Thread-safe; must outlive what it lends.
class Databases {
public:
    /// `turn` is shared with everybody else of this process who writes to the file.
    Databases(std::string path, replica::WriteTurn& turn) : path_(std::move(path)), turn_(turn) {}

    /// A handle of one request; goes back at the end of its life, or is closed then.
    class Lease {
    public:
        Lease(Lease&& other) noexcept = default;
        Lease& operator=(Lease&&) = delete;
        ~Lease();
        [[nodiscard]] const replica::Database& operator*() const { return *db_; }
        [[nodiscard]] const replica::Database* operator->() const { return db_.get(); }

    private:
        friend class Databases;
        Lease(Databases* owner, replica::Access access, std::unique_ptr<replica::Database> db)
            : owner_(owner), access_(access), db_(std::move(db)) {}
        Databases* owner_;  // nullptr: nobody keeps it
        replica::Access access_;
        std::unique_ptr<replica::Database> db_;
    };
    [[nodiscard]] Result<Lease> lend(replica::Access access);
    /// For many transactions one after the other: between them others have their turn, programs
    /// that poll for it included.
    [[nodiscard]] Result<Lease> lend_for_many(replica::Access access);
    /// A handle for good: an idle one if there is one, for opening parses all triggers (some 10
    /// ms).
    [[nodiscard]] Result<replica::Database> take(replica::Access access);
    /// How its handles are opened.
    [[nodiscard]] replica::OpenOptions options(replica::Access access) const;
    /// Keeps a handle that was opened elsewhere, with these options, for the next that asks.
    void keep(replica::Access access, replica::Database db);

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] replica::CatalogueCache& catalogues() { return catalogues_; }
    [[nodiscard]] engine::EditRulesCache& edit_rules() { return edit_rules_; }
    /// Closes the handles that nobody uses.
    void close_idle();

private:
    void give_back(replica::Access access, std::unique_ptr<replica::Database> db);

    const std::string path_;
    replica::WriteTurn& turn_;
    replica::CatalogueCache catalogues_;
    engine::EditRulesCache edit_rules_;
    std::mutex mutex_;
    std::map<replica::Access, std::vector<std::unique_ptr<replica::Database>>> idle_;
};

}  // namespace kontor::app
