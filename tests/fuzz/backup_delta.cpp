// A backup's changed pages, out of a repository that others may have written to: any bytes, and
// deltas of which is known what they have to become, or why they must not.
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "sync/backup/chain.hpp"
#include "sync/backup/file.hpp"
#include "sync/backup/page_delta.hpp"
#include "sync/backup/page_hashes.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace kontor;
using namespace kontor::backup;

constexpr std::uint32_t kPageBytes = 512;
constexpr std::uint32_t kBasePages = 4, kPages = 6;
constexpr std::uint32_t kPagesMost = 64;  // of a manifest: a greater image takes longer

std::string image_of(const std::vector<std::string>& pages) {
    std::string out;
    for (const auto& page : pages) out += page;
    return out;
}

Manifest manifest_of(const std::vector<std::string>& pages, std::int64_t point) {
    Manifest out;
    out.chain = std::string(32, 'c');
    out.point = point;
    out.replica_id = "r";
    out.size = {kPageBytes, static_cast<std::uint32_t>(pages.size())};
    PageHashes hashes;
    for (std::uint32_t i = 0; i < pages.size(); ++i) hashes.put(i + 1, pages[i]);
    out.content = hashes.content();
    return out;
}

std::vector<std::string> base_pages() {
    std::vector<std::string> out;
    for (std::uint32_t i = 0; i < kBasePages; ++i) {
        std::string page;
        for (std::uint32_t at = 0; at < kPageBytes; ++at)
            page += static_cast<char>(at * (i + 3) * 0x9e3779b1U >> 24U);
        out.push_back(std::move(page));
    }
    return out;
}

/// The folder of a chain with one delta, in memory; there is one for the whole life of the process.
struct Folder {
    std::string path;
    Folder() {
        std::string name = "/dev/shm/kontor-fuzz-XXXXXX";
        must_hold(::mkdtemp(name.data()) != nullptr);
        path = name;
        std::filesystem::create_directories(path + "/deltas/00000");
        const auto pages = base_pages();
        must_hold(write_whole(path + "/base.db", image_of(pages)).has_value());
        must_hold(write_whole(path + "/base.json", to_json(manifest_of(pages, 0))).has_value());
        must_hold(write_whole(path + "/manifest.json", to_json(manifest_of(pages, 1))).has_value());
    }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    /// What the chain becomes with that delta.
    [[nodiscard]] Result<std::string> assembled(std::string_view delta) const {
        std::string bytes(delta);
        std::filesystem::remove(path + "/deltas/00000/00000001.pages");
        auto file = File::create(path + "/deltas/00000/00000001.pages");
        must_hold(file && file->append(bytes).has_value());
        static_cast<void>(points_of(path));
        const auto done = assemble(path, std::nullopt, path + "/out.db");
        must_hold(std::filesystem::exists(path + "/out.db") == done.has_value());
        if (!done) return tl::unexpected<Error>(done.error());
        return read_whole(path + "/out.db");
    }
};

void any_bytes(const Folder& folder, std::string_view bytes, bool with_header) {
    const auto base = base_pages();
    std::string delta;
    if (with_header) delta = to_json(manifest_of(base, 1)) + "\n";
    delta += bytes;
    const auto header = parse_manifest(delta.substr(0, delta.find('\n')));
    if (header && header->size.pages > kPagesMost) return;
    const auto out = folder.assembled(delta);
    if (!out)
        must_hold(out.error().code == Errc::kCorrupt || out.error().code == Errc::kTooNew);
    else if (with_header)
        must_hold(*out == image_of(base));
}

std::string number(std::size_t value) {
    return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
            static_cast<char>(value >> 8), static_cast<char>(value)};
}

/// A delta that is written page by page.
class Delta {
public:
    enum class Flaw : std::uint8_t { kNone, kLong, kCut, kBit };

    /// `shorter`: how it differs from the base's page.
    void page(std::uint32_t number_of, bool shorter, char fill, Flaw flaw) {
        if (cut_) return;
        const bool of_base = number_of >= 1 && number_of <= kBasePages;
        std::string content(kPageBytes, fill);
        if (shorter && of_base) {
            content = base_[number_of - 1];
            content[static_cast<unsigned char>(fill)] ^= 0x55;
        }
        std::string body = content;
        if (shorter) body = PageDelta().encode(base_[of_base ? number_of - 1 : 0], content);
        if (body.empty()) body = content;
        const bool is_short = body.size() < kPageBytes;
        if (flaw == Flaw::kBit) body[static_cast<unsigned char>(fill) % body.size()] ^= 1;
        if (flaw == Flaw::kLong) body.resize(kPageBytes + 1);
        broken_ = broken_ || number_of == 0 || number_of > kPages || (is_short && !of_base) ||
                  flaw == Flaw::kLong || flaw == Flaw::kCut;
        odd_ = odd_ || flaw == Flaw::kBit;
        bytes_ += number(number_of) + number(body.size()) + body;
        cut_ = flaw == Flaw::kCut;
        if (cut_) bytes_.pop_back();
        if (number_of >= 1 && number_of <= kPages) pages_[number_of - 1] = content;
    }

    void must_become_what_it_says(const Folder& folder) const {
        const auto out = folder.assembled(to_json(manifest_of(pages_, 1)) + "\n" + bytes_);
        must_hold(out ? !broken_ && *out == image_of(pages_)
                      : (broken_ || odd_) && out.error().code == Errc::kCorrupt);
    }

private:
    std::vector<std::string> base_ = base_pages();
    std::vector<std::string> pages_ = with_new(base_);
    std::string bytes_;
    bool broken_ = false, odd_ = false, cut_ = false;

    static std::vector<std::string> with_new(std::vector<std::string> pages) {
        pages.resize(kPages, std::string(kPageBytes, '\0'));
        return pages;
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Folder kFolder;
    if (size == 0) return 0;
    // The first byte chooses; of the rest each four are a page.
    if (data[0] % 3 != 0) {
        any_bytes(kFolder, as_text(data + 1, size - 1), data[0] % 3 == 1);
        return 0;
    }
    Delta delta;
    for (std::size_t at = 1; at + 4 <= std::min<std::size_t>(size, 101); at += 4)
        delta.page(data[at], data[at + 1] % 2 == 0, static_cast<char>(data[at + 2]),
                   data[at + 3] < 4 ? static_cast<Delta::Flaw>(data[at + 3]) : Delta::Flaw::kNone);
    delta.must_become_what_it_says(kFolder);
    return 0;
}
