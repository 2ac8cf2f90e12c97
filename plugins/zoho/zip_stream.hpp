#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace kontor::zoho {

/// Reads the first file of a ZIP archive as a stream, in constant memory whatever its size. Checks
/// its CRC at the end. Stored and deflated files; no encryption. Everything is checked: a broken
/// archive throws sdk::Error(KONTOR_E_PROTOCOL).
class ZipStream {
public:
    /// Reads up to `size` bytes at `offset` of the archive; 0 at its end. May throw.
    using Source = std::function<std::size_t(std::int64_t offset, char* buffer, std::size_t size)>;

    explicit ZipStream(Source source);
    ~ZipStream();

    /// Up to `size` bytes of the file; 0 at its end.
    std::size_t read(char* buffer, std::size_t size);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kontor::zoho
