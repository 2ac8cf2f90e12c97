#include "connectors/host/needed_libraries.hpp"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "connectors/host/atomic_file.hpp"
#include "connectors/host/unique_fd.hpp"

namespace kontor::host {
namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using Entry = ElfW(Dyn);

constexpr std::size_t kSegmentsMax = 64, kEntriesMax = 4'096, kLibrariesMax = 64;
constexpr std::size_t kNameBytesMax = 256;

/// A file of which nothing is believed: each piece is there in full, or nullopt.
class File {
public:
    explicit File(int fd) : fd_(fd) {}

    template <class T>
    [[nodiscard]] std::optional<T> piece(std::uint64_t at) const {
        T out;
        if (at > INT64_MAX || ::pread(fd_, &out, sizeof out, static_cast<off_t>(at)) !=
                                  static_cast<ssize_t>(sizeof out))
            return std::nullopt;
        return out;
    }

    /// "" if none ends there soon.
    [[nodiscard]] std::string name(std::uint64_t at) const {
        char bytes[kNameBytesMax];
        if (at > INT64_MAX) return {};
        const ssize_t got = ::pread(fd_, bytes, sizeof bytes, static_cast<off_t>(at));
        const std::string_view read(bytes, got > 0 ? static_cast<std::size_t>(got) : 0);
        const auto end = read.find('\0');
        return std::string(read.substr(0, end == read.npos ? 0 : end));
    }

private:
    int fd_;
};

bool of_this_machine(const Header& header) {
#if defined(__x86_64__)
    constexpr auto kMachine = EM_X86_64;
#elif defined(__aarch64__)
    constexpr auto kMachine = EM_AARCH64;
#else
#error "a port names its machine here"
#endif
    return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_type == ET_DYN &&
           header.e_machine == kMachine && header.e_phentsize == sizeof(Segment) &&
           header.e_phnum <= kSegmentsMax;
}

/// Where in the file what lies at `address` in memory is.
std::optional<std::uint64_t> place_of(const std::vector<Segment>& segments, std::uint64_t address) {
    for (const auto& segment : segments)
        if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
            address - segment.p_vaddr < segment.p_filesz)
            return segment.p_offset + (address - segment.p_vaddr);
    return std::nullopt;
}

std::optional<std::vector<std::string>> names(const File& file) {
    const auto header = file.piece<Header>(0);
    if (!header || !of_this_machine(*header)) return std::nullopt;
    std::vector<Segment> segments;
    for (std::size_t i = 0; i < header->e_phnum; ++i) {
        const auto segment = file.piece<Segment>(header->e_phoff + i * sizeof(Segment));
        if (!segment) return std::nullopt;
        segments.push_back(*segment);
    }
    const auto dynamic = std::ranges::find(segments, std::uint32_t{PT_DYNAMIC}, &Segment::p_type);
    if (dynamic == segments.end()) return std::nullopt;
    std::vector<std::uint64_t> offsets;
    std::optional<std::uint64_t> strings;
    const auto entries = std::min<std::uint64_t>(dynamic->p_filesz / sizeof(Entry), kEntriesMax);
    for (std::uint64_t i = 0; i < entries; ++i) {
        const auto entry = file.piece<Entry>(dynamic->p_offset + i * sizeof(Entry));
        if (!entry) return std::nullopt;
        if (entry->d_tag == DT_NULL) break;
        if (entry->d_tag == DT_NEEDED) offsets.push_back(entry->d_un.d_val);
        if (entry->d_tag == DT_STRTAB) strings = place_of(segments, entry->d_un.d_ptr);
    }
    if (offsets.size() > kLibrariesMax || (!offsets.empty() && !strings)) return std::nullopt;
    std::vector<std::string> out;
    for (const auto offset : offsets) {
        auto name = file.name(*strings + offset);
        if (name.empty() || name.find('/') != std::string::npos) return std::nullopt;
        out.push_back(std::move(name));
    }
    return out;
}

}  // namespace

Result<std::vector<std::string>> needed_libraries(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return tl::unexpected(system_error("plugin " + path, errno));
    auto found = names(File(fd.get()));
    if (!found)
        return fail(Errc::kInvalid,
                    "plugin " + path +
                        " cannot be loaded: no shared object for this machine, or "
                        "one that names a library by its path",
                    {{"path", path}});
    return std::move(*found);
}

}  // namespace kontor::host
