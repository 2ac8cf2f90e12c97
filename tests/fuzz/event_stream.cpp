// A stream of events, cut anywhere: the same events as in one piece.
#include <algorithm>
#include <string>
#include <vector>

#include "daemon/cli/sse.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using kontor::cli::SseEvent;
using kontor::cli::SseParser;

std::vector<std::string> events_of(std::string_view text, std::size_t piece) {
    std::vector<std::string> out;
    SseParser parser;
    for (std::size_t at = 0; at < text.size(); at += piece)
        parser.feed(text.substr(at, piece), [&out](const SseEvent& event) {
            must_hold(event.id.find('\0') == std::string::npos);
            must_hold(!event.type.empty() && event.data.size() <= kontor::cli::kSseEventMax);
            out.push_back(event.id + '\n' + event.type + '\n' + event.data);
            return true;
        });
    out.push_back(parser.last_id());
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = as_text(data, size);
    const auto whole = events_of(text, std::max<std::size_t>(size, 1));
    must_hold(events_of(text, 1) == whole);
    must_hold(events_of(text, 7) == whole);
    return 0;
}
