#pragma once

#include <string>
#include <string_view>

#include "connectors/host/secret.hpp"
#include "sync/base/result.hpp"

namespace kontor::backup {

/// Text under a passphrase, in a format that other programs read: CMS with AES-256-GCM (RFC 5083,
/// RFC 5084) and a key from the passphrase (RFC 3211), as `openssl cms -decrypt -inform DER
/// -pwri_password` opens it. Takes about a second, so that guessing takes long. kInternal if
/// OpenSSL refuses.
[[nodiscard]] Result<std::string> seal(std::string_view text, const host::Secret& passphrase);

/// The text again; the caller wipes it. kUnauthenticated with the reason backup_secrets_passphrase
/// if it is another passphrase or if a byte was changed: nobody can tell which. kCorrupt if it is
/// not of this format, which no passphrase is tried on.
[[nodiscard]] Result<std::string> unseal(std::string_view sealed, const host::Secret& passphrase);

}  // namespace kontor::backup
