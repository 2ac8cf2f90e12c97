#include "connectors/sandbox/resource_limits.hpp"

#include <sys/resource.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace kontor::sandbox {

Result<> limit_resources(std::uint64_t memory_bytes, bool sanitized) {
    struct Limit {
        __rlimit_resource what;
        const char* name;
        rlim_t most;
    };
    // Loading a library takes a descriptor or two at a time.
    constexpr rlim_t kDescriptors = 16;
    const rlim_t memory = memory_bytes == 0 ? RLIM_INFINITY : rlim_t{memory_bytes};
    const Limit limits[] = {{RLIMIT_NOFILE, "descriptors", kDescriptors},
                            {RLIMIT_FSIZE, "file size", 0},
                            {RLIMIT_CORE, "core dumps", 0},
                            {RLIMIT_NPROC, "processes", 0},
                            {RLIMIT_MEMLOCK, "locked memory", 0},
                            {RLIMIT_MSGQUEUE, "message queues", 0},
                            {RLIMIT_AS, "address space", memory}};
    for (const auto& [what, name, most] : limits) {
        if (sanitized && (what == RLIMIT_AS || what == RLIMIT_FSIZE)) continue;
        struct rlimit now {};
        // An administrator's limit may be lower already.
        if (::getrlimit(what, &now) == 0 && now.rlim_max < most) continue;
        const struct rlimit wanted { most, most };
        if (::setrlimit(what, &wanted) != 0)
            return fail(Errc::kInternal, std::string("limit of ") + name + ": " +
                                             std::generic_category().message(errno));
    }
    return {};
}

}  // namespace kontor::sandbox
