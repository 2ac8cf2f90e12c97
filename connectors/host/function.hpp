#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "connectors/abi/kontor_connector.h"

namespace kontor::host {

/// The functions of a plugin that are called on an instance. The numbers are those of the frames:
/// append only.
enum class Function : std::uint8_t {
    kOpen,
    kClose,
    kCheck,
    kDescribe,
    kPull,
    kListIds,
    kFetch,
    kFind,
    kPush,
    kCredits,
};
inline constexpr std::uint8_t kFunctions = 10;

/// Its name in the contract, "list_ids".
[[nodiscard]] constexpr std::string_view to_string(Function function) {
    constexpr std::array<std::string_view, kFunctions> kNames = {
        "open",     "close", "check", "describe", "pull",
        "list_ids", "fetch", "find",  "push",     "credits"};
    return kNames[static_cast<std::size_t>(function)];
}

/// What a plugin says of itself, and which functions it has.
struct PluginInfo {
    std::string name;
    std::string version;
    std::string spec_json;
    std::uint32_t functions = 0;  ///< a bit for each Function

    [[nodiscard]] bool has(Function function) const {
        return (functions >> static_cast<unsigned>(function) & 1U) != 0;
    }
};

/// What a function of a plugin returned. `out` is the plugin's, until its next call.
struct Reply {
    kontor_status status = KONTOR_E_INTERNAL;
    kontor_str out{nullptr, 0};
    bool complete = false;  ///< list_ids
};

}  // namespace kontor::host
