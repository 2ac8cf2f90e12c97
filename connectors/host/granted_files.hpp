#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/host/spool_file.hpp"
#include "connectors/host/unique_fd.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// A folder that the administrator opened to a connection.
struct Grant {
    std::string folder;
    bool writable = false;
};

struct FileEntry {
    std::string path;  ///< as file_open() takes it: "inbox/2026/a.csv"
    std::int64_t size = 0;
    std::int64_t modified_ms = 0;
};

/// The files that a plugin has open: spool files, and files below granted folders. A path can never
/// lead out of its grant: "..", absolute paths and symbolic links are refused. Not thread-safe.
class GrantedFiles {
public:
    explicit GrantedFiles(std::map<std::string, Grant> grants) : grants_(std::move(grants)) {}

    /// Takes over a spool file; its handle. kFull if too many files are open.
    [[nodiscard]] Result<std::int64_t> adopt(SpoolFile spool);
    /// kPermission outside the grants, kNotFound, kConflict if a new file exists already. A new
    /// file stands under a hidden name until it is committed, and is gone if it never is.
    [[nodiscard]] Result<std::int64_t> open(std::string_view path, bool create);
    /// Bytes read, 0 at the end. kInvalid for an unknown handle.
    [[nodiscard]] Result<std::size_t> read(std::int64_t file, std::int64_t offset, char* buffer,
                                           std::size_t size) const;
    /// Appends. kPermission if it was not opened for that.
    [[nodiscard]] Result<> write(std::int64_t file, std::string_view bytes);
    /// Lets a new file appear under its name, on the disk for good; the handle can then only read.
    /// kConflict if there is a file of that name by now.
    [[nodiscard]] Result<> commit(std::int64_t file);
    /// All files below a folder, sorted; kProtocol above kFilesListedMax.
    [[nodiscard]] Result<std::vector<FileEntry>> list(std::string_view folder) const;
    void close(std::int64_t file) { open_.erase(file); }
    void close_all() { open_.clear(); }

    static constexpr std::size_t kOpenMax = 64;
    static constexpr std::size_t kFilesListedMax = 10'000;

private:
    /// Where a new file is going to be.
    struct NewFile {
        UniqueFd folder;
        std::string hidden, name;
    };
    struct OpenFile {
        UniqueFd fd;
        std::optional<NewFile> made;
        OpenFile(UniqueFd open, std::optional<NewFile> fresh);
        OpenFile(const OpenFile&) = delete;
        OpenFile& operator=(const OpenFile&) = delete;
        ~OpenFile();
    };
    [[nodiscard]] Result<std::int64_t> keep(UniqueFd fd, std::optional<NewFile> made);
    [[nodiscard]] Result<std::int64_t> create(UniqueFd folder, const std::string& name);

    const std::map<std::string, Grant> grants_;
    std::map<std::int64_t, OpenFile> open_;
    std::int64_t next_ = 1;
};

}  // namespace kontor::host
