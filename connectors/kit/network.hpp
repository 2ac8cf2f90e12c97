#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "connectors/host/byte_stream.hpp"
#include "connectors/host/http_client.hpp"

namespace kontor::kit {

/// What goes wrong between a connector and its server.
enum class Fault : std::uint8_t {
    kNone,
    kLostRequest,  ///< the server never sees it, and nobody knows
    kLostAnswer,   ///< carried out; the answer is lost
    kBadGateway,   ///< carried out; a proxy answers 502 instead
    kGarbled,      ///< carried out; the answer is no JSON
    kCut,          ///< carried out; the second half of the answer is missing
    kHtmlPage,     ///< not carried out; a page for people, with status 200
    kUnavailable,  ///< not carried out; 503
    kLimited,      ///< not carried out; 429 with Retry-After: 1
    kLimitedLong,  ///< not carried out; 429 with a Retry-After that nobody waits for
    kEcho,         ///< not carried out; 500 with the request's credentials in it
    kStuck,        ///< no answer; meanwhile a person gives up
};
[[nodiscard]] std::string_view to_string(Fault fault);

/// The place between one connection and the network: hands requests on, or has something happen to
/// some of them. One thread at a time.
class Network {
public:
    static constexpr std::size_t kAllOfThem = SIZE_MAX;

    /// From now on requests are counted from 0; `count` of them, from number `first` on, meet
    /// `fault`.
    void arm(Fault fault, std::size_t first = 0, std::size_t count = 1);
    /// Counts from 0, and nothing goes wrong.
    void calm() { arm(Fault::kNone, 0, 0); }

    /// Over HTTP.
    [[nodiscard]] std::size_t requests() const { return requests_; }
    /// Those, and what was said to servers that were dialled: all that is said before one listens.
    [[nodiscard]] std::size_t exchanges() const { return seen_; }
    /// Whether the fault has met a request.
    [[nodiscard]] bool struck() const { return struck_; }
    /// "POST /v8/Contacts": the request that the fault met last.
    [[nodiscard]] const std::string& victim() const { return victim_; }
    /// From the last refusal by kLimited to the next request; -1 ms if there was none.
    [[nodiscard]] std::chrono::milliseconds waited() const { return waited_; }

    /// What kStuck asks to stop.
    void gives_up(std::stop_source stop) { stop_ = std::move(stop); }

    /// Puts itself before `inner`; must outlive the result. `spool_folder`: for bodies that are
    /// spooled.
    [[nodiscard]] std::unique_ptr<host::HttpClient> before(std::unique_ptr<host::HttpClient> inner,
                                                           std::string spool_folder);

    /// The same before a connection that was dialled. A fault ends it: what never came breaks it
    /// off before, whatever becomes of an answer breaks it off after the server has answered.
    [[nodiscard]] std::unique_ptr<host::ByteStream> before(std::unique_ptr<host::ByteStream> inner);

private:
    friend class FaultyClient;
    friend class FaultyStream;
    /// What happens to the request that is about to be sent.
    [[nodiscard]] Fault next(const host::HttpRequest& request);
    [[nodiscard]] Fault next(std::string name);

    Fault fault_ = Fault::kNone;
    std::size_t first_ = 0, count_ = 0, seen_ = 0, requests_ = 0;
    bool struck_ = false;
    std::string victim_;
    std::stop_source stop_;
    std::chrono::steady_clock::time_point refused_{};
    bool refused_before_ = false;
    std::chrono::milliseconds waited_{-1};
};

}  // namespace kontor::kit
