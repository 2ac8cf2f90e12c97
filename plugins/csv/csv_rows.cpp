#include <algorithm>
#include <cstring>

#include "connectors/sdk/csv_reader.hpp"
#include "connectors/sdk/error.hpp"
#include "plugins/csv/rows.hpp"

namespace kontor::csv {
namespace {

using sdk::CsvReader;

constexpr std::size_t kSample = 1u << 16;
constexpr std::string_view kReplaced = "\xEF\xBF\xBD";

Reason reason_of(CsvReader::Fault fault) {
    switch (fault) {
        case CsvReader::Fault::kOpenQuote:
            return Reason::kOpenQuote;
        case CsvReader::Fault::kBehindQuote:
            return Reason::kBehindQuote;
        case CsvReader::Fault::kTooLong:
            return Reason::kTooLong;
        case CsvReader::Fault::kTooManyFields:
            return Reason::kTooManyCells;
        case CsvReader::Fault::kNone:
            break;
    }
    return Reason::kNone;
}

// "sep=;" on the first line is for Excel: which delimiter it is.
char said_delimiter(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    if (!text.starts_with("sep=") || text.size() < 6) return 0;
    return text[5] == '\r' || text[5] == '\n' ? text[4] : '\0';
}

class CsvRows final : public RowSource {
public:
    CsvRows(Source source, const std::string& encoding, const CsvSettings& settings)
        : source_(as_utf8(std::move(source), encoding)),
          converted_(encoding != "UTF-8"),
          fill_(settings.fill_short_rows) {
        sample_.resize(kSample);
        std::size_t got = 0;
        while (got < kSample) {
            const std::size_t piece = source_(sample_.data() + got, kSample - got);
            if (piece == 0) break;
            got += piece;
        }
        sample_.resize(got);
        said_ = said_delimiter(sample_);
        sdk::CsvFormat format;
        format.lenient = true;
        format.delimiter = settings.delimiter != 0 ? settings.delimiter
                           : said_ != 0            ? said_
                                                   : detect_delimiter(sample_);
        reader_ = std::make_unique<CsvReader>(
            [this](char* buffer, std::size_t size) { return read(buffer, size); },
            std::move(format));
    }

    bool next(Row& row) override {
        try {
            if (!reader_->next(row.cells)) return false;
            if (said_ != 0 && reader_->line() == 1 && !reader_->next(row.cells)) return false;
        } catch (const sdk::Error& error) {
            if (error.status() != KONTOR_E_PROTOCOL) throw;
            throw Unreadable(Reason::kOpenQuote);
        }
        row.line = reader_->line();
        row.fault = reason_of(reader_->fault());
        const std::string_view raw = reader_->raw();
        if (converted_ ? raw.find(kReplaced) != std::string_view::npos : !is_utf8(raw))
            row.fault = Reason::kEncoding;
        return true;
    }
    [[nodiscard]] bool ragged() const override { return fill_; }

private:
    std::size_t read(char* buffer, std::size_t size) {
        if (used_ == sample_.size()) return source_(buffer, size);
        const std::size_t got = std::min(size, sample_.size() - used_);
        std::memcpy(buffer, sample_.data() + used_, got);
        used_ += got;
        return got;
    }

    Source source_;
    const bool converted_, fill_;
    std::string sample_;  // read to find the delimiter
    std::size_t used_ = 0;
    char said_ = 0;
    std::unique_ptr<CsvReader> reader_;
};

// Rows of `text` that have as many cells as its first, and how many cells that has.
std::pair<std::size_t, std::size_t> agreement(std::string_view text, char delimiter) {
    constexpr std::size_t kRows = 30;
    sdk::CsvFormat format;
    format.lenient = true;
    format.delimiter = delimiter;
    CsvReader reader(
        [&](char* buffer, std::size_t size) {
            const std::size_t got = std::min(size, text.size());
            std::memcpy(buffer, text.data(), got);
            text.remove_prefix(got);
            return got;
        },
        std::move(format));
    std::vector<std::string_view> cells;
    std::size_t same = 0, first = 0;
    try {
        for (std::size_t row = 0; row < kRows && reader.next(cells); ++row) {
            if (row == 0) first = cells.size();
            if (cells.size() == first && first > 1) ++same;
        }
    } catch (const sdk::Error&) {
        return {0, 0};
    }
    return {same, first};
}

}  // namespace

char detect_delimiter(std::string_view text) {
    // The last line may be cut off.
    if (const auto end = text.rfind('\n'); end != std::string_view::npos)
        text = text.substr(0, end + 1);
    char best = ',';
    std::pair<std::size_t, std::size_t> most{0, 0};
    for (const char delimiter : {',', ';', '\t', '|'}) {
        const auto found = agreement(text, delimiter);
        if (found <= most) continue;
        most = found;
        best = delimiter;
    }
    return best;
}

std::unique_ptr<RowSource> csv_rows(Source source, const std::string& encoding,
                                    const CsvSettings& settings) {
    return std::make_unique<CsvRows>(std::move(source), encoding, settings);
}

}  // namespace kontor::csv
