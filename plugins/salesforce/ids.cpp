#include "plugins/salesforce/ids.hpp"

#include <algorithm>

namespace kontor::salesforce {
namespace {

bool is_capital(char c) {
    return c >= 'A' && c <= 'Z';
}

}  // namespace

bool is_id(std::string_view text) {
    return (text.size() == 15 || text.size() == 18) &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return is_capital(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
           });
}

// Three more characters, of five bits each, say which of the 15 are capitals.
std::string full_id(std::string id) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    if (id.size() != 15) return id;
    std::string suffix;
    for (std::size_t begin = 0; begin < 15; begin += 5) {
        std::size_t bits = 0;
        for (std::size_t i = 0; i < 5; ++i)
            if (is_capital(id[begin + i])) bits |= std::size_t{1} << i;
        suffix += kDigits[bits];
    }
    return id + suffix;
}

}  // namespace kontor::salesforce
