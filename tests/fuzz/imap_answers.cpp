// An IMAP server's bytes, and what is read out of them: a folder that is opened, a search,
// messages.
#include <algorithm>
#include <array>

#include "daemon/mail/imap_answer.hpp"
#include "sync/base/utf8.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace kontor;

constexpr std::array<std::uint32_t, 3> kAsked{7, 9, 11};

void check(const Error& error) {
    must_hold(is_utf8(error.message) && error.message.size() < 400);
    must_hold(std::ranges::none_of(error.message, [](unsigned char c) { return c < 0x20; }));
}

void read(std::string_view bytes, std::size_t piece) {
    std::size_t given = 0;
    mail::ImapReader reader([&](std::string& buffer) -> Result<> {
        if (given == bytes.size()) return fail(Errc::kUnavailable, "closed");
        const auto some = bytes.substr(given, piece);
        given += some.size();
        buffer += some;
        return {};
    });
    for (int i = 1; i <= 3; ++i) {
        auto lines = reader.read("K" + std::to_string(i));
        if (!lines) {
            check(lines.error());
            return;
        }
        (void)mail::validity_in(*lines);
        if (const auto uids = mail::uids_in(*lines, 6)) {
            must_hold(std::ranges::is_sorted(*uids, std::less_equal<>()));  // each once
            must_hold(std::ranges::all_of(*uids, [](auto uid) { return uid > 6; }));
        }
        std::size_t size = 0;
        if (const auto messages = mail::messages_in(std::move(*lines), kAsked)) {
            must_hold(std::ranges::is_sorted(*messages, {}, &mail::Fetched::uid));
            for (const auto& each : *messages) {
                must_hold(std::ranges::find(kAsked, each.uid) != kAsked.end());
                size += each.bytes.size();
            }
        }
        must_hold(size <= given);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // In pieces, so that what belongs together does not come together.
    for (const std::size_t piece : {std::size_t{3}, std::size_t{16'384}})
        read(as_text(data, size), piece);
    return 0;
}
