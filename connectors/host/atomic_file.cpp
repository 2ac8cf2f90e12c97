#include "connectors/host/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "connectors/host/unique_fd.hpp"

namespace kontor::host {
namespace {

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

}  // namespace

Error system_error(std::string doing, int error_number) {
    Errc code = Errc::kStorage;
    if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG)
        code = Errc::kFull;
    else if (error_number == EROFS)
        code = Errc::kReadOnly;
    else if (error_number == EACCES || error_number == EPERM)
        code = Errc::kPermission;
    else if (error_number == ENOENT)
        code = Errc::kNotFound;
    return Error{code, doing + ": " + std::generic_category().message(error_number), {}, {}};
}

Result<> replace_file(const std::string& path, std::string_view bytes, Durability durability) {
    std::string temporary = path + ".XXXXXX";
    UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));  // creates with mode 0600
    if (!fd) return tl::unexpected(system_error("create " + temporary, errno));
    const bool synced = durability == Durability::kSynced;
    if (!write_all(fd.get(), bytes) || (synced && ::fsync(fd.get()) != 0) ||
        ::rename(temporary.c_str(), path.c_str()) != 0) {
        const int failed = errno;
        ::unlink(temporary.c_str());
        return tl::unexpected(system_error("write " + path, failed));
    }
    if (synced) {
        const auto folder = std::filesystem::path(path).parent_path();
        const UniqueFd dir(
            ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (dir) ::fsync(dir.get());
    }
    return {};
}

Result<std::optional<std::string>> read_file(const std::string& path, std::size_t max) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd && errno == ENOENT) return std::optional<std::string>();
    if (!fd) return tl::unexpected(system_error("open " + path, errno));
    std::string bytes;
    std::array<char, 16384> buffer{};
    while (true) {
        const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return tl::unexpected(system_error("read " + path, errno));
        if (n == 0) return std::optional<std::string>(std::move(bytes));
        bytes.append(buffer.data(), static_cast<std::size_t>(n));
        if (bytes.size() > max)
            return fail(Errc::kStorage, path + " is larger than " + std::to_string(max) + " bytes");
    }
}

Result<> make_private_folder(const std::string& path) {
    const std::filesystem::path folder(path);
    std::error_code ignored;
    if (std::filesystem::is_directory(folder, ignored)) return {};
    if (const auto parent = folder.parent_path(); !parent.empty() && parent != folder)
        if (auto made = make_private_folder(parent.string()); !made) return made;
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return tl::unexpected(system_error("create folder " + path, errno));
    return {};
}

}  // namespace kontor::host
