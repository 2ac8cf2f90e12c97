#include "plugins/zoho/csv.hpp"

#include <algorithm>
#include <cstring>

#include "connectors/sdk/error.hpp"

namespace kontor::zoho {
namespace {

constexpr std::size_t kChunk = 1u << 18;

[[noreturn]] void broken(const char* why) {
    throw sdk::Error(KONTOR_E_PROTOCOL, std::string("a bulk result: CSV ") + why);
}

}  // namespace

CsvReader::CsvReader(Source source)
    : source_(std::move(source)), buffer_(2 * kChunk, '\0'), spans_(64) {}

// Reads on behind the row that is not complete yet. False at the end of the file.
bool CsvReader::refill() {
    if (at_end_) return false;
    if (at_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + at_, end_ - at_);
        end_ -= at_;
        at_ = 0;
    }
    if (end_ >= kRowBytesMax) broken("has a row that is too long");
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
        if (quote == nullptr) {
            if (at_end_) broken("has a quote that never ends");
            return Outcome::kNeedMore;
        }
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
    for (;;) {
        if (count_ >= kFieldsMax) broken("has a row of too many fields");
        if (at < end_ && buffer_[at] == '"') {
            ++at;
            if (scan_quoted(at) == Outcome::kNeedMore) return Outcome::kNeedMore;
        } else {
            const std::size_t from = at;
            const char* data = buffer_.data();
            while (at < end_ && data[at] != ',' && data[at] != '\n') ++at;
            if (at == end_ && !at_end_) return Outcome::kNeedMore;
            std::size_t size = at - from;
            const bool line_end = at == end_ || data[at] == '\n';
            if (line_end && size > 0 && data[at - 1] == '\r') --size;
            add({from, size, false});
        }
        // Behind the field: a comma, or the end of the line.
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
        if (buffer_[at] != ',') broken("has text behind a closing quote");
        ++at;
    }
}

bool CsvReader::next(std::vector<std::string_view>& fields) {
    at_ = next_;
    if (!started_) {
        started_ = true;
        while (end_ < 3 && refill()) {
        }
        if (end_ >= 3 && std::memcmp(buffer_.data(), "\xEF\xBB\xBF", 3) == 0) at_ = 3;
    }
    for (;;) {
        if (at_ == end_ && at_end_) return false;
        if (at_ == end_ || scan() == Outcome::kNeedMore) {
            refill();
            continue;
        }
        if (count_ == 1 && spans_[0].size == 0 && !spans_[0].unquoted) {
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

}  // namespace kontor::zoho
