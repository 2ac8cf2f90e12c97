#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "sync/base/result.hpp"

namespace kontor::backup {

/// A file that is read or written piece by piece (mode 0600); closed at the end of its life. One
/// thread at a time. Errors: kFull, kReadOnly, kPermission, kNotFound, kStorage, with the `path`.
class File {
public:
    [[nodiscard]] static Result<File> open(const std::string& path);
    /// Replaces what was there.
    [[nodiscard]] static Result<File> create(const std::string& path);
    /// To be changed in place.
    [[nodiscard]] static Result<File> change(const std::string& path);
    File(File&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
    File& operator=(File&&) = delete;
    ~File();

    /// Fills `to` as far as there is something; the number of bytes, 0 at the end.
    [[nodiscard]] Result<std::size_t> read(std::string& to);
    /// The same from a place; the place of read() stays.
    [[nodiscard]] Result<std::size_t> read_up_to(std::int64_t offset, std::string& to);
    /// Fills all of `to`; kCorrupt if the file ends before.
    [[nodiscard]] Result<> read_at(std::int64_t offset, std::string& to);
    [[nodiscard]] Result<> append(std::string_view bytes);
    [[nodiscard]] Result<> write_at(std::int64_t offset, std::string_view bytes);
    [[nodiscard]] Result<> truncate(std::int64_t size);
    [[nodiscard]] Result<> sync();

private:
    File(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
    [[nodiscard]] static Result<File> open_as(const std::string& path, int flags);
    int fd_;
    std::string path_;
};

/// Gives a file that is complete its place: it is there wholly or not at all, also after a power
/// cut.
[[nodiscard]] Result<> move_into_place(const std::string& from, const std::string& to);

/// A whole small file. kNotFound, kStorage.
[[nodiscard]] Result<std::string> read_whole(const std::string& path);
/// Replaces it as a whole.
[[nodiscard]] Result<> write_whole(const std::string& path, std::string_view bytes);

}  // namespace kontor::backup
