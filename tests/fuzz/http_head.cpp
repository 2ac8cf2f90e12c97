// The head of an answer, line by line as libcurl hands it over: what is kept of it is what its last
// block says.
#include <algorithm>
#include <map>
#include <string>

#include "connectors/host/curl_transfer.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using Headers = std::map<std::string, std::string>;

std::string_view trimmed(std::string_view text, std::string_view blanks) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    text.remove_prefix(first);
    const auto last = text.find_last_not_of(blanks);
    return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

/// What a line adds, in a second hand.
void add(Headers& to, std::string_view line) {
    std::string blanks;
    for (char c = 0; c <= ' '; ++c) blanks += c;
    const auto colon = line.find(':');
    if (line.substr(0, 5) == "HTTP/") {
        to.clear();
    } else if (colon != std::string_view::npos) {
        std::string name(line.substr(0, colon));
        for (char& c : name)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        const auto value = trimmed(line.substr(colon + 1), blanks);
        const bool more = name == "set-cookie" && !to[name].empty();
        to[name] = more ? to[name] + "\n" + std::string(value) : std::string(value);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    kontor::host::Transfer transfer;
    Headers expected;
    std::size_t bytes = 0;
    for (auto rest = as_text(data, size); !rest.empty();) {
        std::string line(rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1));
        rest.remove_prefix(line.size());
        bytes += line.size();
        const auto taken = kontor::host::on_header(line.data(), 1, line.size(), &transfer);
        must_hold((taken == line.size()) == (bytes <= std::size_t{256} << 10));
        must_hold(transfer.headers_too_large == (taken != line.size()));
        if (taken != line.size()) return 0;
        add(expected, line);
    }
    must_hold(Headers(transfer.response.headers.begin(), transfer.response.headers.end()) ==
              expected);
    for (const auto& [name, value] : expected) {
        must_hold(transfer.response.header(name) == value);
        must_hold(name == "set-cookie" || value.find('\n') == std::string::npos);
    }
    return 0;
}
