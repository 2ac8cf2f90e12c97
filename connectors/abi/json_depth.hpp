#pragma once

/// How deep JSON from the other side of the boundary nests. Both sides ask before they parse: a
/// parser spends a stack frame or a call-back on each level. Header-only.

#include <cstddef>
#include <string_view>

namespace kontor::abi {

/// True if brackets outside strings nest deeper than `most`. The text need not be valid JSON.
inline bool nested_deeper_than(std::string_view text, int most) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > most) return true;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return false;
}

}  // namespace kontor::abi
