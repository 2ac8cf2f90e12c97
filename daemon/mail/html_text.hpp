#pragma once

#include <string>
#include <string_view>

namespace kontor::mail {

/// The words of an HTML message: a line for each paragraph, "> " before what is quoted
/// (blockquote), nothing of what is not shown. Pure; any bytes will do.
[[nodiscard]] std::string text_of_html(std::string_view html);

}  // namespace kontor::mail
