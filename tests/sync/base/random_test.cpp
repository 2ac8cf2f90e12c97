#include "sync/base/random.hpp"

#include <catch2/catch.hpp>
#include <set>

namespace kontor {

TEST_CASE("a seed replays its sequence", "[base][random]") {
    SeededRandom a(7), b(7), c(8);
    const std::string first = a.uid();
    CHECK(first == b.uid());
    CHECK(first != c.uid());
    CHECK(first != a.uid());
}

TEST_CASE("uids are 32 lower-case hex digits and differ", "[base][random]") {
    SystemRandom random;
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const std::string uid = random.uid();
        CHECK(uid.size() == 32);
        CHECK(uid.find_first_not_of("0123456789abcdef") == std::string::npos);
        seen.insert(uid);
    }
    CHECK(seen.size() == 100);
}

}  // namespace kontor
