#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kontor::api {

/// A filter as people write it: "stage=Closed Won" → field, comparison, value.
struct Where {
    std::string field;
    std::string compare;  ///< = != < <= > >= contains startswith isnull notnull
    std::string value;
    bool operator==(const Where&) const = default;
};

/// Reads `=`, `!=`, `<`, `<=`, `>`, `>=`, `~` (contains), `^=` (starts with); nothing after `=` or
/// `!=` asks for blank or not blank fields. nullopt if it is no filter.
[[nodiscard]] std::optional<Where> split_where(std::string_view word);

}  // namespace kontor::api
