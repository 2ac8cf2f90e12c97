#include "daemon/jobs/system_conditions.hpp"

#include <systemd/sd-bus.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>

namespace kontor::jobs {
namespace {

constexpr std::uint64_t kPatienceUs = 2'000'000;
constexpr double kIdleLoad = 0.3;  // of each processor
constexpr std::uint32_t kMetered = 1;
constexpr std::uint32_t kGuessMetered = 3;

using Bus = std::unique_ptr<sd_bus, decltype([](sd_bus* b) { sd_bus_flush_close_unref(b); })>;

/// A property of a service; nullopt if there is no bus, no service, or no answer.
template <class T>
std::optional<T> property(const std::string& address, const char* service, const char* path,
                          const char* interface, const char* name, char type) {
    sd_bus* raw = nullptr;
    if (sd_bus_new(&raw) < 0) return std::nullopt;
    const Bus bus(raw);
    T out{};
    const bool got =
        sd_bus_set_address(raw, address.c_str()) >= 0 && sd_bus_set_bus_client(raw, 1) >= 0 &&
        sd_bus_start(raw) >= 0 && sd_bus_set_method_call_timeout(raw, kPatienceUs) >= 0 &&
        sd_bus_get_property_trivial(raw, service, path, interface, name, nullptr, type, &out) >= 0;
    return got ? std::optional<T>(out) : std::nullopt;
}

std::string word_in(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::string out;
    in >> out;
    return out;
}

}  // namespace

bool SystemConditions::on_mains() {
    std::error_code failed;
    bool emptied = false;
    for (const auto& supply : std::filesystem::directory_iterator(places_.power, failed)) {
        const auto kind = word_in(supply.path() / "type");
        if (kind == "Battery") {
            // A mouse's battery is not the machine's.
            emptied = emptied || (word_in(supply.path() / "scope") != "Device" &&
                                  word_in(supply.path() / "status") == "Discharging");
        } else if (word_in(supply.path() / "online") == "1") {
            return true;
        }
    }
    return !emptied;
}

bool SystemConditions::unmetered() {
    const auto metered = property<std::uint32_t>(
        places_.bus, "org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager",
        "org.freedesktop.NetworkManager", "Metered", SD_BUS_TYPE_UINT32);
    return !metered || (*metered != kMetered && *metered != kGuessMetered);
}

bool SystemConditions::idle() {
    const auto hint =
        property<int>(places_.bus, "org.freedesktop.login1", "/org/freedesktop/login1",
                      "org.freedesktop.login1.Manager", "IdleHint", SD_BUS_TYPE_BOOLEAN);
    if (hint) return *hint != 0;
    std::ifstream in(places_.load);
    double load = 0;
    in >> load;
    return load < kIdleLoad * std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace kontor::jobs
