#include "daemon/cli/actor.hpp"

#include <pwd.h>

#include <array>
#include <charconv>
#include <string_view>

namespace kontor::cli {

namespace {

/// What the user of this computer is called; "" for other actors and unknown users.
std::string user_name(const std::string& actor) {
    constexpr std::string_view kUser = "uid:";
    constexpr std::size_t kEntryMax = 16'384;  // what one user's line may take
    if (!actor.starts_with(kUser)) return {};
    uid_t uid = 0;
    const char* end = actor.data() + actor.size();
    const auto read = std::from_chars(actor.data() + kUser.size(), end, uid);
    if (read.ec != std::errc() || read.ptr != end) return {};
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, kEntryMax> room{};
    if (::getpwuid_r(uid, &entry, room.data(), room.size(), &found) != 0 || found == nullptr)
        return {};
    return entry.pw_name;
}

}  // namespace

std::string actor_text(const std::string& actor, const std::string& name) {
    const auto known = name.empty() ? user_name(actor) : name;
    return known.empty() ? actor : actor + " (" + known + ")";
}

std::string actor_name(const std::string& actor, const std::string& name) {
    const auto known = name.empty() ? user_name(actor) : name;
    return known.empty() ? actor : known;
}

}  // namespace kontor::cli
