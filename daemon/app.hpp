#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "connectors/host/secret_store.hpp"
#include "daemon/runtime/remote_factory.hpp"
#include "daemon/runtime/worker.hpp"
#include "daemon/watches.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/log.hpp"
#include "sync/base/random.hpp"

namespace kontor::app {

/// How the daemon is started.
struct AppSettings {
    config::Flags flags;
    config::Environment environment;
    bool is_root = false;
    std::string program;  ///< path of the executable: connectors lie beside it
};

/// What tests replace; null = the real thing. Everything given must outlive the App.
struct AppSeams {
    Logger* log = nullptr;
    RemoteFactory* remotes = nullptr;
    host::SecretStore* secrets = nullptr;
    NetworkSource* network = nullptr;
    const Clock* clock = nullptr;
    RunCycle run_cycle;
    RunVerify run_verify;
    bool handle_signals = true;
};

/// The daemon. Builds every part, runs the loop, and takes everything down in order.
class App {
public:
    App(AppSettings settings, AppSeams seams);
    ~App();
    App(const App&) = delete;
    App& operator=(const App&) = delete;

    /// Reads the configuration, takes the lock, opens the replica, starts workers and the API.
    /// kConfig, kBusy (another daemon: `pid` in args), kTooNew, kCorrupt, kStorage: nothing runs
    /// and the replica's file is as it was.
    [[nodiscard]] Result<> start();
    /// Serves until shutdown() or a signal; then drains and returns.
    void run();
    /// Begins to drain. Any thread.
    void shutdown();

    /// Where the API listens, after start().
    [[nodiscard]] std::string socket() const;
    /// All that the API serves, as "GET /api/v1/records/{entity}?limit&offset"; parameters in
    /// alphabetical order. After start().
    [[nodiscard]] std::vector<std::string> operations() const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace kontor::app
