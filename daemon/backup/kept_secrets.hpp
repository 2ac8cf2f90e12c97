#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "connectors/host/secret_store.hpp"
#include "sync/base/result.hpp"

namespace kontor::backup {

/// Where a backup has the secrets, if it has them, below what it stores.
inline constexpr const char* kSecretsFile = "secrets.cms";

/// Writes all secrets to which the configuration and feedback.toml refer into `file`, sealed with
/// a passphrase (see seal()): JSON, {reference: secret}. Such passphrases themselves are left out.
/// Returns the references that could not be read. The file stays as it is if it says the same.
/// kStorage, kFull, kConfig if feedback.toml has a mistake.
[[nodiscard]] Result<std::vector<std::string>> keep_secrets(const config::Loaded& configuration,
                                                            const host::SecretStore& secrets,
                                                            const host::Secret& passphrase,
                                                            const std::string& file);

/// What became of a backup's secrets, by their references.
struct SecretsBack {
    std::vector<std::string> written;
    std::vector<std::string> there;              ///< there is one already, it stays
    std::map<std::string, std::string> refused;  ///< and why
};

/// Secrets out of a backup. Those that are there already stay: they may be newer.
class KeptSecrets {
public:
    /// kNotFound with the reason backup_no_secrets, kUnauthenticated as unseal(), kCorrupt.
    [[nodiscard]] static Result<KeptSecrets> open(const std::string& file,
                                                  const host::Secret& passphrase);
    [[nodiscard]] SecretsBack put_back(host::SecretStore& to) const;

private:
    std::map<std::string, host::Secret> secrets_;
};

}  // namespace kontor::backup
