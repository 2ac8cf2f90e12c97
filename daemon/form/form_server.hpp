#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "daemon/form/form_site.hpp"
#include "daemon/loop.hpp"
#include "daemon/work_pool.hpp"
#include "sync/base/log.hpp"

namespace kontor::form {

/// The HTTP/1.1 server of the form, for a reverse proxy that speaks TLS. Bounds hold for every
/// connection: header 8 KiB, body 64 KiB, seconds to send them, requests a minute of one client.
/// Runs on the loop's thread; pages are made on the pool. Everything given must outlive it.
class FormServer {
public:
    struct Parts {
        app::Loop& loop;
        app::WorkPool& pool;
        const FormSite& site;
        const Clock& clock;
        Logger& log;
    };
    struct Limits {
        bool forwarded = false;  ///< the proxy sets X-Forwarded-For
        std::int64_t connections = 64;
        std::int64_t requests_per_minute = 60;
        messages::Language language = messages::Language::kEnglish;
    };
    FormServer(Parts parts, Limits limits);
    ~FormServer();
    FormServer(const FormServer&) = delete;
    FormServer& operator=(const FormServer&) = delete;

    /// Binds "127.0.0.1:8087" or "[::1]:8087"; port 0 takes any. kConfig if that is no address,
    /// kBusy if somebody listens there.
    [[nodiscard]] Result<> listen(const std::string& address);
    /// Where it listens.
    [[nodiscard]] std::uint16_t port() const;

    /// Takes no more connections, ends idle ones, lets requests under way finish; then calls `done`
    /// on the loop.
    void drain(std::function<void()> done);

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace kontor::form
