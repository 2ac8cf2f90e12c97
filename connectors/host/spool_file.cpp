#include "connectors/host/spool_file.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstdlib>

#include "connectors/host/atomic_file.hpp"

namespace kontor::host {

Result<SpoolFile> SpoolFile::create(const std::string& folder) {
    std::string name = folder + "/spool-XXXXXX";
    UniqueFd fd(::mkostemp(name.data(), O_CLOEXEC));
    if (!fd) return tl::unexpected(system_error("create a spool file in " + folder, errno));
    ::unlink(name.c_str());
    return SpoolFile(std::move(fd));
}

Result<> SpoolFile::append(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd_.get(), bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return tl::unexpected(system_error("write to the spool file", errno));
        bytes.remove_prefix(static_cast<std::size_t>(n));
        size_ += static_cast<std::uint64_t>(n);
    }
    return {};
}

}  // namespace kontor::host
