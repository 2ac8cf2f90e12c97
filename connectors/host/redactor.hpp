#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/host/secret.hpp"
#include "sync/base/log.hpp"

namespace kontor::host {

/// Knows the secrets of one connection and takes them out of text. Thread-safe.
class Redactor {
public:
    static constexpr std::size_t kPassingMax = 64;

    Redactor() = default;
    ~Redactor();
    Redactor(const Redactor&) = delete;
    Redactor& operator=(const Redactor&) = delete;

    /// From now on `secret` is hidden, also percent-encoded and in base64.
    void add(const Secret& secret);
    /// The same for what only one request bears: the last kPassingMax of them are remembered.
    void add_passing(const Secret& secret);
    /// The text with known secrets, and whatever follows the name of a credential
    /// ("access_token=…", "Bearer …"), replaced by "***".
    [[nodiscard]] std::string apply(std::string_view text) const;

private:
    mutable std::mutex mutex_;
    std::vector<Secret> hidden_, passing_;
};

/// A Logger through which no secret passes. `inner` and `redactor` must outlive it.
class RedactingLogger final : public Logger {
public:
    RedactingLogger(Logger& inner, const Redactor& redactor) : inner_(inner), redactor_(redactor) {}
    void log(LogLevel level, std::string_view event,
             std::initializer_list<LogField> fields) override;
    /// The same for a number of fields only known at run time; those above kFieldsMax are dropped.
    void log_fields(LogLevel level, std::string_view event, std::vector<LogField> fields);

    static constexpr std::size_t kFieldsMax = 12;

private:
    Logger& inner_;
    const Redactor& redactor_;
};

}  // namespace kontor::host
