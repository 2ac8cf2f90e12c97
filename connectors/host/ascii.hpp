#pragma once

#include <algorithm>
#include <string>

namespace kontor::host {

/// `text` with its ASCII letters in lower case, as names of hosts and of header fields are
/// compared. All else stays, in any locale.
[[nodiscard]] inline std::string ascii_lower(std::string text) {
    std::ranges::for_each(text, [](char& c) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    });
    return text;
}

}  // namespace kontor::host
