#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::zoho {

/// Reads CSV (RFC 4180) as a stream: quoted fields may hold commas, quotes and line breaks; lines
/// end with LF or CRLF; a byte order mark is skipped. Memory is bounded by the longest row.
/// Nothing is allocated per field. Throws sdk::Error(KONTOR_E_PROTOCOL) for a quote that never
/// ends, text behind a closing quote, or a row beyond the limits.
class CsvReader {
public:
    /// Reads up to `size` bytes; 0 at the end. May throw.
    using Source = std::function<std::size_t(char* buffer, std::size_t size)>;

    explicit CsvReader(Source source);

    static constexpr std::size_t kRowBytesMax = 16u << 20;
    static constexpr std::size_t kFieldsMax = 4096;

    /// The next row into `fields`, which are valid until the next call. False at the end. Empty
    /// lines are skipped.
    bool next(std::vector<std::string_view>& fields);
    /// The row last read as it stands in the file. Valid as its fields are.
    [[nodiscard]] std::string_view raw() const { return {buffer_.data() + at_, next_ - at_}; }

private:
    struct Span {
        std::size_t at = 0, size = 0;
        bool unquoted = false;  // in scratch_
    };
    enum class Outcome { kRow, kNeedMore };
    Outcome scan();
    Outcome scan_quoted(std::size_t& at);
    bool refill();
    void add(const Span& span) {
        if (count_ == spans_.size()) spans_.resize(count_ * 2);
        spans_[count_++] = span;
    }

    Source source_;
    std::string buffer_;
    std::size_t at_ = 0;  // first byte of the row
    std::size_t end_ = 0;
    std::size_t next_ = 0;  // first byte of the row after it
    bool at_end_ = false, started_ = false;
    std::vector<Span> spans_;  // of the row, as far as count_
    std::size_t count_ = 0;
    std::string scratch_;
};

}  // namespace kontor::zoho
