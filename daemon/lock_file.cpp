#include "daemon/lock_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "connectors/host/atomic_file.hpp"

namespace kontor::app {

Result<LockFile> LockFile::acquire(const std::string& path) {
    host::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return tl::unexpected<Error>(host::system_error("lock " + path, errno));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            return tl::unexpected<Error>(host::system_error("lock " + path, errno));
        char pid[24] = {};
        const auto got = ::pread(fd.get(), pid, sizeof pid - 1, 0);
        std::string holder(pid, got > 0 ? static_cast<std::size_t>(got) : 0);
        while (!holder.empty() && holder.back() == '\n') holder.pop_back();
        if (holder.empty()) holder = "?";
        return fail(Errc::kBusy, path + " is in use by process " + holder,
                    {{"path", path}, {"pid", holder}});
    }
    const auto pid = std::to_string(::getpid()) + "\n";
    // Only for people: the lock holds without it.
    if (::ftruncate(fd.get(), 0) != 0 ||
        ::pwrite(fd.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
        return tl::unexpected<Error>(host::system_error("write " + path, errno));
    return LockFile(std::move(fd));
}

}  // namespace kontor::app
