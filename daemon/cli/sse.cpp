#include "daemon/cli/sse.hpp"

namespace kontor::cli {

bool SseParser::feed(std::string_view piece, const std::function<bool(const SseEvent&)>& event) {
    for (const char c : piece) {
        const bool second_half = after_return_ && c == '\n';
        after_return_ = c == '\r';
        if (second_half) continue;
        if (c == '\n' || c == '\r') {
            if (!line_done(event)) return false;
            continue;
        }
        if (line_.size() < kSseEventMax)
            line_ += c;
        else
            too_long_ = true;
    }
    return true;
}

bool SseParser::line_done(const std::function<bool(const SseEvent&)>& event) {
    const std::string line = std::move(line_);
    line_.clear();
    if (line.empty()) {
        const bool complete = has_data_ && !too_long_;
        SseEvent ready{.id = last_id_,
                       .type = type_.empty() ? "message" : std::move(type_),
                       .data = std::move(data_)};
        type_.clear();
        data_.clear();
        has_data_ = too_long_ = false;
        return !complete || event(ready);
    }
    const auto colon = line.find(':');
    if (colon == 0) return true;  // a comment: heartbeat
    const auto name = line.substr(0, colon);
    auto value = colon == std::string::npos ? std::string() : line.substr(colon + 1);
    if (!value.empty() && value.front() == ' ') value.erase(0, 1);
    if (name == "data") {
        if (has_data_) data_ += '\n';
        too_long_ = too_long_ || data_.size() + value.size() > kSseEventMax;
        if (!too_long_) data_ += value;
        has_data_ = true;
    } else if (name == "event") {
        type_ = value;
    } else if (name == "id" && value.find('\0') == std::string::npos) {
        last_id_ = value;
    }
    return true;
}

}  // namespace kontor::cli
