// What the machine says of itself: files as the kernel writes them, and services on a bus of the
// test's own.
#include <systemd/sd-bus.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include "daemon/jobs/system_conditions.hpp"
#include "tests/support/child.hpp"
#include "tests/support/eventually.hpp"
#include "tests/sync/replica/support.hpp"

namespace kontor::jobs {
namespace {

using replica::test::TempDir;
namespace fs = std::filesystem;

void supply(const std::string& folder, const std::string& name,
            const std::vector<std::pair<std::string, std::string>>& files) {
    fs::create_directories(fs::path(folder) / name);
    for (const auto& [file, text] : files)
        std::ofstream(fs::path(folder) / name / file) << text << "\n";
}

/// A message bus with NetworkManager and logind on it, as far as anybody asks for them here.
class Bus {
public:
    explicit Bus(const TempDir& dir)
        : address_("unix:path=" + dir.path("bus")),
          daemon_("dbus-daemon --session --nofork --address=" + address_) {
        REQUIRE(test::eventually([&] { return connect(); }));
        static const sd_bus_vtable network[] = {SD_BUS_VTABLE_START(0),
                                                SD_BUS_PROPERTY("Metered", "u", get_metered, 0, 0),
                                                SD_BUS_VTABLE_END};
        static const sd_bus_vtable login[] = {SD_BUS_VTABLE_START(0),
                                              SD_BUS_PROPERTY("IdleHint", "b", get_idle, 0, 0),
                                              SD_BUS_VTABLE_END};
        REQUIRE(sd_bus_add_object_vtable(bus_, nullptr, "/org/freedesktop/NetworkManager",
                                         "org.freedesktop.NetworkManager", network, this) >= 0);
        REQUIRE(sd_bus_add_object_vtable(bus_, nullptr, "/org/freedesktop/login1",
                                         "org.freedesktop.login1.Manager", login, this) >= 0);
        REQUIRE(sd_bus_request_name(bus_, "org.freedesktop.NetworkManager", 0) >= 0);
        REQUIRE(sd_bus_request_name(bus_, "org.freedesktop.login1", 0) >= 0);
        thread_ = std::thread([this] {
            while (!ending_) {
                while (sd_bus_process(bus_, nullptr) > 0) {
                }
                sd_bus_wait(bus_, 20'000);
            }
        });
    }
    ~Bus() {
        ending_ = true;
        if (thread_.joinable()) thread_.join();
        sd_bus_flush_close_unref(bus_);
    }
    Bus(const Bus&) = delete;
    Bus& operator=(const Bus&) = delete;

    [[nodiscard]] const std::string& address() const { return address_; }
    std::atomic<std::uint32_t> metered{0};
    std::atomic<int> idle{0};

private:
    /// False as long as the daemon does not listen, which it does a moment after its socket is
    /// there.
    bool connect() {
        sd_bus_unref(std::exchange(bus_, nullptr));
        return sd_bus_new(&bus_) >= 0 && sd_bus_set_address(bus_, address_.c_str()) >= 0 &&
               sd_bus_set_bus_client(bus_, 1) >= 0 && sd_bus_start(bus_) >= 0;
    }
    static int get_metered(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply,
                           void* self, sd_bus_error*) {
        const std::uint32_t value = static_cast<Bus*>(self)->metered;
        return sd_bus_message_append_basic(reply, 'u', &value);
    }
    static int get_idle(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply,
                        void* self, sd_bus_error*) {
        const int value = static_cast<Bus*>(self)->idle;
        return sd_bus_message_append_basic(reply, 'b', &value);
    }

    std::string address_;
    test::Child daemon_;
    sd_bus* bus_ = nullptr;
    std::atomic<bool> ending_{false};
    std::thread thread_;
};

}  // namespace

TEST_CASE("a laptop on battery is not on mains", "[jobs][conditions]") {
    const TempDir dir;
    const auto power = dir.path("power");
    SystemConditions machine({.power = power, .load = "", .bus = "unix:path=/nowhere"});
    CHECK(machine.on_mains());  // a server: no such folder
    fs::create_directories(power);
    CHECK(machine.on_mains());
    supply(power, "hid-mouse",
           {{"type", "Battery"}, {"scope", "Device"}, {"status", "Discharging"}});
    CHECK(machine.on_mains());
    supply(power, "BAT0", {{"type", "Battery"}, {"status", "Discharging"}});
    supply(power, "AC", {{"type", "Mains"}, {"online", "0"}});
    CHECK_FALSE(machine.on_mains());
    // A weak charger: the battery is emptied all the same.
    supply(power, "ucsi-source", {{"type", "USB"}, {"online", "1"}});
    CHECK(machine.on_mains());
    supply(power, "ucsi-source", {{"type", "USB"}, {"online", "0"}});
    supply(power, "BAT0", {{"type", "Battery"}, {"status", "Full"}});
    CHECK(machine.on_mains());
}

TEST_CASE("NetworkManager says what is metered, logind who is idle", "[jobs][conditions]") {
    const TempDir dir;
    Bus bus(dir);
    SystemConditions machine({.power = "", .load = "", .bus = bus.address()});
    for (const auto& [metered, free] :
         {std::pair(0U, true), std::pair(1U, false), std::pair(2U, true), std::pair(3U, false),
          std::pair(4U, true)}) {
        bus.metered = metered;
        CHECK(machine.unmetered() == free);
    }
    CHECK_FALSE(machine.idle());
    bus.idle = 1;
    CHECK(machine.idle());
}

TEST_CASE("without these services the network is free, and the load says who is idle",
          "[jobs][conditions]") {
    const TempDir dir;
    const auto load = dir.path("loadavg");
    SystemConditions machine({.power = "", .load = load, .bus = "unix:path=" + dir.path("none")});
    CHECK(machine.unmetered());
    std::ofstream(load) << "0.02 0.10 0.20 1/200 4000\n";
    CHECK(machine.idle());
    std::ofstream(load) << "999.5 10.0 5.0 1/200 4000\n";
    CHECK_FALSE(machine.idle());
}

}  // namespace kontor::jobs
