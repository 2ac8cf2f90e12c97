#pragma once

#include <iosfwd>

#include "daemon/app.hpp"
#include "daemon/exit_codes.hpp"
#include "daemon/messages/messages.hpp"

namespace kontor::app {

/// `kontord --check-config`: every problem of the configuration and of the mapping files on a line
/// of its own, and whether the secrets are there (never what they are). kOk or kConfig.
[[nodiscard]] Exit check_config(const AppSettings& settings, messages::Language language,
                                std::ostream& out);

}  // namespace kontor::app
