#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sync/engine/connection_status.hpp"
#include "sync/engine/cycle.hpp"
#include "sync/engine/decisions.hpp"
#include "sync/replica/database.hpp"
#include "tests/support/memory_remote.hpp"

namespace kontor::test {

/// One laptop: a replica in a temporary file, edited as people and programs do, and synced with
/// one or more remotes. Fails the test on any unexpected error.
class Device {
public:
    explicit Device(FakeClock& clock);
    ~Device();
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    /// Sets up a connection with a proposed mapping (which `adjust` may change); syncs nothing yet.
    void prepare(const std::string& name, MemoryRemote& remote,
                 const std::function<void(merge::Mapping&)>& adjust = {});
    /// The same, loads it, and switches pushing on.
    void connect(const std::string& name, MemoryRemote& remote,
                 const std::function<void(merge::Mapping&)>& adjust = {});
    /// Another remote stands behind the connection's address.
    void reroute(const std::string& name, MemoryRemote& remote) { remotes_.at(name) = &remote; }
    /// Changes the mapping of a connection, as an edited file would.
    void remap(const std::string& name, const std::function<void(merge::Mapping&)>& adjust);
    engine::ConnectionSettings& settings(const std::string& name) { return settings_.at(name); }

    engine::CycleReport sync(const std::string& name, const engine::CycleOptions& options = {});
    Result<engine::CycleReport> try_sync(const std::string& name,
                                         const engine::CycleOptions& options = {});

    /// From now on local edits are stamped with the test's time. SQLite's own is the machine's.
    void stamp_by_clock();
    /// Plain SQL through a handle with triggers, as the sqlite3 program has it.
    void sql(const std::string& text);
    [[nodiscard]] Result<> try_sql(const std::string& text);
    [[nodiscard]] std::string text(const std::string& query);  ///< first column, "" for NULL
    [[nodiscard]] std::int64_t number(const std::string& query);

    /// The local id of a remote record.
    [[nodiscard]] std::int64_t local(const std::string& stream, const std::string& ext_id);
    /// The remote id of a local record, "" if none.
    [[nodiscard]] std::string remote_id(const std::string& stream, std::int64_t record);

    /// Copies the replica aside, and later puts that copy in its place.
    void back_up();
    void restore();

    [[nodiscard]] const replica::Database& engine_db() const { return *engine_; }
    [[nodiscard]] const std::string& path() const { return path_; }
    SeededRandom random{7};
    engine::Observer* observer = nullptr;     ///< of all cycles
    engine::Session* session = nullptr;       ///< of all cycles; nullptr: each asks for everything
    std::function<Result<>()> check_mapping;  ///< of all cycles

private:
    void open();

    FakeClock& clock_;
    std::string directory_;
    std::string path_;
    std::unique_ptr<replica::Database> engine_;
    std::unique_ptr<replica::Database> local_;
    std::map<std::string, engine::ConnectionSettings> settings_;
    std::map<std::string, MemoryRemote*> remotes_;
};

/// Contacts and accounts as the scenarios use them.
[[nodiscard]] std::vector<remote::StreamSpec> people_streams();

/// Instructions of SQLite's machine that `work` takes on `db`.
int database_steps(const replica::Database& db, const std::function<void()>& work);

}  // namespace kontor::test
