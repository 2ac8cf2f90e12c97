#include "connectors/host/granted_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>  // NOLINT(modernize-deprecated-headers): renameat2
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "connectors/host/atomic_file.hpp"

namespace kontor::host {
namespace {

constexpr int kDepthMax = 16;
constexpr std::string_view kHidden = ".kontor-";  // files that are not whole yet
constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

tl::unexpected<Error> refused(const std::string& why) {
    return fail(Errc::kPermission, why);
}

// The names in a path below a grant, each of them harmless.
Result<std::vector<std::string>> split(std::string_view path) {
    std::vector<std::string> names;
    while (true) {
        const auto slash = path.find('/');
        const auto name = path.substr(0, slash);
        if (name.empty() || name == "." || name == ".." || name.size() > 255 ||
            name.find('\0') != std::string_view::npos)
            return refused("a file's path must name folders below a granted one, nothing else");
        names.emplace_back(name);
        if (names.size() > kDepthMax) return refused("a file's path is too deep");
        if (slash == std::string_view::npos) return names;
        path.remove_prefix(slash + 1);
    }
}

Error file_error(int error_number) {
    if (error_number == ELOOP || error_number == ENOTDIR)
        return {Errc::kPermission, "a file's path leads through a link or a file", {}, {}};
    if (error_number == EEXIST) return {Errc::kConflict, "the file exists already", {}, {}};
    return system_error("a granted file", error_number);
}

// Walks down name by name, never through a link.
Result<UniqueFd> descend(const std::string& root, const std::vector<std::string>& names,
                         std::size_t first, std::size_t last) {
    UniqueFd folder(::open(root.c_str(), kFolderFlags));  // the administrator may use links
    for (std::size_t i = first; folder && i < last; ++i)
        folder = UniqueFd(::openat(folder.get(), names[i].c_str(), kFolderFlags | O_NOFOLLOW));
    if (!folder) return tl::unexpected(file_error(errno));
    return folder;
}

struct CloseDir {
    void operator()(DIR* dir) const { ::closedir(dir); }
};

Result<> collect(UniqueFd folder, const std::string& path, int depth, std::vector<FileEntry>& out) {
    const int fd = ::dup(folder.get());
    const std::unique_ptr<DIR, CloseDir> dir(fd >= 0 ? ::fdopendir(fd) : nullptr);
    if (!dir) {
        const int failed = errno;
        if (fd >= 0) ::close(fd);
        return tl::unexpected(file_error(failed));
    }
    while (const auto* entry = ::readdir(dir.get())) {
        const std::string name = entry->d_name;
        if (name == "." || name == ".." || name.starts_with(kHidden)) continue;
        struct stat st {};
        if (::fstatat(folder.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
        const std::string full = path + "/" + name;
        if (S_ISREG(st.st_mode)) {
            if (out.size() >= GrantedFiles::kFilesListedMax)
                return fail(Errc::kProtocol, "a granted folder holds too many files");
            out.push_back(
                {full, st.st_size,
                 std::int64_t{st.st_mtim.tv_sec} * 1000 + st.st_mtim.tv_nsec / 1'000'000});
        } else if (S_ISDIR(st.st_mode) && depth < kDepthMax) {
            UniqueFd below(::openat(folder.get(), name.c_str(), kFolderFlags | O_NOFOLLOW));
            if (!below) continue;  // gone meanwhile, or not ours to read
            if (auto done = collect(std::move(below), full, depth + 1, out); !done) return done;
        }
    }
    return {};
}

}  // namespace

GrantedFiles::OpenFile::OpenFile(UniqueFd open, std::optional<NewFile> fresh)
    : fd(std::move(open)), made(std::move(fresh)) {}

GrantedFiles::OpenFile::~OpenFile() {
    if (made) ::unlinkat(made->folder.get(), made->hidden.c_str(), 0);
}

Result<std::int64_t> GrantedFiles::keep(UniqueFd fd, std::optional<NewFile> made) {
    if (open_.size() >= kOpenMax) return fail(Errc::kInvalid, "the plugin has too many files open");
    open_.try_emplace(next_, std::move(fd), std::move(made));
    return next_++;
}

Result<std::int64_t> GrantedFiles::create(UniqueFd folder, const std::string& name) {
    struct stat st {};
    if (::fstatat(folder.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0)
        return tl::unexpected(file_error(EEXIST));
    NewFile made;
    made.name = name;
    UniqueFd fd;
    // What a crash left behind keeps its name.
    for (std::size_t attempt = 0; attempt < kFilesListedMax && !fd; ++attempt) {
        made.hidden = std::string(kHidden) + std::to_string(::getpid()) + "-" +
                      std::to_string(next_) + "-" + std::to_string(attempt);
        fd =
            UniqueFd(::openat(folder.get(), made.hidden.c_str(),
                              O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!fd && errno != EEXIST) return tl::unexpected(file_error(errno));
    }
    if (!fd) return tl::unexpected(file_error(EEXIST));
    // As open to the group as the folder is: others are meant to read it.
    if (::fstat(folder.get(), &st) == 0)
        static_cast<void>(::fchmod(fd.get(), 0600 | (st.st_mode & 0060)));
    made.folder = std::move(folder);
    return keep(std::move(fd), std::move(made));
}

Result<> GrantedFiles::commit(std::int64_t file) {
    const auto found = open_.find(file);
    if (found == open_.end() || !found->second.made)
        return fail(Errc::kInvalid, "no such new file");
    OpenFile& open = found->second;
    const NewFile& made = *open.made;
    if (::fsync(open.fd.get()) != 0) return tl::unexpected(system_error("write a file", errno));
    if (::renameat2(made.folder.get(), made.hidden.c_str(), made.folder.get(), made.name.c_str(),
                    RENAME_NOREPLACE) != 0) {
        // Some file systems cannot rename with a condition.
        if (errno != EINVAL) return tl::unexpected(file_error(errno));
        struct stat st {};
        if (::fstatat(made.folder.get(), made.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0)
            return tl::unexpected(file_error(EEXIST));
        if (::renameat(made.folder.get(), made.hidden.c_str(), made.folder.get(),
                       made.name.c_str()) != 0)
            return tl::unexpected(file_error(errno));
    }
    ::fsync(made.folder.get());
    open.made.reset();
    return {};
}

Result<std::int64_t> GrantedFiles::adopt(SpoolFile spool) {
    return keep(spool.release(), std::nullopt);
}

Result<std::int64_t> GrantedFiles::open(std::string_view path, bool create) {
    auto names = split(path);
    if (!names) return pass(names);
    const auto grant = grants_.find(names->front());
    if (grant == grants_.end() || names->size() < 2)
        return refused("the path is not in a folder granted to this connection");
    if (create && !grant->second.writable) return refused("the folder is granted for reading only");
    auto folder = descend(grant->second.folder, *names, 1, names->size() - 1);
    if (!folder) return pass(folder);
    if (create) return this->create(std::move(*folder), names->back());
    UniqueFd fd(::openat(folder->get(), names->back().c_str(),
                         O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY));
    if (!fd) return tl::unexpected(file_error(errno));
    struct stat st {};
    if (::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) return refused("that is not a file");
    return keep(std::move(fd), std::nullopt);
}

Result<std::size_t> GrantedFiles::read(std::int64_t file, std::int64_t offset, char* buffer,
                                       std::size_t size) const {
    const auto found = open_.find(file);
    if (found == open_.end() || offset < 0) return fail(Errc::kInvalid, "no such open file");
    std::size_t got = 0;
    while (got < size) {
        const ssize_t n = ::pread(found->second.fd.get(), buffer + got, size - got,
                                  offset + static_cast<std::int64_t>(got));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return tl::unexpected(system_error("read a file", errno));
        if (n == 0) break;
        got += static_cast<std::size_t>(n);
    }
    return got;
}

Result<> GrantedFiles::write(std::int64_t file, std::string_view bytes) {
    const auto found = open_.find(file);
    if (found == open_.end()) return fail(Errc::kInvalid, "no such open file");
    if (!found->second.made) return refused("the file was not opened for writing");
    while (!bytes.empty()) {
        const ssize_t n = ::write(found->second.fd.get(), bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return tl::unexpected(system_error("write a file", errno));
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

Result<std::vector<FileEntry>> GrantedFiles::list(std::string_view path) const {
    auto names = split(path);
    if (!names) return pass(names);
    const auto grant = grants_.find(names->front());
    if (grant == grants_.end()) return refused("the folder is not granted to this connection");
    auto folder = descend(grant->second.folder, *names, 1, names->size());
    if (!folder) return pass(folder);
    std::vector<FileEntry> out;
    if (auto done = collect(std::move(*folder), std::string(path), 0, out); !done)
        return pass(done);
    std::ranges::sort(out, {}, &FileEntry::path);
    return out;
}

}  // namespace kontor::host
