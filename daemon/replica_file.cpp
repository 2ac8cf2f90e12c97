#include "daemon/replica_file.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>

#include "sync/replica/migrations.hpp"

namespace kontor::app {
namespace {

// From SQLite's file format: 100 bytes of header, numbers big-endian.
constexpr std::size_t kHeaderBytes = 100;
constexpr std::size_t kUserVersionAt = 60;
constexpr std::size_t kApplicationIdAt = 68;

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
    std::uint32_t out = 0;
    for (std::size_t i = 0; i < 4; ++i)
        out = (out << 8) | static_cast<unsigned char>(bytes[at + i]);
    return out;
}

}  // namespace

Result<> recognise_replica(const std::string& path) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(path, missing);
    if (missing || size == 0) return {};
    const auto log = std::filesystem::file_size(path + "-wal", missing);
    if (!missing && log > 0) return {};

    std::string header(kHeaderBytes, '\0');
    std::ifstream in(path, std::ios::binary);
    in.read(header.data(), static_cast<std::streamsize>(header.size()));
    const std::string magic("SQLite format 3\0", 16);
    if (in.gcount() < static_cast<std::streamsize>(kHeaderBytes) ||
        header.compare(0, magic.size(), magic) != 0)
        return fail(Errc::kCorrupt, "is not a database", {{"path", path}});
    if (number_at(header, kApplicationIdAt) != static_cast<std::uint32_t>(replica::kApplicationId))
        return fail(Errc::kCorrupt, "is a database, but not a replica",
                    {{"path", path}, {"reason", "not_a_replica"}});
    const auto version = number_at(header, kUserVersionAt);
    if (version > static_cast<std::uint32_t>(replica::kSchemaVersion))
        return fail(Errc::kTooNew, "has schema version " + std::to_string(version),
                    {{"path", path}, {"version", std::to_string(version)}});
    return {};
}

}  // namespace kontor::app
