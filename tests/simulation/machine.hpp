#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sync/replica/database.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/schema.hpp"

namespace kontor::simulation {

/// Where the replica lies on a machine's disk.
inline constexpr const char* kReplicaPath = "replica.db";

/// Before anything else is asked of SQLite: one thread, and memory that is freed is kept, for it is
/// needed again at once.
void prepare_process();

/// A computer with a replica on its disk and the handles that are open on it: one for SQL, one for
/// syncs, one for what people decide, which is durable at once, and one of a program that only
/// reads. What is drawn in SQL (uids) comes from its own dice.
struct Machine {
    Machine(const std::string& name, const Clock& clock, std::uint64_t seed, Trace& trace);
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    void open();
    void close();

    Disk disk;
    Dice dice;
    std::unique_ptr<replica::Database> local, engine, api, reader;
    std::map<std::string, replica::Statement> queries;  ///< of the oracles, on `local`
};

/// While it lives, what is written into a database that the engine opens for itself is traced as
/// well: the copy of a dry run, which is on no machine.
class TraceOpened {
public:
    explicit TraceOpened(Trace& trace);
    ~TraceOpened();
    TraceOpened(const TraceOpened&) = delete;
    TraceOpened& operator=(const TraceOpened&) = delete;

private:
    Trace* before_;
};

/// Machines that are used again: each starts with a blank replica, but with its handles open and
/// their statements prepared, which is most of what a short scenario would otherwise cost.
class Machines {
public:
    explicit Machines(Tables tables = {});
    ~Machines();
    Machines(const Machines&) = delete;
    Machines& operator=(const Machines&) = delete;

    /// `clock` and `trace` must live until it is given back.
    [[nodiscard]] std::unique_ptr<Machine> take(const Clock& clock, std::uint64_t seed,
                                                Trace& trace);
    void give(std::unique_ptr<Machine> machine);
    /// From now on a blank replica has the indexes of this one, so that handles need not read the
    /// schema again after the first load. Closes it.
    void start_from(Machine& machine);

private:
    void note_schema();

    std::string name_;         ///< of their disks
    std::string blank_;        ///< a replica that has just been made
    std::int64_t schema_ = 0;  ///< SQLite's number of its schema
    int made_ = 0;
    std::vector<std::unique_ptr<Machine>> idle_;
};

}  // namespace kontor::simulation
