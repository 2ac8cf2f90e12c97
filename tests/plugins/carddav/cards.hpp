#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kontor::test {

/// Cards in the shapes that well-known programs write.
struct SampleCard {
    std::string_view program;
    std::string text;
};
[[nodiscard]] const std::vector<SampleCard>& sample_cards();
[[nodiscard]] const std::string& sample_card(std::string_view program);

/// Lines joined by CR LF.
[[nodiscard]] std::string crlf(std::string_view lines);

}  // namespace kontor::test
