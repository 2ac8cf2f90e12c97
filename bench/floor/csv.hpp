#pragma once

#include <string>
#include <string_view>
#include <vector>

struct archive;

namespace floor_bench {

/// Rows of the one CSV file in a ZIP file.
class CsvInZip {
public:
    explicit CsvInZip(const std::string& path);
    ~CsvInZip();
    CsvInZip(const CsvInZip&) = delete;
    CsvInZip& operator=(const CsvInZip&) = delete;

    /// The next row's fields, valid until the next call. False at the end.
    bool next(std::vector<std::string_view>& row);

private:
    bool parse(std::vector<std::string_view>& row);
    bool refill();

    archive* archive_;
    std::string buffer_;
    std::size_t begin_ = 0;  // of what is not yet handed out
    bool ended_ = false;
};

}  // namespace floor_bench
