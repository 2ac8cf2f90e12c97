#include "connectors/frames/frame.hpp"

#include <bit>
#include <cstring>

namespace kontor::frames {
namespace {

static_assert(std::endian::native == std::endian::little, "a big-endian port must swap here");

constexpr std::size_t kCallAt = 8, kSizesAt = 12, kNumbersAt = 24;
constexpr std::size_t kKept = std::size_t{4} << 20;  // most record batches are smaller

}  // namespace

HeadBytes encode_head(const Frame& frame) noexcept {
    HeadBytes out{'K', 'F', static_cast<char>(kVersion), static_cast<char>(frame.kind),
                  static_cast<char>(frame.code)};
    std::array<std::uint32_t, kTexts> sizes{};
    for (std::size_t i = 0; i < kTexts; ++i)
        sizes[i] = static_cast<std::uint32_t>(frame.texts[i].size());
    std::memcpy(out.data() + kCallAt, &frame.call, sizeof frame.call);
    std::memcpy(out.data() + kSizesAt, sizes.data(), sizeof sizes);
    std::memcpy(out.data() + kNumbersAt, frame.numbers.data(), sizeof frame.numbers);
    return out;
}

Result<Head> decode_head(const HeadBytes& bytes, std::size_t bytes_max) {
    if (bytes[0] != 'K' || bytes[1] != 'F') return fail(Errc::kProtocol, "it is no frame");
    if (static_cast<std::uint8_t>(bytes[2]) != kVersion)
        return fail(Errc::kProtocol, "a frame of another version");
    const auto kind = static_cast<std::uint8_t>(bytes[3]);
    if (kind < static_cast<std::uint8_t>(Kind::kHello) ||
        kind > static_cast<std::uint8_t>(Kind::kEnd) || bytes[5] != 0 || bytes[6] != 0 ||
        bytes[7] != 0)
        return fail(Errc::kProtocol, "a frame of an unknown kind");
    Head head;
    head.frame.kind = static_cast<Kind>(kind);
    head.frame.code = static_cast<std::uint8_t>(bytes[4]);
    std::memcpy(&head.frame.call, bytes.data() + kCallAt, sizeof head.frame.call);
    std::memcpy(head.sizes.data(), bytes.data() + kSizesAt, sizeof head.sizes);
    std::memcpy(head.frame.numbers.data(), bytes.data() + kNumbersAt, sizeof head.frame.numbers);
    if (head.bytes() > bytes_max) return fail(Errc::kProtocol, "a frame that is too large");
    return head;
}

char* TextBuffer::room(std::size_t size) {
    if (size > size_) {
        bytes_.reset();  // the old bytes need not be there at the same time
        size_ = 0;
        bytes_ = std::make_unique_for_overwrite<char[]>(size);
        size_ = size;
    }
    return bytes_.get();
}

void TextBuffer::trim() {
    if (size_ <= kKept) return;
    bytes_.reset();
    size_ = 0;
}

Frame with_texts(const Head& head, const char* bytes) noexcept {
    Frame frame = head.frame;
    for (std::size_t i = 0; i < kTexts; ++i) {
        frame.texts[i] = std::string_view(bytes, head.sizes[i]);
        bytes += head.sizes[i];
    }
    return frame;
}

}  // namespace kontor::frames
