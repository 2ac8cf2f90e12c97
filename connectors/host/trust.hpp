#pragma once

#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

#include "sync/base/result.hpp"

namespace kontor::host {

inline constexpr const char* kTls12Ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

struct FreeTrustStore {
    void operator()(X509_STORE* store) const noexcept { X509_STORE_free(store); }
};
using TrustStore = std::unique_ptr<X509_STORE, FreeTrustStore>;

/// The certificates (PEM) of the system's authorities and of a company's own ("" = none). kConfig
/// if a file cannot be read; a machine without a system bundle may still have its own authority.
[[nodiscard]] Result<std::string> read_authorities(const std::string& ca_bundle,
                                                   const std::string& extra_ca_file);

/// Whom these certificates vouch for; null if they cannot be read. Each of them is trusted by
/// itself: a company's own need not be the root.
[[nodiscard]] TrustStore trust_in(std::string_view pem);

}  // namespace kontor::host
