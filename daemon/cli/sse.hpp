#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace kontor::cli {

/// One server-sent event.
struct SseEvent {
    std::string id;
    std::string type;  ///< "message" if not named
    std::string data;
};

/// An event longer than this is dropped.
inline constexpr std::size_t kSseEventMax = 1u << 20;

/// Reads a `text/event-stream` from pieces cut anywhere (WHATWG HTML, 9.2.6).
class SseParser {
public:
    /// Calls `event` for each complete event; false from it stops. Returns false if stopped.
    bool feed(std::string_view piece, const std::function<bool(const SseEvent&)>& event);

    /// The id of the last event, to go on from after a break.
    [[nodiscard]] const std::string& last_id() const { return last_id_; }

private:
    bool line_done(const std::function<bool(const SseEvent&)>& event);

    std::string line_;
    std::string last_id_;
    std::string type_;
    std::string data_;
    bool has_data_ = false;
    bool too_long_ = false;
    bool after_return_ = false;
};

}  // namespace kontor::cli
