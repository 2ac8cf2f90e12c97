// What the daemon does with the frames of a connector, without a process: the patience that no real
// one would be waited out for.

#include <catch2/catch.hpp>

#include "connectors/host/relay.hpp"

using namespace kontor;
using namespace kontor::host;

namespace {

kontor_host plain_host() {
    kontor_host host{};
    host.size = sizeof host;
    host.now_ms = [](void*) -> std::int64_t { return 42; };
    host.emit = [](void*, kontor_str, kontor_str) { return KONTOR_OK; };
    host.file_read = [](void*, std::int64_t, std::int64_t, void*, std::size_t size,
                        std::size_t* got) {
        *got = size;
        return KONTOR_OK;
    };
    return host;
}

frames::Frame asks(frames::Service service) {
    return {.kind = frames::Kind::kService, .code = static_cast<std::uint8_t>(service)};
}

}  // namespace

TEST_CASE("a connector may ask often, but not without ever handing anything over") {
    const auto host = plain_host();
    Relay relay;
    const auto ask = [&] { return relay.answer(host, asks(frames::Service::kNow)); };
    for (int i = 0; i < Relay::kPatience; ++i)
        if (!ask()) FAIL("asked " << i << " times");
    CHECK(ask().error().args.at("reason") == "connector_frames");

    // A batch is work only if there are records in it.
    const auto asked_with = [&](std::string_view batch) {
        auto emit = asks(frames::Service::kEmit);
        emit.texts[0] = batch;
        Relay other;
        for (int i = 0; i < 2 * Relay::kPatience; ++i) {
            if (i % 1'000 == 0 && !other.answer(host, emit)) return false;
            if (!other.answer(host, asks(frames::Service::kNow))) return false;
        }
        return true;
    };
    CHECK(asked_with({"KB\1\0record", 10}));
    CHECK_FALSE(asked_with({"KB\1\0", 4}));
}

TEST_CASE("a read of a file is as large as fits a frame, whatever is asked for") {
    const auto host = plain_host();
    Relay relay;
    const auto read = [&](std::int64_t size) {
        auto frame = asks(frames::Service::kFileRead);
        frame.numbers = {1, 0, size};
        return relay.answer(host, frame)->texts[0].size();
    };
    CHECK(read(10) == 10);
    CHECK(read(std::int64_t{1} << 40) == Relay::kReadMax);
    CHECK(read(-1) == 0);
}
