#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kontor::kit {

/// Where answers have records, and where a record has its fields: JSON Pointers.
struct Places {
    std::string records, fields;
};

/// What JSON looks like, without its values. Pure.
struct Outline {
    std::string text;                ///< {"items": [{"id": number, "name": text} × 25]}, cut
    std::vector<std::string> lists;  ///< JSON Pointers of the lists, outer ones first; some
    /// Of the first object of the list at Places::records, else of the first list that has one.
    std::vector<std::string> members;
    std::vector<std::string> fields;  ///< of what that object has at Places::fields
    bool is_json = false;
};

[[nodiscard]] Outline outline_of(std::string_view body, const Places& places);

}  // namespace kontor::kit
