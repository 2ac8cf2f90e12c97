#pragma once

#include <string>
#include <string_view>

#include "connectors/sdk/error.hpp"
#include "connectors/sdk/host.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::fxiaoke {

/// What the gateway answers, whatever the HTTP status: `code` 0 is success.
struct Reply {
    int code = 0;
    std::string message, trace;
    sdk::Json body;  ///< the whole answer

    [[nodiscard]] bool ok() const { return code == 0; }
};

/// How long the gateway counts calls: after so long the next one fits.
inline constexpr std::int64_t kRatePauseMs = 20'000;

/// What a code means for whoever called.
enum class Trouble {
    kNone,
    kBusy,         ///< -1, -2, 50009: may or may not have been carried out
    kRate,         ///< too many calls in a short time: surely not carried out
    kDayQuota,     ///< the day's calls are used up
    kNoQuota,      ///< calls were not bought, the application is stopped or not authorised
    kCredentials,  ///< the token, or the application's data
    kNoRight,      ///< our employee may not, or is not known
    kRequest,      ///< anything else: about this request
};
[[nodiscard]] Trouble trouble_of(int code);

/// Reads the envelope. Throws KONTOR_E_UNAVAILABLE or KONTOR_E_PROTOCOL for what is no answer of
/// the gateway's: another HTTP status than 200, an HTML page, a truncated text.
[[nodiscard]] Reply read_reply(const sdk::HttpResponse& response, std::string_view doing);

/// "doing: code text (traceId …)", for people.
[[nodiscard]] std::string explained(const Reply& reply, std::string_view doing);
/// The error that a reply other than success is.
[[nodiscard]] sdk::Error failure(const Reply& reply, std::string_view doing,
                                 std::int64_t ms_until_midnight);

}  // namespace kontor::fxiaoke
