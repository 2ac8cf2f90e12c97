#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/abi/kontor_connector.h"
#include "connectors/host/function.hpp"
#include "connectors/sandbox/landlock.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// Where a plugin runs, and what it may use there.
struct Isolation {
    bool own_process = true;   ///< false: in this process, where nothing contains it
    std::string program = {};  ///< path of kontor-connector
    /// Without Landlock (the kernel may have none) nothing is run. Filtered system calls are
    /// required always.
    bool require_landlock = false;
    sandbox::LandlockQuery landlock = sandbox::query_landlock;
    std::uint64_t memory_mb = 512;              ///< address space of the process; 0 = not limited
    std::chrono::seconds processor{60};         ///< from one batch of records to the next
    std::chrono::milliseconds silence{60'000};  ///< in which it neither asks nor answers
};

/// A plugin that can be called, wherever it runs. One thread at a time.
class Connector {
public:
    Connector() = default;
    Connector(const Connector&) = delete;
    Connector& operator=(const Connector&) = delete;
    virtual ~Connector() = default;  ///< closes the instance

    [[nodiscard]] virtual const PluginInfo& info() const = 0;
    /// Whose services the plugin gets. Before the first call; must outlive this.
    virtual void serve(const kontor_host& host) = 0;
    /// Runs one function, which may call the services. An error is the connector's own end
    /// (kConnector, and from then on for every call; kCancelled): what the plugin itself has to
    /// report is Reply::status.
    [[nodiscard]] virtual Result<Reply> call(Function function, std::string_view first = {},
                                             std::string_view second = {}) = 0;
};

/// Starts or loads the plugin at `path`. Errors as Library; kConnector if its process ended at
/// once; kUnsupported if the kernel lacks what `isolation` requires.
[[nodiscard]] Result<std::unique_ptr<Connector>> start_connector(const std::string& path,
                                                                 const Isolation& isolation);

}  // namespace kontor::host
