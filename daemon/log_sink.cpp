#include "daemon/log_sink.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace kontor::app {
namespace {

constexpr std::size_t kValueMax = 512;

// Values are quoted where a reader could take them for more than one field.
void append_value(std::string& out, std::string_view value) {
    const bool plain = !value.empty() && value.find_first_of(" =\"\\") == std::string_view::npos;
    if (!plain) out += '"';
    for (const char c : value.substr(0, kValueMax)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            constexpr char kHex[] = "0123456789abcdef";
            out += "\\x";
            out += kHex[byte >> 4];
            out += kHex[byte & 0xf];
        } else {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
    }
    if (!plain) out += '"';
}

// $JOURNAL_STREAM names the device and inode of the journal's socket.
bool stderr_is_journal() {
    const char* variable = std::getenv("JOURNAL_STREAM");
    struct stat status {};
    if (variable == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
    return std::string(variable) ==
           std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

spdlog::level::level_enum level_of(LogLevel level) {
    switch (level) {
        case LogLevel::kDebug:
            return spdlog::level::debug;
        case LogLevel::kWarning:
            return spdlog::level::warn;
        case LogLevel::kError:
            return spdlog::level::err;
        default:
            return spdlog::level::info;
    }
}

class StderrLog final : public Logger {
public:
    StderrLog(bool journal, const std::string& level)
        : journal_(journal), log_("kontord", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
        log_.set_level(spdlog::level::from_str(level));
        log_.flush_on(spdlog::level::trace);
        if (journal)
            log_.set_pattern("%v");
        else
            log_.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-7l %v", spdlog::pattern_time_type::utc);
    }
    void log(LogLevel level, std::string_view event,
             std::initializer_list<LogField> fields) override {
        const auto wanted = level_of(level);
        if (!log_.should_log(wanted)) return;
        auto line = format_event(event, fields);
        if (journal_) line.insert(0, prefix(level));
        log_.log(wanted, line);
    }

private:
    static const char* prefix(LogLevel level) {
        switch (level) {
            case LogLevel::kDebug:
                return "<7>";
            case LogLevel::kWarning:
                return "<4>";
            case LogLevel::kError:
                return "<3>";
            default:
                return "<6>";
        }
    }
    const bool journal_;
    spdlog::logger log_;
};

}  // namespace

std::string format_event(std::string_view event, std::initializer_list<LogField> fields) {
    std::string line(event);
    for (const auto& field : fields) {
        line += ' ';
        line += field.key;
        line += '=';
        append_value(line, field.value);
    }
    return line;
}

std::unique_ptr<Logger> make_stderr_log(const std::string& format, const std::string& level) {
    const bool journal = format == "journal" || (format == "auto" && stderr_is_journal());
    return std::make_unique<StderrLog>(journal, level);
}

}  // namespace kontor::app
