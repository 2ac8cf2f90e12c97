// A changed page that says only how it differs from an older one: any bytes, and pages that are
// written and read again.
#include "sync/backup/page_delta.hpp"

#include <string>

#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kontor;
    constexpr std::size_t kPageBytes = 512;
    if (size == 0) return 0;
    // The first byte says how much of the rest is the older page.
    const auto rest = as_text(data + 1, size - 1);
    const auto before = rest.substr(0, rest.size() * data[0] / 255);
    const auto second = rest.substr(before.size());
    backup::PageDelta delta;
    const auto decoded = delta.decode(before, second, kPageBytes);
    must_hold(decoded ? decoded->size() == kPageBytes : decoded.error().code == Errc::kCorrupt);

    const auto encoded = delta.encode(before, second);
    must_hold(encoded.size() <= second.size() / 2);
    if (!encoded.empty()) {
        must_hold(delta.decode(before, encoded, second.size()) == second);
        must_hold(!delta.decode(before, encoded, second.size() + 1));
        must_hold(!delta.decode(before, encoded, second.size() - 1));
    }
    // An edit is short, whatever was encoded and decoded before it.
    if (before.size() >= kPageBytes) {
        std::string edited(before);
        edited[data[0]] ^= 1;
        const auto edit = delta.encode(before, edited);
        must_hold(!edit.empty() && delta.decode(before, edit, edited.size()) == edited);
    }
    return 0;
}
