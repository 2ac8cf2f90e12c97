#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "connectors/sdk/host.hpp"

namespace kontor::csv {

/// One part of a workbook, unpacked piece by piece. Within the limits of workbook.hpp.
class Part {
public:
    /// Throws Unreadable if the file is no ZIP archive, or is encrypted.
    Part(const sdk::HostFile& file, std::int64_t size, std::string_view name);
    ~Part();
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

    [[nodiscard]] bool found() const { return found_; }
    /// 0 at the end. Throws Unreadable.
    [[nodiscard]] std::size_t read(char* buffer, std::size_t size);
    /// All of it. Throws Unreadable if that is more than `max` bytes.
    [[nodiscard]] std::string read_all(std::size_t max);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
    bool found_ = false;
    std::int64_t unpacked_ = 0, unpacked_max_ = 0;
};

}  // namespace kontor::csv
