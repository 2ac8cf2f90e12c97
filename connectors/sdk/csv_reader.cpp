#include "connectors/sdk/csv_reader.hpp"

#include <algorithm>
#include <cstring>

#include "connectors/sdk/error.hpp"

namespace kontor::sdk {
namespace {

constexpr std::size_t kChunk = 1u << 18;

const char* text_of(CsvReader::Fault fault) {
    switch (fault) {
        case CsvReader::Fault::kOpenQuote:
            return " has a quote that never ends";
        case CsvReader::Fault::kBehindQuote:
            return " has text behind a closing quote";
        case CsvReader::Fault::kTooLong:
            return " has a row that is too long";
        case CsvReader::Fault::kTooManyFields:
            return " has a row of too many fields";
        case CsvReader::Fault::kNone:
            break;
    }
    return "";
}

}  // namespace

CsvReader::CsvReader(Source source, CsvFormat format)
    : source_(std::move(source)),
      format_(std::move(format)),
      buffer_(2 * kChunk, '\0'),
      spans_(64) {}

void CsvReader::fail(Fault fault) const {
    throw Error(KONTOR_E_PROTOCOL, format_.what + text_of(fault));
}

CsvReader::Outcome CsvReader::broken(Fault fault) {
    if (!format_.lenient) fail(fault);
    if (fault == Fault::kOpenQuote && ++open_quotes_ > kOpenQuotesMax) fail(fault);
    fault_ = fault;
    return Outcome::kBroken;
}

// Reads on behind the row that is not complete yet. False at the end of the file, and at a row that
// would need more room than it may.
bool CsvReader::refill() {
    if (at_end_) return false;
    if (at_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + at_, end_ - at_);
        end_ -= at_;
        at_ = 0;
    }
    if (end_ >= kRowBytesMax) return false;
    // Doubling, so that a long row is not scanned again for every small piece.
    if (end_ * 2 > buffer_.size()) buffer_.resize(buffer_.size() * 2);
    std::size_t got = 0;
    const std::size_t wanted = std::max(kChunk, end_);
    while (got < wanted && end_ < buffer_.size()) {
        const std::size_t piece = source_(buffer_.data() + end_, buffer_.size() - end_);
        if (piece == 0) {
            at_end_ = true;
            break;
        }
        got += piece;
        end_ += piece;
    }
    return true;
}

// `at` is behind the opening quote; afterwards behind the closing one.
CsvReader::Outcome CsvReader::scan_quoted(std::size_t& at) {
    const std::size_t scratch = scratch_.size();
    std::size_t from = at;
    bool doubled = false;
    for (;;) {
        const void* quote = std::memchr(buffer_.data() + at, '"', end_ - at);
        if (quote == nullptr) return at_end_ ? broken(Fault::kOpenQuote) : Outcome::kNeedMore;
        const auto where =
            static_cast<std::size_t>(static_cast<const char*>(quote) - buffer_.data());
        if (where + 1 == end_ && !at_end_) return Outcome::kNeedMore;
        if (where + 1 < end_ && buffer_[where + 1] == '"') {
            scratch_.append(buffer_, from, where + 1 - from);
            doubled = true;
            at = from = where + 2;
            continue;
        }
        if (doubled) {
            scratch_.append(buffer_, from, where - from);
            add({scratch, scratch_.size() - scratch, true});
        } else {
            add({from, where - from, false});
        }
        at = where + 1;
        return Outcome::kRow;
    }
}

CsvReader::Outcome CsvReader::scan() {
    count_ = 0;
    scratch_.clear();
    std::size_t at = at_;
    const char delimiter = format_.delimiter;
    for (;;) {
        if (count_ >= kFieldsMax) return broken(Fault::kTooManyFields);
        if (at < end_ && buffer_[at] == '"') {
            ++at;
            if (const auto outcome = scan_quoted(at); outcome != Outcome::kRow) return outcome;
        } else {
            const std::size_t from = at;
            const char* data = buffer_.data();
            while (at < end_ && data[at] != delimiter && data[at] != '\n') ++at;
            if (at == end_ && !at_end_) return Outcome::kNeedMore;
            std::size_t size = at - from;
            const bool line_end = at == end_ || data[at] == '\n';
            if (line_end && size > 0 && data[at - 1] == '\r') --size;
            add({from, size, false});
        }
        // Behind the field: a delimiter, or the end of the line.
        if (at < end_ && buffer_[at] == '\r') {
            if (at + 1 == end_ && !at_end_) return Outcome::kNeedMore;
            ++at;
        }
        if (at >= end_) {
            if (!at_end_) return Outcome::kNeedMore;
            next_ = at;
            return Outcome::kRow;
        }
        if (buffer_[at] == '\n') {
            next_ = at + 1;
            return Outcome::kRow;
        }
        if (buffer_[at] != delimiter) return broken(Fault::kBehindQuote);
        ++at;
    }
}

// A broken row is taken to be one line. False if it ends beyond what is read: nothing of the file
// can be told from it any more.
bool CsvReader::skip_line() {
    count_ = 0;
    const void* end = std::memchr(buffer_.data() + at_, '\n', end_ - at_);
    if (end != nullptr)
        next_ = static_cast<std::size_t>(static_cast<const char*>(end) - buffer_.data()) + 1;
    else if (at_end_)
        next_ = end_;
    else
        return false;
    return true;
}

bool CsvReader::next(std::vector<std::string_view>& fields) {
    if (format_.lenient) line_ += std::count(buffer_.data() + at_, buffer_.data() + next_, '\n');
    at_ = next_;
    fault_ = Fault::kNone;
    if (!started_) {
        started_ = true;
        while (end_ < 3 && refill()) {
        }
        if (end_ >= 3 && std::memcmp(buffer_.data(), "\xEF\xBB\xBF", 3) == 0) at_ = 3;
    }
    for (;;) {
        if (at_ == end_ && at_end_) {
            next_ = at_;
            return false;
        }
        const auto outcome = at_ == end_ ? Outcome::kNeedMore : scan();
        if (outcome == Outcome::kNeedMore) {
            if (refill() || at_end_) continue;
            broken(Fault::kTooLong);
        }
        if (outcome != Outcome::kRow) {
            // The line may go on beyond what is read.
            while (!skip_line())
                if (!refill()) fail(fault_);
            break;
        }
        if (count_ == 1 && spans_[0].size == 0 && !spans_[0].unquoted) {
            if (format_.lenient)
                line_ += std::count(buffer_.data() + at_, buffer_.data() + next_, '\n');
            at_ = next_;
            continue;
        }
        break;
    }
    fields.resize(count_);
    for (std::size_t i = 0; i < count_; ++i)
        fields[i] = {(spans_[i].unquoted ? scratch_ : buffer_).data() + spans_[i].at,
                     spans_[i].size};
    return true;
}

}  // namespace kontor::sdk
