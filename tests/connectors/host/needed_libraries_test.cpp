// What a plugin's file says of the libraries that it needs: read before any of its code runs, so
// the file may say anything.

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "connectors/host/connector.hpp"
#include "connectors/host/needed_libraries.hpp"
#include "sync/base/random.hpp"
#include "tests/connectors/host/support.hpp"

using namespace kontor;
using namespace kontor::host;
using namespace kontor::host::test;

namespace {

const std::string kEcho = std::string(KONTOR_TEST_PLUGINS) + "/echo.so";

std::string bytes_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

// The plugin with another name in the place of the C library's.
std::string needing(std::string_view name) {
    auto bytes = bytes_of(kEcho);
    const std::string_view before = "libc.so.6";
    REQUIRE(name.size() == before.size());
    for (auto at = bytes.find(before); at != bytes.npos; at = bytes.find(before, at))
        bytes.replace(at, before.size(), name);
    return bytes;
}

}  // namespace

TEST_CASE("the libraries that a plugin needs are known before it is loaded") {
    const auto found = needed_libraries(kEcho);
    REQUIRE(found);
    CHECK(std::ranges::count(*found, "libc.so.6") == 1);
}

TEST_CASE("a plugin that needs what is not there is not loaded, and the library is named") {
    TempDir dir;
    write(dir / "lacks.so", needing("libX.so.6"));
    CHECK(std::ranges::count(*needed_libraries(dir / "lacks.so"), "libX.so.6") == 1);
    Isolation isolation;
    isolation.own_process = false;
    if (const char* program = std::getenv("KONTOR_TEST_PROGRAM"))
        isolation.own_process = true, isolation.program = program;
    const auto started = start_connector(dir / "lacks.so", isolation);
    REQUIRE_FALSE(started);
    CHECK(started.error().code == Errc::kInvalid);
    CHECK(started.error().message.find("libX.so.6") != std::string::npos);
}

TEST_CASE("a library that is named by its path is not looked for") {
    TempDir dir;
    write(dir / "path.so", needing("/tmp/x.so"));
    CHECK(needed_libraries(dir / "path.so").error().code == Errc::kInvalid);
}

TEST_CASE("a file that is damaged, or no plugin, names nothing that is not there") {
    TempDir dir;
    const auto whole = bytes_of(kEcho);
    const auto file = dir / "cut.so";
    for (std::size_t size = 0; size < whole.size(); size += 97) {
        write(file, std::string_view(whole).substr(0, size));
        static_cast<void>(needed_libraries(file));
    }
    SeededRandom random(3);
    for (int turn = 0; turn < 2'000; ++turn) {
        auto bytes = whole;
        // The headers, and what they point to.
        for (int i = 0; i < 4; ++i)
            bytes[random.next() % (turn % 2 == 0 ? 1'024 : bytes.size())] =
                static_cast<char>(random.next());
        write(file, bytes);
        if (const auto found = needed_libraries(file))
            for (const auto& name : *found) CHECK(name.find('/') == std::string::npos);
    }
    write(file, "no plugin");
    CHECK(needed_libraries(file).error().code == Errc::kInvalid);
    CHECK(needed_libraries(dir.path()).error().code == Errc::kInvalid);
    CHECK(needed_libraries(dir / "none.so").error().code == Errc::kNotFound);
}
