#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "config/config.hpp"
#include "daemon/api/router.hpp"
#include "daemon/event_log.hpp"
#include "daemon/loop.hpp"
#include "daemon/work_pool.hpp"
#include "sync/base/log.hpp"

namespace kontor::api {

/// The local API's HTTP/1.1 server on a Unix socket.
///
/// Only peers of our own user or root are served. The limits of [api] hold for every connection: a
/// client that sends too much, too slowly or nonsense gets an answer that says so and is cut. Runs
/// on the loop's thread; handlers run on the pools, or on the loop if they are done before a thread
/// would have woken up (see Cost). Everything given must outlive it.
class Server {
public:
    struct Parts {
        app::Loop& loop;
        app::WorkPool& quick;
        app::WorkPool& slow;
        const Router& router;
        app::EventLog& events;
        Logger& log;
    };
    Server(Parts parts, config::Api limits, messages::Language language);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Binds the socket, 0600 in a folder that is 0700 if it has to be made. A socket that nobody
    /// listens on any more is replaced. kBusy if somebody does; kStorage.
    [[nodiscard]] Result<> listen(const std::string& path);

    /// Takes no more connections, ends idle ones and event streams, lets requests under way finish;
    /// then calls `done` on the loop.
    void drain(std::function<void()> done);

    /// How many connections are open. Loop thread.
    [[nodiscard]] std::size_t connections() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace kontor::api
