#include "sync/backup/page_delta.hpp"

#include <catch2/catch.hpp>
#include <random>

namespace kontor::backup {

TEST_CASE("an edit is short after a page that was not worth it", "[backup]") {
    std::mt19937 random(7);
    const auto noise = [&] {
        std::string out;
        while (out.size() < 4096) out += static_cast<char>(random());
        return out;
    };
    const auto before = noise();
    auto edited = before;
    edited[1000] ^= 1;
    PageDelta delta;
    const auto first = delta.encode(before, edited);
    CHECK(first.size() - 1 < 100);
    CHECK(delta.encode(before, noise()).empty());
    const auto after = delta.encode(before, edited);
    CHECK(after == first);
    CHECK(delta.decode(before, after, edited.size()) == edited);
    // Of reading as well.
    CHECK_FALSE(delta.decode(before, "no frame", edited.size()));
    CHECK_FALSE(delta.decode(before, after.substr(0, after.size() - 1), edited.size()));
    CHECK(delta.decode(before, after, edited.size()) == edited);
}

}  // namespace kontor::backup
