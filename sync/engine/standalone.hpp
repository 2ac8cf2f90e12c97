#pragma once

#include "sync/base/log.hpp"
#include "sync/engine/context.hpp"
#include "sync/engine/plan.hpp"
#include "sync/engine/sql.hpp"
#include "sync/replica/database.hpp"

namespace kontor::engine {

/// The context of what is done outside of a cycle: a handle's own statements and the plans as they
/// are stored; nothing is logged. Not thread-safe; `db`, `clock` and `random` have to outlive it.
/// Throws Failure if the plans cannot be read.
class Standalone {
public:
    Standalone(const replica::Database& db, const Clock& clock, Random& random)
        : sql_(db),
          plans_(Plans::load(sql_, caches_)),
          context{.sql = sql_, .clock = clock, .random = random, .log = log_, .plans = plans_} {}
    Standalone(const Standalone&) = delete;
    Standalone& operator=(const Standalone&) = delete;

private:
    Sql sql_;
    NullLogger log_;
    PlanCaches caches_;
    Plans plans_;

public:
    Context context;
};

}  // namespace kontor::engine
