#pragma once

// A server whose bytes are written beforehand, and what a PostgreSQL server says while signing in.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>

#include "connectors/host/byte_stream.hpp"

namespace kontor::host::test {

class ScriptedStream final : public ByteStream {
public:
    explicit ScriptedStream(std::string bytes = {}) : to_read(std::move(bytes)) {}

    Result<std::size_t> read(char* to, std::size_t size, std::chrono::milliseconds) override {
        const auto some = std::min({size, to_read.size(), piece});
        std::memcpy(to, to_read.data(), some);
        to_read.erase(0, some);
        return some;
    }
    Result<> write(std::string_view bytes) override {
        written += bytes;
        if (on_write) to_read += on_write(bytes);
        return {};
    }
    Result<> start_tls(const std::string& host) override {
        tls_host = host;
        return {};
    }
    [[nodiscard]] std::string end_point_hash() const override { return hash; }

    std::string to_read, written, tls_host, hash;
    std::size_t piece = 1'000;  ///< read at a time
    std::function<std::string(std::string_view)> on_write;
};

inline std::string big_endian(std::uint32_t value) {
    std::string out(4, '\0');
    for (std::size_t i = 0; i < 4; ++i) out[i] = static_cast<char>(value >> (24 - 8 * i));
    return out;
}

inline std::string message(char type, const std::string& body) {
    return type + big_endian(static_cast<std::uint32_t>(body.size() + 4)) + body;
}

inline std::string authentication(std::uint32_t kind, const std::string& more = {}) {
    return message('R', big_endian(kind) + more);
}

inline std::string error_response(const std::string& state, const std::string& text) {
    return message('E', "SFATAL" + std::string(1, '\0') + "C" + state + std::string(1, '\0') + "M" +
                            text + std::string(2, '\0'));
}

}  // namespace kontor::host::test
