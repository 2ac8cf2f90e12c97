#include "connectors/host/late_library.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

namespace kontor::host {

TEST_CASE("a library is opened when something of it is needed", "[host][late]") {
    const LateLibrary zlib("libz.so.1");
    REQUIRE(zlib.open());
    auto* const version = zlib.function<const char*()>("zlibVersion");
    CHECK(version()[0] == '1');
    CHECK(zlib.function<const char*()>("zlibVersion") == version);
}

TEST_CASE("a library that is not there is named, with the linker's reason", "[host][late]") {
    const LateLibrary none("libkontor-none.so.7");
    const auto opened = none.open();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == Errc::kUnavailable);
    CHECK_THAT(opened.error().message,
               Catch::StartsWith("libkontor-none.so.7 cannot be opened: ") &&
                   Catch::Contains("No such file"));
    CHECK_THROWS_AS(none.function<void()>("anything"), std::runtime_error);
}

TEST_CASE("a function that is not there is named", "[host][late]") {
    const LateLibrary zlib("libz.so.1");
    CHECK_THROWS_WITH(zlib.function<void()>("no_such_function"),
                      Catch::Contains("no_such_function"));
}

}  // namespace kontor::host
