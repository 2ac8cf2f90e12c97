#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>

#include "connectors/sdk/error.hpp"
#include "plugins/zoho/zip_stream.hpp"
#include "tests/plugins/zoho/zip_archive.hpp"

using namespace kontor;

namespace {

// Unpacks with reads of `piece` bytes from a source that gives at most `grain` at a time.
std::string unpacked(const std::string& archive, std::size_t piece = 1000,
                     std::size_t grain = 4096) {
    zoho::ZipStream zip([&](std::int64_t offset, char* buffer, std::size_t size) {
        const auto at = std::min(static_cast<std::size_t>(offset), archive.size());
        const std::size_t got = std::min({size, grain, archive.size() - at});
        std::memcpy(buffer, archive.data() + at, got);
        return got;
    });
    std::string out, buffer(piece, '\0');
    while (const std::size_t got = zip.read(buffer.data(), buffer.size()))
        out.append(buffer, 0, got);
    return out;
}

}  // namespace

TEST_CASE("an archive streams out whole, however it is made and cut", "[zoho][zip]") {
    std::string content;
    for (int i = 0; i < 30'000; ++i) content += std::to_string(i * 7919) + ",";
    CHECK(unpacked(test::zip_archive(content)) == content);
    CHECK(unpacked(test::zip_archive(content), 7, 1) == content);
    CHECK(unpacked(test::zip_archive(content, {true, false, false})) == content);
    CHECK(unpacked(test::zip_archive(content, {false, true, true})) == content);
    CHECK(unpacked(test::zip_archive(content, {false, true, false})) == content);
    const std::string tricky = "PK\7\10PPK" + content + std::string("PK\7\10\0\0\0\0", 8) + content;
    CHECK(unpacked(test::zip_archive(tricky, {true, true, true})) == tricky);
    CHECK(unpacked(test::zip_archive(tricky, {true, true, true}), 5, 3) == tricky);
    CHECK(unpacked(test::zip_archive("")).empty());
}

TEST_CASE("a broken archive is refused", "[zoho][zip]") {
    const std::string good = test::zip_archive("some text that is long enough, some text");
    for (std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{33}, std::size_t{50}})
        CHECK_THROWS_AS(unpacked(good.substr(0, size)), sdk::Error);
    std::string damaged = good;
    damaged[14] = static_cast<char>(damaged[14] ^ 1);  // checksum
    CHECK_THROWS_AS(unpacked(damaged), sdk::Error);
    std::string encrypted = good;
    encrypted[6] = 1;
    CHECK_THROWS_AS(unpacked(encrypted), sdk::Error);
    CHECK_THROWS_AS(unpacked("<html>no archive, whatever the status says</html>"), sdk::Error);
}
