#include "daemon/watches.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace kontor::app {

FileWatch::FileWatch(Loop& loop, const std::string& folder, std::string name,
                     std::function<void()> written)
    : loop_(loop),
      fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      name_(std::move(name)),
      written_(std::move(written)) {
    if (!fd_ || ::inotify_add_watch(fd_.get(), folder.c_str(), IN_MODIFY | IN_CREATE) < 0) return;
    watched_ = true;
    listen();
}

void FileWatch::listen() {
    if (watched_ && !watch_) watch_ = loop_.watch(fd_.get(), [this] { drain(); });
}

void FileWatch::drain() {
    alignas(inotify_event) std::array<char, 16 * 1024> buffer{};
    bool ours = false;
    for (;;) {
        const auto got = ::read(fd_.get(), buffer.data(), buffer.size());
        if (got <= 0) break;
        for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(got);) {
            const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
            // After an overflow nobody knows what was written.
            const bool lost = (event->mask & IN_Q_OVERFLOW) != 0;
            ours = ours || lost || (event->len > 0 && name_ == event->name);
            at += sizeof(inotify_event) + event->len;
        }
    }
    if (!ours) return;
    watch_.reset();
    written_();
}

Result<> NetlinkSource::start(Loop& loop, std::function<void()> back) {
    back_ = std::move(back);
    fd_ = host::UniqueFd(
        ::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    if (!fd_ || ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return fail(Errc::kUnavailable, std::generic_category().message(errno));
    quiet_ = loop.timer();
    watch_ = loop.watch(fd_.get(), [this] { drain(); });
    return {};
}

void NetlinkSource::drain() {
    alignas(nlmsghdr) std::array<char, 16 * 1024> buffer{};
    bool came_up = false;
    for (;;) {
        const auto got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
        if (got <= 0) break;
        auto left = static_cast<unsigned>(got);
        for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(message, left);
             message = NLMSG_NEXT(message, left)) {
            if (message->nlmsg_type == RTM_NEWADDR) came_up = true;
            if (message->nlmsg_type == RTM_NEWLINK) {
                const auto* link = static_cast<const ifinfomsg*>(NLMSG_DATA(message));
                came_up = came_up || (link->ifi_flags & IFF_RUNNING) != 0;
            }
        }
    }
    if (came_up) quiet_->after(std::chrono::seconds(2), back_);
}

}  // namespace kontor::app
