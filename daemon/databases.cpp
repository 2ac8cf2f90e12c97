#include "daemon/databases.hpp"

#include <sqlite3.h>

#include <utility>

#include "sync/replica/moved.hpp"

namespace kontor::app {

namespace {
constexpr std::size_t kIdleMax = 4;  // of each kind
// Pages of the log at which a writer stops to write it back itself. That is Upkeep's work: nobody's
// edit should wait for it, unless Upkeep cannot keep up.
constexpr int kCheckpointPages = 8'192;

}  // namespace

Result<Databases::Lease> Databases::lend(replica::Access access) {
    {
        const std::lock_guard lock(mutex_);
        auto& idle = idle_[access];
        if (!idle.empty()) {
            auto db = std::move(idle.back());
            idle.pop_back();
            return Lease(this, access, std::move(db));
        }
        // Another file of that name would be opened beside the log of the one that is open.
        for (const auto& [kind, handles] : idle_)
            if (!handles.empty() && handles.front()->has_moved())
                return replica::moved_error(path_);
    }
    auto opened = replica::Database::open(path_, options(access));
    if (!opened) return pass(opened);
    return Lease(this, access, std::make_unique<replica::Database>(std::move(*opened)));
}

Result<Databases::Lease> Databases::lend_for_many(replica::Access access) {
    auto how = options(access);
    how.yields = true;
    auto opened = replica::Database::open(path_, how);
    if (!opened) return pass(opened);
    return Lease(nullptr, access, std::make_unique<replica::Database>(std::move(*opened)));
}

Result<replica::Database> Databases::take(replica::Access access) {
    auto lease = lend(access);
    if (!lease) return pass(lease);
    return std::move(*std::exchange(lease->db_, nullptr));
}

replica::OpenOptions Databases::options(replica::Access access) const {
    replica::OpenOptions out;
    out.access = access;
    out.turn = &turn_;
    out.checkpoint_pages = kCheckpointPages;
    return out;
}

void Databases::keep(replica::Access access, replica::Database db) {
    give_back(access, std::make_unique<replica::Database>(std::move(db)));
}

Databases::Lease::~Lease() {
    if (db_ && owner_ != nullptr) owner_->give_back(access_, std::move(db_));
}

void Databases::give_back(replica::Access access, std::unique_ptr<replica::Database> db) {
    // A handler that failed half-way must not leave a transaction to the next.
    if (db->in_transaction()) sqlite3_exec(db->raw(), "ROLLBACK", nullptr, nullptr, nullptr);
    const std::lock_guard lock(mutex_);
    auto& idle = idle_[access];
    if (idle.size() < kIdleMax) idle.push_back(std::move(db));
}

void Databases::close_idle() {
    const std::lock_guard lock(mutex_);
    idle_.clear();
}

}  // namespace kontor::app
