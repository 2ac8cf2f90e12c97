#pragma once
// Faults on the wire: requests that are lost, refused, slow or answered with rubbish.

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/peers/base/message.hpp"

namespace kontor::peer {

struct WireFault {
    std::string kind;         ///< lost_answer, drop_before, status, truncate_body, malformed_json,
                              ///< html_200, latency, big_json, unknown_field, redirect
    std::string method;       ///< empty: any
    std::string path_prefix;  ///< empty: any
    std::int64_t count = -1;  ///< how often; -1: until cleared
    double probability = 1.0;
    int status = 500;
    std::string retry_after;  ///< header value; empty: none
    std::string code;         ///< error code of `status`
    std::int64_t latency_ms = 0;
    std::string shape = "depth";  ///< big_json: depth, string, id, huge, number, exponent, utf8
    std::string location;         ///< redirect: where to
};

/// What faults look like at a vendor's.
struct FaultDialect {
    std::string product;               ///< what a maintenance page calls it
    std::string page_head, page_tail;  ///< a list with one record, around the value of one field
    /// The answer of this status; `code` is "" for the usual one.
    std::function<Response(int status, const std::string& code)> refusal;
};

/// What a control request orders: kind, match, count, probability, params. Throws Json::exception,
/// and ControlError for what a fault of that kind does not take.
WireFault read_wire_fault(const nlohmann::json& body);

class Faults {
public:
    using Fraction = std::function<double()>;

    Faults(FaultDialect dialect, Fraction fraction)
        : dialect_(std::move(dialect)), fraction_(std::move(fraction)) {}

    static bool known(const std::string& kind);
    void add(WireFault fault) { faults_.push_back(std::move(fault)); }
    void clear() { faults_.clear(); }
    const std::vector<WireFault>& all() const { return faults_; }
    std::int64_t fired() const { return fired_; }

    /// The faults that hit this request; counts them down.
    std::vector<WireFault> hit(const Request& request);

    /// The answer given instead of processing, if one of the faults asks for that.
    std::optional<Response> instead(const std::vector<WireFault>& faults) const;
    /// Damages the answer of a processed request.
    void damage(const std::vector<WireFault>& faults, Response& response) const;

private:
    FaultDialect dialect_;
    Fraction fraction_;
    std::vector<WireFault> faults_;
    std::int64_t fired_ = 0;
};

}  // namespace kontor::peer
