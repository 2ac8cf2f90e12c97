#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::sdk {

/// How a CSV file is to be read.
struct CsvFormat {
    char delimiter = ',';
    /// A row that is broken is handed over with fault() instead of ending the file.
    bool lenient = false;
    std::string what = "a CSV file";  ///< begins the messages of errors
};

/// Reads CSV (RFC 4180) as a stream: quoted fields may hold delimiters, quotes and line breaks;
/// lines end with LF or CRLF; a byte order mark is skipped. Memory is bounded by the longest row.
/// Nothing is allocated per field. Throws sdk::Error(KONTOR_E_PROTOCOL) for a quote that never
/// ends, text behind a closing quote, or a row beyond the limits, unless it is lenient.
class CsvReader {
public:
    /// Reads up to `size` bytes; 0 at the end. May throw.
    using Source = std::function<std::size_t(char* buffer, std::size_t size)>;

    explicit CsvReader(Source source, CsvFormat format = {});

    static constexpr std::size_t kRowBytesMax = 16u << 20;
    static constexpr std::size_t kFieldsMax = 4096;
    /// Rows whose quote never ends that a lenient reader passes over: each is searched to the end.
    static constexpr int kOpenQuotesMax = 20;

    enum class Fault : std::uint8_t { kNone, kOpenQuote, kBehindQuote, kTooLong, kTooManyFields };

    /// The next row into `fields`, which are valid until the next call. False at the end. Empty
    /// lines are skipped.
    bool next(std::vector<std::string_view>& fields);
    /// The row last read as it stands in the file. Valid as its fields are.
    [[nodiscard]] std::string_view raw() const { return {buffer_.data() + at_, next_ - at_}; }
    /// What is wrong with the row last read; its fields are then empty. The next row begins with
    /// the next line.
    [[nodiscard]] Fault fault() const { return fault_; }
    /// Line on which the row last read begins, from 1. Only a lenient reader counts.
    [[nodiscard]] std::int64_t line() const { return line_; }

private:
    struct Span {
        std::size_t at = 0, size = 0;
        bool unquoted = false;  // in scratch_
    };
    enum class Outcome { kRow, kNeedMore, kBroken };
    Outcome scan();
    Outcome scan_quoted(std::size_t& at);
    Outcome broken(Fault fault);
    [[noreturn]] void fail(Fault fault) const;
    bool skip_line();
    bool refill();
    void add(const Span& span) {
        if (count_ == spans_.size()) spans_.resize(count_ * 2);
        spans_[count_++] = span;
    }

    Source source_;
    CsvFormat format_;
    std::string buffer_;
    std::size_t at_ = 0;  // first byte of the row
    std::size_t end_ = 0;
    std::size_t next_ = 0;  // first byte of the row after it
    bool at_end_ = false, started_ = false;
    std::vector<Span> spans_;  // of the row, as far as count_
    std::size_t count_ = 0;
    std::string scratch_;
    Fault fault_ = Fault::kNone;
    int open_quotes_ = 0;
    std::int64_t line_ = 1;
};

}  // namespace kontor::sdk
