#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/host/unique_fd.hpp"
#include "sync/base/result.hpp"

namespace kontor::cli {

/// What an accounts server sends the browser back with after the user has consented.
struct Redirect {
    std::string code;
    std::string state;
    std::string accounts_server;  ///< "" if it named none
    std::string error;            ///< why there is no code; "" if there is one
};

/// Reads the address that the browser was sent to, whole or from its path on; nullopt if it is no
/// such address.
[[nodiscard]] std::optional<Redirect> parse_redirect(std::string_view address);

/// Waits on 127.0.0.1 for the browser that comes back. One thread.
class RedirectListener {
public:
    /// Whether `uri` leads to this computer: http://localhost:PORT/… or http://127.0.0.1:PORT/…
    [[nodiscard]] static bool can_listen(std::string_view uri);
    /// Port 0 takes any free one. kInvalid for other addresses, kBusy if the port is taken.
    [[nodiscard]] static Result<RedirectListener> open(const std::string& uri);

    /// Where the browser is to be sent: as given, with the real port.
    [[nodiscard]] const std::string& uri() const { return uri_; }
    /// Readable when somebody has connected.
    [[nodiscard]] int fd() const { return fd_.get(); }
    /// Answers one request with `page` (HTML; told whether it is good news). nullopt if it was not
    /// the browser that is waited for: another address, or another `state`. Takes at most a few
    /// seconds.
    [[nodiscard]] std::optional<Redirect> answer(const std::string& state,
                                                 const std::function<std::string(bool)>& page);

private:
    RedirectListener(host::UniqueFd fd, std::string uri)
        : fd_(std::move(fd)), uri_(std::move(uri)) {}

    host::UniqueFd fd_;
    std::string uri_;
};

}  // namespace kontor::cli
