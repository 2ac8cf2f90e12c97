#include "connectors/host/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "connectors/host/atomic_file.hpp"

namespace kontor::host {

Result<FileLock> FileLock::acquire(const std::string& path, const Clock& clock, Sleeper& sleeper,
                                   std::chrono::milliseconds wait_max) {
    constexpr std::chrono::milliseconds kPoll{10};
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return tl::unexpected(system_error("open " + path, errno));
    const auto started = clock.steady();
    // flock belongs to this open file, not to the process, so threads exclude each other too.
    while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return tl::unexpected(system_error("lock " + path, errno));
        if (clock.steady() - started > wait_max)
            return fail(Errc::kBusy, path + " is locked by another program", {{"path", path}});
        if (!sleeper.sleep(kPoll)) return fail(Errc::kCancelled, "cancelled");
    }
    return FileLock(std::move(fd));
}

}  // namespace kontor::host
