#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/host/dialer.hpp"

namespace kontor::host {

/// The connections that a plugin has open (kontor_host::dial and what follows it). One thread at a
/// time. `dialer` must outlive it; without one, nothing can be dialled.
class Streams {
public:
    explicit Streams(const Dialer* dialer) : dialer_(dialer) {}

    struct Opened {
        std::int64_t stream = 0;
        PostgresParameters parameters;
    };
    /// kPermission if nothing may be dialled; kInvalid if too many are open; else as Dialer.
    [[nodiscard]] Result<Opened> dial(std::string_view address);
    /// Valid until the next call; "" once the other side has closed. kInvalid: no such stream.
    [[nodiscard]] Result<std::string_view> read(std::int64_t stream, std::size_t size,
                                                std::chrono::milliseconds timeout);
    [[nodiscard]] Result<> write(std::int64_t stream, std::string_view bytes);
    void close(std::int64_t stream) { open_.erase(stream); }
    void close_all() { open_.clear(); }

    static constexpr std::size_t kOpenMax = 4;
    static constexpr std::size_t kReadMax = std::size_t{1} << 20;  ///< bytes, at a time

private:
    Result<ByteStream*> find(std::int64_t stream) const;

    const Dialer* dialer_;
    std::map<std::int64_t, std::unique_ptr<ByteStream>> open_;
    std::int64_t next_ = 1;
    std::vector<char> bytes_;
};

}  // namespace kontor::host
