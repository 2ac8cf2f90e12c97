#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "connectors/host/connection.hpp"
#include "sync/engine/cycle.hpp"
#include "tests/simulation/machine.hpp"
#include "tests/simulation/zoho/network.hpp"

namespace kontor::simulation::zoho {

/// What all laptops of this organisation start with: a replica with the columns that its
/// description asks for, and the mapping proposed from it. Made once; it does not depend on seeds.
struct Outfit {
    std::string replica;  ///< bytes of the file
    std::vector<remote::StreamSpec> streams;
    merge::Mapping mapping;
};

inline constexpr const char* kZoho = "zoho";  ///< the connection to the organisation
inline constexpr const char* kBeside = "beside";

/// A computer with a replica, connected to the simulated organisation by the real plugin through
/// the real host: sign-in, budgets, retries and batches. Only the network is simulated, and time.
class Laptop {
public:
    struct Parts {
        std::string name;    ///< unique in the process
        std::string folder;  ///< for the connection's state; emptied first
        peer::zoho::ZohoPeer& organisation;
        peer::zoho::PeerCredentials keys;
        WorldTime& time;
        Trace& trace;
        std::function<void()> yield;
        std::uint64_t seed = 1;
        std::function<void(const std::string&)> violation = [](const std::string&) {};
    };
    Laptop(Parts parts, const Outfit& outfit);
    Laptop(const Laptop&) = delete;
    Laptop& operator=(const Laptop&) = delete;

    /// It is connected to another remote as well, which must outlive it, as kBeside.
    void connect(remote::Remote& beside, merge::Mapping mapping);
    Result<engine::CycleReport> sync(const std::string& connection,
                                     const engine::CycleOptions& options,
                                     engine::Observer& observer);
    Result<> set_push(const std::string& connection, bool on);
    /// The streams of which people edit records here, and the users that own them.
    std::vector<remote::StreamSpec> describe();
    Result<> sql(const std::string& text);
    void each(const std::string& query,
              const std::function<void(const replica::Statement&)>& row) const;
    [[nodiscard]] std::string text(const std::string& query) const;  ///< "" for no row and NULL

    /// kontord ends and starts: replica and connection are opened anew; after a power cut with what
    /// the disk kept.
    void restart();
    /// A person has signed in again: the connection is opened anew.
    void sign_in(const peer::zoho::PeerCredentials& keys);
    [[nodiscard]] const std::string& name() const { return parts_.name; }
    [[nodiscard]] Disk& disk() { return machine_.disk; }
    [[nodiscard]] Network& network() { return network_; }
    [[nodiscard]] const replica::Database& local() const { return *machine_.local; }

private:
    Result<> open_zoho();
    void forget_sessions();

    Parts parts_;
    const Outfit& outfit_;
    DeviceClock clock_;
    Dice dice_;
    Machine machine_;
    Network network_;
    VirtualSleeper sleeper_;
    NullLogger log_;
    std::unique_ptr<host::SecretStore> secrets_;
    std::unique_ptr<remote::Remote> zoho_;
    remote::Remote* beside_ = nullptr;
    struct Connected {
        engine::ConnectionSettings settings;
        /// As long as the daemon's worker would keep it.
        std::unique_ptr<engine::Session> session = std::make_unique<engine::Session>();
    };
    std::map<std::string, Connected> connections_;
    engine::WriterGate gate_;
    std::atomic<bool> cancelled_{false};
};

/// Describes the organisation through the plugin and makes what laptops start with.
[[nodiscard]] Outfit make_outfit(const std::string& folder);

}  // namespace kontor::simulation::zoho
