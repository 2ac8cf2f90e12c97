// As mail writes dates: in English whatever the locale.
#pragma once

#include <string_view>

namespace kontor::mail {

inline constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace kontor::mail
