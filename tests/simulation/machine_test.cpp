// A story that is told again on a machine that was used before leaves the same trace, and whatever
// is written a trace at all (D10).
#include "tests/simulation/machine.hpp"

#include <catch2/catch.hpp>
#include <optional>

#include "tests/simulation/must.hpp"

using namespace kontor;
using namespace kontor::simulation;

TEST_CASE("a machine knows nothing of a sweep that was cut off on it", "[simulation]") {
    prepare_process();
    Machines machines;
    WorldTime time;
    const DeviceClock clock(time, 1);
    const auto told = [&] {
        Trace trace;
        auto machine = machines.take(clock, 1, trace);
        // As the engine does (sweeper.cpp), up to where it is cut off.
        must(machine->engine->execute(
                 "CREATE TEMP TABLE IF NOT EXISTS listed(stream INTEGER, ext_id TEXT, version TEXT,"
                 " PRIMARY KEY(stream, ext_id)) WITHOUT ROWID;"
                 "DELETE FROM temp.listed WHERE stream = 1;"
                 "INSERT INTO temp.listed VALUES(1, 'C100', '1')"),
             "list");
        const auto hash = trace.hash();
        machines.give(std::move(machine));
        return hash;
    };
    const auto first = told();
    CHECK(told() == first);
}

TEST_CASE("what is written into the copy of a dry run is traced", "[simulation]") {
    prepare_process();
    const auto traced = [](const char* value, bool opened) {
        Trace trace;
        std::optional<TraceOpened> of_copy;
        if (opened) of_copy.emplace(trace);
        replica::OpenOptions options;
        options.create = true;
        const auto copy = must(replica::Database::open("", options), "open");
        must(copy.execute("CREATE TABLE t(x); INSERT INTO t VALUES('" + std::string(value) + "')"),
             "write");
        return trace.hash();
    };
    CHECK(traced("a", true) == traced("a", true));
    CHECK(traced("a", true) != traced("b", true));
    CHECK(traced("a", false) == traced("b", false));
}
