#include "plugins/zoho/zip_stream.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "connectors/sdk/error.hpp"

namespace kontor::zoho {
namespace {

constexpr std::size_t kInputSize = 1u << 18;
// 200,000 records of Zoho's are far smaller; what is larger is an attack.
constexpr std::uint64_t kOutputMax = std::uint64_t{64} << 30;

[[noreturn]] void broken(const std::string& why) {
    throw sdk::Error(KONTOR_E_PROTOCOL, "a bulk result: the ZIP archive " + why);
}

std::uint32_t little(const char* at, int bytes) {
    std::uint32_t out = 0;
    for (int i = bytes - 1; i >= 0; --i) out = out << 8 | static_cast<unsigned char>(at[i]);
    return out;
}

}  // namespace

class ZipStream::Impl {
public:
    explicit Impl(Source source) : source_(std::move(source)), input_(kInputSize) { open(); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() {
        if (inflating_) inflateEnd(&zlib_);
    }

    std::size_t read(char* buffer, std::size_t size) {
        if (done_) return 0;
        const std::size_t got = inflating_    ? inflate_some(buffer, size)
                                : descriptor_ ? copy_to_descriptor(buffer, size)
                                              : copy_some(buffer, size);
        crc_ = crc32(crc_, reinterpret_cast<const Bytef*>(buffer), static_cast<uInt>(got));
        written_ += got;
        if (written_ > kOutputMax) broken("unpacks to too much");
        if (done_) check_end();
        return got;
    }

private:
    // Makes at least `count` bytes of input available, if the archive has them.
    bool need(std::size_t count) {
        while (end_ - at_ < count) {
            if (at_ > 0) {
                std::memmove(input_.data(), input_.data() + at_, end_ - at_);
                end_ -= at_;
                at_ = 0;
            }
            const std::size_t got = source_(offset_, input_.data() + end_, input_.size() - end_);
            if (got == 0) return false;
            offset_ += static_cast<std::int64_t>(got);
            end_ += got;
        }
        return true;
    }

    void open() {
        constexpr std::size_t kHeader = 30;
        if (!need(kHeader) || std::memcmp(input_.data(), "PK\3\4", 4) != 0)
            broken("has no file in it");
        const char* header = input_.data();
        const std::uint32_t flags = little(header + 6, 2), method = little(header + 8, 2);
        const std::uint32_t packed = little(header + 18, 4);
        const std::size_t skip = kHeader + little(header + 26, 2) + little(header + 28, 2);
        if ((flags & 1) != 0) broken("is encrypted");
        descriptor_ = (flags & 8) != 0;
        if (!descriptor_) expected_crc_ = little(header + 14, 4);
        if (!need(skip)) broken("is cut off");
        at_ = skip;
        if (method == Z_DEFLATED) {
            if (inflateInit2(&zlib_, -MAX_WBITS) != Z_OK)
                throw sdk::Error(KONTOR_E_INTERNAL, "zlib does not start");
            inflating_ = true;
        } else if (method == 0) {
            if (packed == 0xFFFFFFFF) broken("stores a file of unknown size");
            stored_left_ = packed;
        } else {
            broken("is packed in a way that Zoho does not use");
        }
    }

    std::size_t inflate_some(char* buffer, std::size_t size) {
        zlib_.next_out = reinterpret_cast<Bytef*>(buffer);
        zlib_.avail_out = static_cast<uInt>(std::min<std::size_t>(size, 1u << 30));
        const uInt room = zlib_.avail_out;
        while (zlib_.avail_out == room && !done_) {
            if (!need(1)) broken("is cut off");
            zlib_.next_in = reinterpret_cast<Bytef*>(input_.data() + at_);
            zlib_.avail_in = static_cast<uInt>(end_ - at_);
            const int status = inflate(&zlib_, Z_NO_FLUSH);
            at_ = end_ - zlib_.avail_in;
            if (status == Z_STREAM_END)
                done_ = true;
            else if (status != Z_OK)
                broken("does not unpack");
        }
        return room - zlib_.avail_out;
    }

    std::size_t copy_some(char* buffer, std::size_t size) {
        const std::size_t count = std::min(size, stored_left_);
        if (count > 0 && !need(1)) broken("is cut off");
        const std::size_t got = std::min(count, end_ - at_);
        std::memcpy(buffer, input_.data() + at_, got);
        at_ += got;
        stored_left_ -= got;
        done_ = stored_left_ == 0;
        return got;
    }

    // A stored file whose size comes afterwards ends where a descriptor stands that names exactly
    // the checksum and the size of what came before it.
    std::size_t copy_to_descriptor(char* buffer, std::size_t size) {
        constexpr std::size_t kDescriptor = 16;
        if (!need(kDescriptor)) broken("is cut off");
        const char* from = input_.data() + at_;
        if (std::memcmp(from, "PK\7\10", 4) == 0 && little(from + 4, 4) == crc_ &&
            little(from + 8, 4) == static_cast<std::uint32_t>(written_)) {
            done_ = true;
            return 0;
        }
        const std::size_t room = std::min(size, end_ - at_ - kDescriptor + 1);
        const void* next = room > 1 ? std::memchr(from + 1, 'P', room - 1) : nullptr;
        const std::size_t got =
            next == nullptr ? room
                            : static_cast<std::size_t>(static_cast<const char*>(next) - from);
        std::memcpy(buffer, from, got);
        at_ += got;
        return got;
    }

    void check_end() {
        if (descriptor_) {
            const bool signature = need(4) && std::memcmp(input_.data() + at_, "PK\7\10", 4) == 0;
            const std::size_t skip = signature ? 4 : 0;
            if (!need(skip + 4)) broken("is cut off");
            expected_crc_ = little(input_.data() + at_ + skip, 4);
        }
        if (expected_crc_ != crc_) broken("is damaged: wrong checksum");
    }

    Source source_;
    std::vector<char> input_;
    std::size_t at_ = 0, end_ = 0;
    std::int64_t offset_ = 0;
    z_stream zlib_{};
    bool inflating_ = false, descriptor_ = false, done_ = false;
    std::size_t stored_left_ = 0;
    std::uint64_t written_ = 0;
    uLong crc_ = 0, expected_crc_ = 0;
};

ZipStream::ZipStream(Source source) : impl_(std::make_unique<Impl>(std::move(source))) {}
ZipStream::~ZipStream() = default;

std::size_t ZipStream::read(char* buffer, std::size_t size) {
    return impl_->read(buffer, size);
}

}  // namespace kontor::zoho
