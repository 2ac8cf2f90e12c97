#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace kontor {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// One field of a log line. Values are ids, counts, codes and durations; never personal data.
struct LogField {
    LogField(std::string_view name, std::string_view v) : key(name), value(v) {}
    LogField(std::string_view name, const char* v) : key(name), value(v) {}
    LogField(std::string_view name, const std::string& v) : key(name), value(v) {}
    LogField(std::string_view name, std::int64_t v) : key(name), value(std::to_string(v)) {}
    LogField(std::string_view name, int v) : key(name), value(std::to_string(v)) {}
    LogField(std::string_view name, std::size_t v) : key(name), value(std::to_string(v)) {}

    std::string_view key;
    std::string value;
};

/// Structured log: an event name and fields, `pull.page stream=Contacts records=200 ms=84`.
/// Implementations are thread-safe and never throw.
class Logger {
public:
    virtual ~Logger() = default;
    virtual void log(LogLevel level, std::string_view event,
                     std::initializer_list<LogField> fields) = 0;

    void debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
        log(LogLevel::kDebug, event, fields);
    }
    void info(std::string_view event, std::initializer_list<LogField> fields = {}) {
        log(LogLevel::kInfo, event, fields);
    }
    void warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
        log(LogLevel::kWarning, event, fields);
    }
    void error(std::string_view event, std::initializer_list<LogField> fields = {}) {
        log(LogLevel::kError, event, fields);
    }
};

/// Discards everything.
class NullLogger final : public Logger {
public:
    void log(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace kontor
