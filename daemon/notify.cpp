#include "daemon/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstring>

#include "connectors/host/unique_fd.hpp"

namespace kontor::app {

Notify::Notify(const config::Environment& environment)
    : address_(environment("NOTIFY_SOCKET").value_or("")) {
    const auto pid = environment("WATCHDOG_PID");
    if (pid && *pid != std::to_string(::getpid())) return;
    const auto text = environment("WATCHDOG_USEC").value_or("");
    std::int64_t micros = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), micros);
    if (failed == std::errc() && micros >= 2'000)
        watchdog_ = std::chrono::milliseconds(micros / 1'000);
}

LongStart::LongStart(const Notify& notify, Times times)
    : thread_([this, &notify, times](const std::stop_token& stop) {
          std::unique_lock lock(mutex_);
          for (std::chrono::milliseconds asked{0}; asked < times.in_all; asked += times.every) {
              notify.extend_start(times.by);
              ended_.wait_for(lock, stop, times.every, [&] { return stop.stop_requested(); });
              if (stop.stop_requested()) return;
          }
      }) {}

void Notify::status(const std::string& line) const {
    std::string text = line;
    for (char& c : text)
        if (c == '\n') c = ' ';
    send("STATUS=" + text);
}

void Notify::reloading() const {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto micros = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
    send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(micros));
}

void Notify::send(const std::string& message) const {
    sockaddr_un to{};
    if (address_.empty() || address_.size() >= sizeof to.sun_path) return;
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, address_.data(), address_.size());
    if (to.sun_path[0] == '@') to.sun_path[0] = '\0';  // abstract
    const host::UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd) return;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    // Nothing can be done about a manager that does not listen.
    (void)::sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                   reinterpret_cast<const sockaddr*>(&to), size);
}

}  // namespace kontor::app
