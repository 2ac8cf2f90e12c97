#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/host/secret_store.hpp"
#include "sync/base/log.hpp"

namespace kontor::kit {

/// Keeps what is logged, and the secrets that were read, so that it can be seen that none of these
/// is among that. Thread-safe.
class Watch final : public Logger, public host::SecretStore {
public:
    /// `store` must outlive this.
    explicit Watch(host::SecretStore& store) : store_(store) {}

    void log(LogLevel level, std::string_view event,
             std::initializer_list<LogField> fields) override;
    [[nodiscard]] Result<host::Secret> read(std::string_view reference) const override;
    Result<> write(std::string_view reference, const host::Secret& secret) override;

    /// The event whose line contains a secret; "" if there is none.
    [[nodiscard]] std::string secret_logged() const;
    /// The event whose line contains `text`.
    [[nodiscard]] std::string logged(std::string_view text) const;
    /// Whether `text` contains a secret.
    [[nodiscard]] bool has_secret(std::string_view text) const;

private:
    struct Line {
        std::string event, text;
    };
    host::SecretStore& store_;
    mutable std::mutex mutex_;
    mutable std::vector<host::Secret> secrets_;
    std::vector<Line> lines_;
};

}  // namespace kontor::kit
