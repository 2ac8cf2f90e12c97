#pragma once

#include <utility>
#include <vector>

#include "tests/sync/engine/device.hpp"

namespace kontor::test {

/// One device and one remote, for the cases that the simulation has found.
struct FoundWorld {
    FakeClock clock;
    MemoryRemote remote{clock};
    Device device{clock};

    explicit FoundWorld(std::vector<remote::StreamSpec> streams) {
        remote.streams = std::move(streams);
    }
};

inline engine::CycleOptions with_sweep() {
    engine::CycleOptions options;
    options.sweep = true;
    return options;
}

}  // namespace kontor::test
