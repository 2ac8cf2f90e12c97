#pragma once

#include <memory>
#include <string>

#include "sync/base/log.hpp"

namespace kontor::app {

/// A log on stderr, one event a line: `event key=value`. `format`: "text" puts time and level in
/// front, "journal" the `<N>` that journald reads, "auto" takes the journal's if stderr goes there.
/// `level`: debug, info, warning, error. Control characters are escaped, values cut.
[[nodiscard]] std::unique_ptr<Logger> make_stderr_log(const std::string& format,
                                                      const std::string& level);

/// The line without prefix.
[[nodiscard]] std::string format_event(std::string_view event,
                                       std::initializer_list<LogField> fields);

}  // namespace kontor::app
