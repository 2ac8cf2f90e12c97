#pragma once

#include <openssl/x509.h>

#include <map>
#include <memory>
#include <mutex>
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

/// The same for whoever connects again and again: parsing a system's authorities takes tens of
/// milliseconds, more than all else of a connection, so stores are kept by what they were made of.
/// Thread-safe, and so are the stores: libcurl (7.88) sets flags at them for each connection, but
/// only such as trust_in() has set, so that what others read at that moment stays what it is.
class KeptTrust {
public:
    /// As trust_in(), shared with those who asked before.
    [[nodiscard]] TrustStore in(std::string_view pem);

private:
    std::mutex mutex_;
    std::map<std::string, TrustStore> stores_;  // by SHA-256
};

}  // namespace kontor::host
