#include "connectors/sandbox/landlock.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "connectors/host/unique_fd.hpp"

namespace kontor::sandbox {
namespace {

// Debian 12's header ends at version 2. These are the kernel's own, from its documentation
// (Documentation/userspace-api/landlock.rst); a kernel takes the members that it knows.
struct RulesetAttributes {
    std::uint64_t files = 0;    // handled_access_fs
    std::uint64_t network = 0;  // handled_access_net, version 4
    std::uint64_t scoped = 0;   // version 6
};
constexpr std::uint64_t kFiles1 = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
constexpr std::uint64_t kRefer = LANDLOCK_ACCESS_FS_REFER;  // version 2
constexpr std::uint64_t kTruncate = 1ULL << 14;             // version 3
constexpr std::uint64_t kDevices = 1ULL << 15;              // version 5
constexpr std::uint64_t kBindConnect = 3;
constexpr std::uint64_t kSocketsSignals = 3;

struct Wanted {
    RulesetAttributes attributes;
    std::size_t size;
};

Wanted wanted(int level) {
    RulesetAttributes out;
    out.files = kFiles1 | (level >= 2 ? kRefer : 0) | (level >= 3 ? kTruncate : 0) |
                (level >= 5 ? kDevices : 0);
    out.network = level >= 4 ? kBindConnect : 0;
    out.scoped = level >= 6 ? kSocketsSignals : 0;
    const std::size_t members = level >= 6 ? 3 : level >= 4 ? 2 : 1;
    return {out, members * sizeof(std::uint64_t)};
}

tl::unexpected<Error> failed(const std::string& step) {
    return fail(Errc::kInternal,
                "Landlock: " + step + ": " + std::generic_category().message(errno));
}

Result<> allow_reading(int ruleset, const std::string& path) {
    const host::UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!fd) return {};
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return failed("look at " + path);
    landlock_path_beneath_attr rule{};
    rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
    if (S_ISDIR(status.st_mode)) rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
    rule.parent_fd = fd.get();
    if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0U) != 0)
        return failed("allow " + path);
    return {};
}

}  // namespace

long query_landlock() {
    return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

int landlock_level(const LandlockQuery& query) {
    const long version = query();
    return version < 1 ? 0 : static_cast<int>(std::min<long>(version, kLandlockKnown));
}

Result<> restrict_files(int level, const std::vector<std::string>& readable) {
    if (level < 1) return {};
    const auto [attributes, size] = wanted(level);
    const host::UniqueFd ruleset(
        static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0U)));
    if (!ruleset) return failed("make a set of rules");
    for (const auto& path : readable)
        if (auto allowed = allow_reading(ruleset.get(), path); !allowed) return allowed;
    if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0U) != 0)
        return failed("restrict the process");
    return {};
}

}  // namespace kontor::sandbox
