#pragma once

#include <iosfwd>

#include "daemon/app.hpp"
#include "daemon/exit_codes.hpp"
#include "daemon/messages/messages.hpp"

namespace kontor::app {

/// `kontord --check-config`: every problem of the configuration on a line of its own, those that
/// check_connections() finds as well. kOk or kConfig.
[[nodiscard]] Exit check_config(const AppSettings& settings, messages::Language language,
                                std::ostream& out);

}  // namespace kontor::app
