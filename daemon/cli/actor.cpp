#include "daemon/cli/actor.hpp"

#include <pwd.h>

#include <array>
#include <charconv>
#include <string_view>

namespace kontor::cli {

std::string actor_text(const std::string& actor, const std::string& name) {
    if (!name.empty()) return actor + " (" + name + ")";
    constexpr std::string_view kUser = "uid:";
    constexpr std::size_t kEntryMax = 16'384;  // what one user's line may take
    if (!actor.starts_with(kUser)) return actor;
    uid_t uid = 0;
    const char* end = actor.data() + actor.size();
    const auto read = std::from_chars(actor.data() + kUser.size(), end, uid);
    if (read.ec != std::errc() || read.ptr != end) return actor;
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, kEntryMax> room{};
    if (::getpwuid_r(uid, &entry, room.data(), room.size(), &found) != 0 || found == nullptr)
        return actor;
    return actor + " (" + entry.pw_name + ")";
}

}  // namespace kontor::cli
