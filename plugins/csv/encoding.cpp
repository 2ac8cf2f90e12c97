#include "plugins/csv/encoding.hpp"

#include <unicode/ucnv.h>
#include <unicode/udata.h>

#include <algorithm>
#include <array>
#include <vector>

#include "connectors/sdk/error.hpp"

namespace kontor::csv {
namespace {

constexpr std::size_t kHead = 4096;
constexpr std::size_t kInput = 1u << 16;

struct Close {
    void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, Close>;

Converter open_converter(const std::string& encoding) {
    UErrorCode error = U_ZERO_ERROR;
    // The tables are in ICU's library; a plugin may open no files.
    udata_setFileAccess(UDATA_NO_FILES, &error);
    error = U_ZERO_ERROR;
    Converter out(ucnv_open(encoding.c_str(), &error));
    if (U_FAILURE(error))
        throw sdk::Error(KONTOR_E_INVALID, "the encoding " + encoding + " is not known");
    return out;
}

class Transcoder {
public:
    Transcoder(Source source, const std::string& encoding)
        : source_(std::move(source)),
          from_(open_converter(encoding)),
          to_(open_converter("UTF-8")),
          input_(kInput),
          at_(input_.data()),
          end_(input_.data()),
          pivot_from_(pivot_.data()),
          pivot_to_(pivot_.data()) {}
    Transcoder(const Transcoder&) = delete;
    Transcoder& operator=(const Transcoder&) = delete;

    std::size_t read(char* buffer, std::size_t size) {
        char* out = buffer;
        while (out == buffer && !done_) {
            if (at_ == end_ && !at_end_) {
                const std::size_t got = source_(input_.data(), input_.size());
                at_ = input_.data();
                end_ = at_ + got;
                at_end_ = got == 0;
            }
            UErrorCode error = U_ZERO_ERROR;
            ucnv_convertEx(to_.get(), from_.get(), &out, buffer + size, &at_, end_, pivot_.data(),
                           &pivot_from_, &pivot_to_, pivot_.data() + pivot_.size(), first_, at_end_,
                           &error);
            first_ = false;
            if (error == U_BUFFER_OVERFLOW_ERROR) break;
            if (U_FAILURE(error))
                throw sdk::Error(KONTOR_E_PROTOCOL, "a file cannot be converted to UTF-8");
            done_ = at_end_;
        }
        return static_cast<std::size_t>(out - buffer);
    }

private:
    Source source_;
    Converter from_, to_;
    std::vector<char> input_;
    const char* at_;
    const char* end_;
    std::array<UChar, 4096> pivot_{};
    UChar* pivot_from_;
    UChar* pivot_to_;
    bool first_ = true, at_end_ = false, done_ = false;
};

}  // namespace

void Utf8Counter::take(std::uint8_t byte) {
    if (expected_ > 0) {
        const bool fits = byte >= least_ && byte <= most_;
        least_ = 0x80, most_ = 0xBF;
        if (fits) {
            if (--expected_ == 0) ++characters_;
            return;
        }
        ++errors_;
        expected_ = 0;
    }
    if (byte < 0x80) return;
    if (byte >= 0xC2 && byte <= 0xDF) {
        expected_ = 1;
    } else if (byte >= 0xE0 && byte <= 0xEF) {
        expected_ = 2;
        if (byte == 0xE0) least_ = 0xA0;  // no longer forms
        if (byte == 0xED) most_ = 0x9F;   // no surrogates
    } else if (byte >= 0xF0 && byte <= 0xF4) {
        expected_ = 3;
        if (byte == 0xF0) least_ = 0x90;
        if (byte == 0xF4) most_ = 0x8F;
    } else {
        ++errors_;
    }
}

void EncodingDetector::look_at(std::string_view bytes) {
    if (head_.size() < kHead) head_ += bytes.substr(0, kHead - head_.size());
    for (const char c : bytes) {
        const auto byte = static_cast<std::uint8_t>(c);
        hash_ = (hash_ ^ byte) * 1099511628211u;
        if (byte >= 0x80 || utf8_.within_character()) utf8_.take(byte);
    }
}

std::string EncodingDetector::encoding() const {
    const std::string_view head = head_;
    if (head.starts_with("\xEF\xBB\xBF")) return "UTF-8";
    if (head.starts_with("\xFF\xFE")) return "UTF-16LE";
    if (head.starts_with("\xFE\xFF")) return "UTF-16BE";
    std::array<std::size_t, 2> zeros{};
    for (std::size_t i = 0; i < head.size(); ++i)
        if (head[i] == '\0') ++zeros[i % 2];
    if (zeros[1] > head.size() / 8 && zeros[0] == 0) return "UTF-16LE";
    if (zeros[0] > head.size() / 8 && zeros[1] == 0) return "UTF-16BE";
    // Text in GB18030 hardly ever reads as UTF-8 by chance; a damaged file is still what it was.
    constexpr std::uint64_t kGoodForOneBad = 20;
    return utf8_.errors() * kGoodForOneBad <= utf8_.characters() ? "UTF-8" : "GB18030";
}

bool is_utf8(std::string_view text) {
    if (std::ranges::all_of(text, [](char c) { return static_cast<signed char>(c) >= 0; }))
        return true;
    Utf8Counter counter;
    for (const char c : text) counter.take(static_cast<std::uint8_t>(c));
    return counter.errors() == 0;
}

Source as_utf8(Source source, const std::string& encoding) {
    if (encoding == "UTF-8") return source;
    // The mark of UTF-16 says nothing more once the encoding is known.
    const bool marked = encoding.starts_with("UTF-16");
    auto transcoder = std::make_shared<Transcoder>(std::move(source), encoding);
    auto head = std::make_shared<std::string>();
    auto started = std::make_shared<bool>(!marked);
    return [transcoder, head, started](char* buffer, std::size_t size) {
        if (!*started) {
            *started = true;
            char first[64];
            while (head->size() < 3) {
                const std::size_t got = transcoder->read(first, sizeof first);
                if (got == 0) break;
                head->append(first, got);
            }
            if (head->starts_with("\xEF\xBB\xBF")) head->erase(0, 3);
        }
        if (head->empty()) return transcoder->read(buffer, size);
        const std::size_t got = std::min(size, head->size());
        std::copy_n(head->data(), got, buffer);
        head->erase(0, got);
        return got;
    };
}

std::string from_utf8(std::string_view text, const std::string& encoding) {
    if (encoding == "UTF-8") return std::string(text);
    const Converter to = open_converter(encoding), from = open_converter("UTF-8");
    UErrorCode error = U_ZERO_ERROR;
    ucnv_setSubstChars(to.get(), "?", 1, &error);
    std::string out;
    std::array<char, 4096> piece{};
    std::array<UChar, 1024> pivot{};
    UChar* pivot_from = pivot.data();
    UChar* pivot_to = pivot.data();
    const char* at = text.data();
    bool first = true;
    do {
        char* end = piece.data();
        error = U_ZERO_ERROR;
        ucnv_convertEx(to.get(), from.get(), &end, piece.data() + piece.size(), &at,
                       text.data() + text.size(), pivot.data(), &pivot_from, &pivot_to,
                       pivot.data() + pivot.size(), first, true, &error);
        first = false;
        out.append(piece.data(), static_cast<std::size_t>(end - piece.data()));
    } while (error == U_BUFFER_OVERFLOW_ERROR);
    if (U_FAILURE(error))
        throw sdk::Error(KONTOR_E_INTERNAL, "a text cannot be converted to " + encoding);
    return out;
}

}  // namespace kontor::csv
