// The kernel tells that the network is back: links and addresses of a network namespace that is
// this process's own. Run once as it is and once under the filter of each unit.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "daemon/watches.hpp"

using namespace kontor;
using namespace std::chrono_literals;

namespace {

constexpr int kSkipped = 77;  // ctest's SKIP_RETURN_CODE

// With no link that is up. Whoever may not have one is told, and the test counts as skipped.
void enter_own_network() {
    if (::unshare(CLONE_NEWNET) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) return;
    std::cout << "skipped: no network namespace can be made here: " << std::strerror(errno)
              << std::endl;
    std::_Exit(kSkipped);
}

class Loopback {
public:
    Loopback() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) { REQUIRE(fd_); }
    void set_up(bool up) const {
        auto request = named();
        REQUIRE(::ioctl(fd_.get(), SIOCGIFFLAGS, &request) == 0);
        request.ifr_flags =
            static_cast<short>(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
        REQUIRE(::ioctl(fd_.get(), SIOCSIFFLAGS, &request) == 0);
    }
    void set_address(const char* address) const {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        REQUIRE(::inet_pton(AF_INET, address, &at.sin_addr) == 1);
        auto request = named();
        std::memcpy(&request.ifr_addr, &at, sizeof at);
        REQUIRE(::ioctl(fd_.get(), SIOCSIFADDR, &request) == 0);
    }

private:
    static ifreq named() {
        ifreq request{};
        std::memcpy(request.ifr_name, "lo", 3);
        return request;
    }
    host::UniqueFd fd_;
};

}  // namespace

TEST_CASE("the kernel tells once that the network is back, and not that it goes", "[network]") {
    enter_own_network();
    app::Loop loop;
    app::NetlinkSource source;
    int told = 0;
    const auto listens = source.start(loop, [&] { ++told; });
    INFO((listens ? "" : listens.error().message));
    REQUIRE(listens);
    const Loopback lo;
    const auto second = loop.timer();
    const auto third = loop.timer();
    const auto down = loop.timer();
    const auto end = loop.timer();

    // A link and two addresses, one after the other: the network has come back once.
    lo.set_up(true);
    second->after(500ms, [&] { lo.set_address("10.9.9.9"); });
    third->after(1s, [&] {
        CHECK(told == 0);
        lo.set_address("10.9.9.10");
    });
    down->after(5s, [&] {
        CHECK(told == 1);
        lo.set_up(false);
    });
    end->after(8s, [&] { loop.stop(); });
    loop.run();
    CHECK(told == 1);
}

TEST_CASE("a source that cannot listen says so", "[network]") {
    app::Loop loop;
    app::NetlinkSource source;
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit none{0, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    const auto listens = source.start(loop, [] {});
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    REQUIRE_FALSE(listens);
    CHECK(listens.error().message == std::strerror(EMFILE));
}
