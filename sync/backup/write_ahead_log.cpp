#include "sync/backup/write_ahead_log.hpp"

#include <algorithm>
#include <string_view>

#include "sync/backup/file.hpp"

namespace kontor::backup {
namespace {

constexpr std::size_t kLogHeader = 32;
constexpr std::size_t kLogHeaderSummed = 24;
constexpr std::size_t kFrameHeader = 24;
constexpr std::size_t kFrameHeaderSummed = 8;
constexpr std::uint32_t kMagic = 0x377f0682;  // with the lowest bit: sums of big-endian words
constexpr std::uint32_t kVersion = 3'007'000;
constexpr std::size_t kFramesAtOnce = 64;
constexpr int kTries = 5;

using Sum = std::array<std::uint32_t, 2>;

std::uint32_t word(std::string_view bytes, std::size_t at, bool big_endian = true) {
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i]));
    };
    return big_endian ? byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3)
                      : byte(3) << 24 | byte(2) << 16 | byte(1) << 8 | byte(0);
}

void add(Sum& sum, std::string_view bytes, bool big_endian) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
        sum[0] += word(bytes, at, big_endian) + sum[1];
        sum[1] += word(bytes, at + 4, big_endian) + sum[0];
    }
}

struct Header {
    Sum salts{};
    Sum checksum{};
    std::uint32_t page_bytes = 0;
    bool big_endian = false;
    bool operator==(const Header&) const = default;
};

/// nullopt if there is none, or one that is just being written.
Result<std::optional<Header>> header_of_log(File& log) {
    std::string bytes(kLogHeader, '\0');
    const auto got = log.read_up_to(0, bytes);
    if (!got) return tl::unexpected<Error>(got.error());
    const auto magic = word(bytes, 0);
    if (*got < bytes.size() || (magic & ~1U) != kMagic || word(bytes, 4) != kVersion)
        return std::nullopt;
    Header out{{word(bytes, 16), word(bytes, 20)}, {}, word(bytes, 8), (magic & 1U) != 0};
    add(out.checksum, std::string_view(bytes).substr(0, kLogHeaderSummed), out.big_endian);
    if (out.checksum != Sum{word(bytes, 24), word(bytes, 28)}) return std::nullopt;
    const bool power_of_two = (out.page_bytes & (out.page_bytes - 1)) == 0;
    if (out.page_bytes < 512 || out.page_bytes > 65'536 || !power_of_two) return std::nullopt;
    return out;
}

std::int64_t offset_of(std::uint32_t frame, const Header& header) {
    return static_cast<std::int64_t>(kLogHeader) +
           std::int64_t{frame} * static_cast<std::int64_t>(kFrameHeader + header.page_bytes);
}

/// All commits of the log. Each checksum covers what is before it, so that a position is in the log
/// only if it is come by from the beginning: a writer that was killed may have left a commit that
/// SQLite does not know, and which the next writer overwrites in part.
Result<> read_commits(File& log, const Header& header, const std::optional<LogPosition>& from,
                      LogRead& out) {
    const auto frame_bytes = kFrameHeader + header.page_bytes;
    const bool continues = out.kind == LogRead::Kind::kContinues;
    bool past = !continues || *from == out.end;
    std::vector<std::uint32_t> uncommitted;
    auto at = out.end;
    const auto finish = [&]() -> Result<> {
        if (!past) out.kind = LogRead::Kind::kBroken;
        return {};
    };
    std::string piece(kFramesAtOnce * frame_bytes, '\0');
    while (true) {
        const auto got = log.read_up_to(offset_of(at.frames, header), piece);
        if (!got) return tl::unexpected<Error>(got.error());
        for (std::size_t begin = 0; begin + frame_bytes <= *got; begin += frame_bytes) {
            const auto frame = std::string_view(piece).substr(begin, frame_bytes);
            const auto page = word(frame, 0);
            const auto size = word(frame, 4);  // after a commit; else 0
            if (page == 0 || Sum{word(frame, 8), word(frame, 12)} != header.salts) return finish();
            add(at.checksum, frame.substr(0, kFrameHeaderSummed), header.big_endian);
            add(at.checksum, frame.substr(kFrameHeader), header.big_endian);
            if (at.checksum != Sum{word(frame, 16), word(frame, 20)}) return finish();
            ++at.frames;
            if (past) uncommitted.push_back(page);
            if (size == 0) continue;
            out.end = at;
            if (past) {
                out.pages.insert(out.pages.end(), uncommitted.begin(), uncommitted.end());
                uncommitted.clear();
                out.least_size = std::min(out.least_size.value_or(size), size);
            }
            past = past || at == *from;
        }
        if (*got < piece.size()) return finish();
    }
}

}  // namespace

Result<LogRead> read_log(const std::string& path, const std::optional<LogPosition>& from) {
    for (int tried = 0; tried < kTries; ++tried) {
        auto log = File::open(path);
        if (!log && log.error().code == Errc::kNotFound) return LogRead{};
        if (!log) return pass(log);
        const auto header = header_of_log(*log);
        if (!header) return tl::unexpected<Error>(header.error());
        if (!*header) return LogRead{};
        LogRead out;
        out.kind = LogRead::Kind::kAnother;
        out.end = {(*header)->salts, 0, (*header)->checksum};
        if (from && from->salts == (*header)->salts) out.kind = LogRead::Kind::kContinues;
        if (auto done = read_commits(*log, **header, from, out); !done) return pass(done);
        // What was read while it began anew is of neither.
        const auto after = header_of_log(*log);
        if (!after) return tl::unexpected<Error>(after.error());
        if (*after == *header) return out;
    }
    return fail(Errc::kBusy, path + " begins anew all the time");
}

}  // namespace kontor::backup
