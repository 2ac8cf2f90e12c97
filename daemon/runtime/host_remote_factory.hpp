#pragma once

#include <memory>
#include <string>

#include "connectors/host/connection.hpp"
#include "connectors/host/credit_use.hpp"
#include "connectors/host/trust.hpp"
#include "daemon/connector_home.hpp"
#include "daemon/runtime/remote_factory.hpp"

namespace kontor::app {

/// Remotes by way of connectors. Thread-safe. Everything given must outlive it and its remotes.
class HostRemoteFactory final : public RemoteFactory {
public:
    struct Parts {
        const Clock& clock;
        Random& random;
        Logger& log;
        host::SecretStore& secrets;
        ConnectorHome home;
        std::string state_dir;
    };
    explicit HostRemoteFactory(Parts parts)
        : parts_(std::move(parts)),
          credits_(std::make_shared<host::CreditAccounts>(parts_.clock,
                                                          parts_.state_dir + "/credits")) {}

    Result<std::unique_ptr<remote::Remote>> open(const config::Connection& connection,
                                                 const Wishes& wishes) override;
    /// The page where the user consents; asks nobody.
    [[nodiscard]] Result<std::string> consent_url(const config::Connection& connection,
                                                  const std::string& redirect_uri,
                                                  const std::string& state) const;
    /// Turns an authorisation code into tokens, stored where the connection's secrets say.
    [[nodiscard]] Result<> authorize(const config::Connection& connection, const host::Secret& code,
                                     const std::string& redirect_uri,
                                     const std::string& accounts_server);

private:
    [[nodiscard]] Result<host::ConnectionSettings> settings_of(
        const config::Connection& connection) const;
    Parts parts_;
    std::shared_ptr<host::CreditAccounts> credits_;
    std::shared_ptr<host::KeptTrust> trust_ = std::make_shared<host::KeptTrust>();
};

}  // namespace kontor::app
