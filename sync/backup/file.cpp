#include "sync/backup/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace kontor::backup {
namespace {

tl::unexpected<Error> system_failure(const std::string& doing, const std::string& path, int code) {
    Errc errc = Errc::kStorage;
    if (code == ENOSPC || code == EDQUOT || code == EFBIG) errc = Errc::kFull;
    if (code == EROFS) errc = Errc::kReadOnly;
    if (code == EACCES || code == EPERM) errc = Errc::kPermission;
    if (code == ENOENT) errc = Errc::kNotFound;
    return fail(errc, doing + " " + path + ": " + std::strerror(code), {{"path", path}});
}

}  // namespace

Result<File> File::open_as(const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (fd < 0) return system_failure("open", path, errno);
    return File(fd, path);
}

Result<File> File::open(const std::string& path) {
    return open_as(path, O_RDONLY);
}
Result<File> File::create(const std::string& path) {
    return open_as(path, O_RDWR | O_CREAT | O_TRUNC);
}
Result<File> File::change(const std::string& path) {
    return open_as(path, O_RDWR);
}

File::~File() {
    if (fd_ >= 0) ::close(fd_);
}

Result<std::size_t> File::read(std::string& to) {
    std::size_t got = 0;
    while (got < to.size()) {
        const auto n = ::read(fd_, to.data() + got, to.size() - got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return system_failure("read", path_, errno);
        if (n == 0) break;
        got += static_cast<std::size_t>(n);
    }
    return got;
}

Result<std::size_t> File::read_up_to(std::int64_t offset, std::string& to) {
    std::size_t got = 0;
    while (got < to.size()) {
        const auto n =
            ::pread(fd_, to.data() + got, to.size() - got, offset + static_cast<std::int64_t>(got));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return system_failure("read", path_, errno);
        if (n == 0) break;
        got += static_cast<std::size_t>(n);
    }
    return got;
}

Result<> File::read_at(std::int64_t offset, std::string& to) {
    const auto got = read_up_to(offset, to);
    if (!got) return tl::unexpected<Error>(got.error());
    if (*got < to.size())
        return fail(Errc::kCorrupt, path_ + " ends too early", {{"reason", "backup_damaged"}});
    return {};
}

Result<> File::append(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::write(fd_, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return system_failure("write", path_, errno);
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

Result<> File::write_at(std::int64_t offset, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::pwrite(fd_, bytes.data(), bytes.size(), offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return system_failure("write", path_, errno);
        bytes.remove_prefix(static_cast<std::size_t>(n));
        offset += n;
    }
    return {};
}

Result<> File::truncate(std::int64_t size) {
    if (::ftruncate(fd_, size) != 0) return system_failure("write", path_, errno);
    return {};
}

Result<> File::sync() {
    if (::fsync(fd_) != 0) return system_failure("write", path_, errno);
    return {};
}

Result<> move_into_place(const std::string& from, const std::string& to) {
    if (std::rename(from.c_str(), to.c_str()) != 0) return system_failure("write", to, errno);
    const auto folder = std::filesystem::path(to).parent_path().string();
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return system_failure("open", folder, errno);
    const int rc = ::fsync(fd);
    const int code = errno;
    ::close(fd);
    if (rc != 0) return system_failure("write", folder, code);
    return {};
}

Result<std::string> read_whole(const std::string& path) {
    auto in = File::open(path);
    if (!in) return pass(in);
    std::string out;
    std::string piece(std::size_t{1} << 20, '\0');
    while (true) {
        const auto got = in->read(piece);
        if (!got) return tl::unexpected<Error>(got.error());
        out.append(piece, 0, *got);
        if (*got < piece.size()) return out;
    }
}

Result<> write_whole(const std::string& path, std::string_view bytes) {
    const auto made = path + ".new";
    auto out = File::create(made);
    if (!out) return pass(out);
    if (auto done = out->append(bytes); !done) return done;
    if (auto done = out->sync(); !done) return done;
    return move_into_place(made, path);
}

}  // namespace kontor::backup
