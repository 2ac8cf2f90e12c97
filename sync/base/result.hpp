#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace kontor {

/// What kind of thing went wrong; decides retries, exit codes and the text a person sees.
/// Stable: names (see `to_string`) appear in the API and in logs. Append only.
enum class Errc {
    kInvalid,          ///< the caller's input is wrong
    kNotFound,         ///< no such record, entity, connection …
    kConflict,         ///< a precondition does not hold (also: already exists)
    kPermission,       ///< the remote or the system refuses this to us
    kUnauthenticated,  ///< credentials missing, expired for good, or revoked
    kRateLimited,      ///< a limit of calls or credits; see Error::retry_after
    kUnavailable,      ///< network or server trouble that may pass
    kTimeout,
    kCancelled,    ///< shutdown or Ctrl-C
    kProtocol,     ///< the other side sent something we cannot accept
    kTls,          ///< the certificate does not verify; never retried blindly
    kStorage,      ///< SQLite or the file system failed
    kFull,         ///< disk or quota full
    kReadOnly,     ///< the disk or the replica cannot be written
    kBusy,         ///< locked by another program for longer than the busy timeout
    kCorrupt,      ///< the replica is damaged
    kTooNew,       ///< written by a newer version
    kConfig,       ///< configuration error
    kUnsupported,  ///< the plugin or the remote cannot do this
    kMismatch,     ///< remote identity or epoch is not the one we know: stop and ask
    kGuard,        ///< a guard (mass change, mass disappearance) waits for a person
    kInternal,     ///< a bug; details in the message
    kConnector,    ///< the connector's process ended, or was ended; it is started anew later
    kProxy,        ///< a proxy refuses the way: nothing has reached the remote
};

/// Stable snake_case name, e.g. "rate_limited".
[[nodiscard]] std::string_view to_string(Errc code);

/// A failure on its way to the one place that handles it. A value; freely copied.
struct Error {
    Errc code = Errc::kInternal;
    /// English technical text, outermost context first: "pull Contacts: connection reset".
    /// Never holds secrets or customer data.
    std::string message;
    /// Arguments for the catalogue's text of this failure: {"stream": "Contacts", "path": …}.
    std::map<std::string, std::string> args = {};
    /// Earliest sensible retry, if the other side said one.
    std::optional<std::chrono::milliseconds> retry_after = std::nullopt;

    /// True if doing the same again later may succeed without anybody changing anything.
    [[nodiscard]] bool retryable() const {
        return code == Errc::kRateLimited || code == Errc::kUnavailable || code == Errc::kTimeout ||
               code == Errc::kBusy || code == Errc::kConnector;
    }
};

template <class T = void>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(Errc code, std::string message,
                                                std::map<std::string, std::string> args = {}) {
    return tl::unexpected<Error>(Error{code, std::move(message), std::move(args), std::nullopt});
}

/// Puts what was being done in front of the message.
[[nodiscard]] inline tl::unexpected<Error> in_context(std::string_view doing, Error error) {
    error.message.insert(0, std::string(doing) + ": ");
    return tl::unexpected<Error>(std::move(error));
}

/// Passes an error on: `if (auto done = step(); !done) return pass(done);`
template <class T>
[[nodiscard]] tl::unexpected<Error> pass(Result<T>& result) {
    return tl::unexpected<Error>(std::move(result.error()));
}

}  // namespace kontor
