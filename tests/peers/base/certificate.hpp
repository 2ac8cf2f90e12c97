#pragma once
// A certification authority of its own, and a server certificate for localhost.

#include <string>

namespace kontor::peer {

struct Identity {
    std::string ca_pem;
    std::string certificate_pem;
    std::string key_pem;
};

/// Names: localhost, 127.0.0.1, ::1. Valid from yesterday for ten years. Throws
/// std::runtime_error when OpenSSL refuses.
Identity make_identity();

/// Reads ca.pem, server.pem and server.key of a folder, or makes and writes them there.
Identity load_or_make_identity(const std::string& directory);

}  // namespace kontor::peer
