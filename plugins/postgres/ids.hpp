#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kontor::postgres {

/// A record's id: the text of its key, or a JSON list of its parts where the key has several.
[[nodiscard]] std::string join_id(const std::vector<std::string>& parts);
/// The parts; empty if the id does not have `count` of them.
[[nodiscard]] std::vector<std::string> split_id(std::string_view id, std::size_t count);

}  // namespace kontor::postgres
