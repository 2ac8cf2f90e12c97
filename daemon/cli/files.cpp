#include "daemon/cli/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace kontor::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileMax = 1u << 20;

tl::unexpected<Failure> refused(messages::Language language, std::string_view key,
                                const std::string& path, int error) {
    return tl::unexpected<Failure>(
        failed(language, Exit::kFailed, "storage", key,
               {{"path", path}, {"reason", messages::localized(language, std::strerror(error))}}));
}

/// Closes a descriptor when it goes.
struct Descriptor {
    int fd = -1;
    ~Descriptor() {
        if (fd >= 0) close(fd);
    }
};

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

Outcome<> make_folder(messages::Language language, const std::string& path, Readers readers) {
    const mode_t mode = readers == Readers::kOwner ? 0700 : 0755;
    fs::path built;
    for (const auto& part : fs::path(path)) {
        built /= part;
        if (mkdir(built.c_str(), mode) == 0 || errno == EEXIST) continue;
        const int error = errno;
        if (!is_folder(built)) return refused(language, "cli.file.unwritable", path, error);
    }
    if (!is_folder(path)) return refused(language, "cli.file.unwritable", path, ENOTDIR);
    return {};
}

bool is_folder(const std::string& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

Outcome<> write_file(messages::Language language, const std::string& path, std::string_view bytes,
                     Readers readers) {
    std::string temporary = path + ".XXXXXX";
    Descriptor file{mkstemp(temporary.data())};  // mode 0600
    if (file.fd < 0) return refused(language, "cli.file.unwritable", path, errno);
    const bool shared = readers == Readers::kAll;
    const bool written = write_all(file.fd, bytes) && (!shared || fchmod(file.fd, 0644) == 0) &&
                         fsync(file.fd) == 0 && rename(temporary.c_str(), path.c_str()) == 0;
    if (written) return {};
    const int error = errno;
    unlink(temporary.c_str());
    return refused(language, "cli.file.unwritable", path, error);
}

Outcome<std::string> read_small_file(messages::Language language, const std::string& path) {
    const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.fd < 0) return refused(language, "cli.file.unreadable", path, errno);
    std::string text;
    char block[4096];
    for (;;) {
        const auto got = read(file.fd, block, sizeof block);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return refused(language, "cli.file.unreadable", path, errno);
        if (got == 0) break;
        text.append(block, static_cast<std::size_t>(got));
        if (text.size() > kFileMax) return refused(language, "cli.file.unreadable", path, EFBIG);
    }
    explicit_bzero(block, sizeof block);
    return text;
}

void wipe(std::string& text) noexcept {
    explicit_bzero(text.data(), text.size());
    text.clear();
}

}  // namespace kontor::cli
