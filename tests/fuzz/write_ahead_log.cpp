// SQLite's log, as it may have been left: any bytes, and logs whose sums are right, made by another
// hand than the reader's, of which is known what the reader has to find.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "sync/backup/write_ahead_log.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace kontor;
using namespace kontor::backup;

constexpr std::uint32_t kSalts[] = {0x01020304, 0xa0b0c0d0};

/// Reads bytes as a file; there is one for the whole life of the process.
LogRead read(std::string_view bytes, const std::optional<LogPosition>& from) {
    static const int kFile = ::memfd_create("log", MFD_CLOEXEC);
    must_hold(::ftruncate(kFile, 0) == 0);
    must_hold(::pwrite(kFile, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    const auto out = read_log("/proc/self/fd/" + std::to_string(kFile), from);
    must_hold(out.has_value());
    return *out;
}

/// A log that is written frame by frame, and what is committed in it.
class Log {
public:
    Log(bool big_endian, std::uint32_t page_bytes) : big_endian_(big_endian), page_(page_bytes, 0) {
        put(0x377f0682U | static_cast<std::uint32_t>(big_endian));
        for (const auto each : {3'007'000U, page_bytes, 0U, kSalts[0], kSalts[1]}) put(each);
        sum(bytes_);
        put(sum_[0]);
        put(sum_[1]);
        commits_.push_back({{kSalts[0], kSalts[1]}, 0, sum_});
    }

    enum class Flaw : std::uint8_t { kNone, kSalt, kSum, kCut };
    /// `size` 0: no commit. After the first frame with a flaw the rest counts for nothing; after
    /// one that is cut there is none.
    void frame(std::uint32_t page, std::uint32_t size, char content, Flaw flaw) {
        if (cut_) return;
        const auto begin = bytes_.size();
        put(page);
        put(size);
        sum(std::string_view(bytes_).substr(begin));
        page_.assign(page_.size(), content);
        sum(page_);
        put(kSalts[0] + (flaw == Flaw::kSalt ? 1 : 0));
        put(kSalts[1]);
        put(sum_[0] + (flaw == Flaw::kSum ? 1 : 0));
        put(sum_[1]);
        bytes_ += page_;
        cut_ = flaw == Flaw::kCut;
        if (cut_) bytes_.pop_back();
        sound_ = sound_ && flaw == Flaw::kNone && page != 0;
        if (!sound_) return;
        ++frames_;
        pages_.push_back({page, size});
        if (size != 0) commits_.push_back({{kSalts[0], kSalts[1]}, frames_, sum_});
    }

    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    [[nodiscard]] const std::vector<LogPosition>& commits() const { return commits_; }

    void must_be(const LogRead& read, const std::optional<LogPosition>& from) const {
        const bool same = from && from->salts == commits_.front().salts;
        if (same && std::find(commits_.begin(), commits_.end(), *from) == commits_.end()) {
            must_hold(read.kind == LogRead::Kind::kBroken);
            return;
        }
        must_hold(read.kind == (same ? LogRead::Kind::kContinues : LogRead::Kind::kAnother));
        must_hold(read.end == commits_.back());
        std::vector<std::uint32_t> pages;
        std::optional<std::uint32_t> least;
        for (auto at = same ? from->frames : 0; at < commits_.back().frames; ++at) {
            const auto [page, size] = pages_[at];
            pages.push_back(page);
            if (size != 0) least = std::min(least.value_or(size), size);
        }
        must_hold(read.pages == pages && read.least_size == least);
    }

private:
    void put(std::uint32_t word) {
        for (int shift = 24; shift >= 0; shift -= 8)
            bytes_ += static_cast<char>(static_cast<unsigned char>(word >> shift));
    }
    void sum(std::string_view bytes) {
        const auto* const from = reinterpret_cast<const unsigned char*>(bytes.data());
        for (std::size_t at = 0; at < bytes.size(); at += 4) {
            std::uint32_t word = 0;
            for (std::size_t i = 0; i < 4; ++i)
                word |= std::uint32_t{from[at + i]} << 8 * (big_endian_ ? 3 - i : i);
            auto& changed = sum_[at / 4 % 2];
            changed += word + sum_[1 - at / 4 % 2];
        }
    }

    bool big_endian_;
    bool sound_ = true, cut_ = false;
    std::uint32_t frames_ = 0;
    std::string bytes_;
    std::string page_;
    std::array<std::uint32_t, 2> sum_{};
    std::vector<std::pair<std::uint32_t, std::uint32_t>> pages_;
    std::vector<LogPosition> commits_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    read(as_text(data, size), std::nullopt);
    if (size < 3) return 0;
    // The first bytes choose, each four after them are a frame.
    Log log(data[0] % 2 == 0, 512U << data[0] / 2 % 3);
    for (std::size_t at = 3; at + 4 <= std::min<std::size_t>(size, 300); at += 4)
        log.frame(data[at], data[at + 1], static_cast<char>(data[at + 2]),
                  data[at + 3] < 4 ? static_cast<Log::Flaw>(data[at + 3]) : Log::Flaw::kNone);
    auto from = log.commits()[data[1] % log.commits().size()];
    log.must_be(read(log.bytes(), from), from);
    log.must_be(read(log.bytes(), std::nullopt), std::nullopt);
    // As another log has it, one that was continued in another way, or one that is longer.
    if (data[2] % 4 == 0) from.salts[1] ^= data[2];
    if (data[2] % 4 == 1) from.checksum[0] ^= data[2];
    if (data[2] % 4 == 2) from.frames += data[2];
    log.must_be(read(log.bytes(), from), from);
    return 0;
}
