#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kontor::kit {

/// What JSON looks like, without its values. Pure.
struct Outline {
    std::string text;                  ///< {"items": [{"id": number, "name": text} × 25]}, cut
    std::vector<std::string> lists;    ///< JSON Pointers of the lists, outer ones first; some
    std::vector<std::string> members;  ///< of the first object of the first list that has one
    bool is_json = false;
};

[[nodiscard]] Outline outline_of(std::string_view body);

}  // namespace kontor::kit
