#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "connectors/host/http_client.hpp"
#include "connectors/host/sleeper.hpp"
#include "tests/peers/zoho/peer.hpp"
#include "tests/simulation/time.hpp"
#include "tests/simulation/trace.hpp"

namespace kontor::simulation {

/// What goes wrong with a request.
enum class Trouble {
    kLostRequest,
    kLostAnswer,    ///< after it was carried out
    kServerError,   ///< 500, not carried out
    kAway,          ///< 503
    kLimited,       ///< 429
    kCutAnswer,     ///< JSON that ends in the middle, after it was carried out
    kMaintenance,   ///< a page of HTML with status 200
    kLimitedUntil,  ///< 429, and Retry-After is a date by a clock that is not ours
    kHostile,       ///< what nobody should send, with status 200, after it was carried out
};
inline constexpr int kTroubleCount = static_cast<int>(Trouble::kHostile) + 1;
[[nodiscard]] const char* to_string(Trouble trouble);

/// The way from the connector's host to the simulated organisation: no sockets, virtual time, and
/// what goes wrong on the way. Requests begun ahead of time are carried out when they are begun.
class Network final : public host::HttpClient {
public:
    struct Hooks {
        std::function<void()> yield;  ///< others act: before a request arrives and after it
        std::function<bool()> gone;   ///< the device has lost power: nothing is sent any more
        std::function<void(const std::string&)> violation;
    };
    Network(peer::zoho::ZohoPeer& organisation, WorldTime& time, std::uint64_t seed, Trace& trace,
            Hooks hooks);

    void arm(Trouble trouble) { armed_.push_back(trouble); }
    void disarm() { armed_.clear(); }
    /// A sync begins: when, is the scheduler's affair, which is not simulated.
    void forget_limit() { not_before_ = {}; }
    /// Troubles that have happened since the last call.
    int take_fired() { return std::exchange(fired_, 0); }
    /// Requests since the last call that the organisation itself has refused for its limits.
    int take_refused() { return std::exchange(refused_, 0); }

    Result<host::HttpResponse> send(const host::HttpRequest& request) override;
    Result<std::unique_ptr<host::Exchange>> begin(const host::HttpRequest& request) override;

private:
    Result<host::HttpResponse> answered(const host::HttpRequest& request);
    Result<host::HttpResponse> carry_out(const host::HttpRequest& request);
    host::HttpResponse limited_until();
    bool happens(Trouble trouble);
    void let_pass();

    peer::zoho::ZohoPeer& organisation_;
    WorldTime& time_;
    Dice dice_;
    Trace& trace_;
    Hooks hooks_;
    std::vector<Trouble> armed_;
    Instant told_{};        ///< until when the last 429 asks to wait
    Instant not_before_{};  ///< … once the host knows it
    int fired_ = 0;
    int refused_ = 0;
};

/// The host waits in virtual time, and others act meanwhile.
class VirtualSleeper final : public host::Sleeper {
public:
    VirtualSleeper(WorldTime& time, std::function<void()> yield, std::function<bool()> gone)
        : time_(time), yield_(std::move(yield)), gone_(std::move(gone)) {}
    bool sleep(milliseconds time) override {
        time_.advance(time);
        yield_();
        return !gone_();
    }
    [[nodiscard]] bool cancelled() const override { return gone_(); }

private:
    WorldTime& time_;
    std::function<void()> yield_;
    std::function<bool()> gone_;
};

}  // namespace kontor::simulation
