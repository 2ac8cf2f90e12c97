#pragma once

#include <string>
#include <string_view>

#include "connectors/host/secret.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// Resolves references to secrets; the configuration holds only references. Implementations are
/// safe to use from any thread.
class SecretStore {
public:
    virtual ~SecretStore() = default;
    /// kNotFound if there is no such secret, kPermission if it lies open to others, kConfig if the
    /// reference is malformed.
    [[nodiscard]] virtual Result<Secret> read(std::string_view reference) const = 0;
    /// Creates or replaces. kUnsupported where only the administrator can write.
    virtual Result<> write(std::string_view reference, const Secret& secret) = 0;
};

/// The machine's stores:
///   file:PATH        a file of ours with mode 0600 or stricter; a final line break is dropped
///   credential:NAME  systemd's $CREDENTIALS_DIRECTORY
///   keyring:NAME     the desktop's Secret Service (libsecret)
///   env:NAME         an environment variable (tests, containers)
/// file: and keyring: can be written.
class SystemSecretStore final : public SecretStore {
public:
    [[nodiscard]] Result<Secret> read(std::string_view reference) const override;
    Result<> write(std::string_view reference, const Secret& secret) override;
};

}  // namespace kontor::host
