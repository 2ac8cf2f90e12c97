#pragma once

#include <map>
#include <string>

#include "connectors/host/byte_stream.hpp"
#include "connectors/host/secret.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// Whom a PostgreSQL server is asked to let in, and where.
struct PostgresAccount {
    std::string host;  ///< that its certificate must be made out to
    std::string database;
    std::string user;
    Secret password;             ///< may be empty
    bool plain_allowed = false;  ///< without TLS, if the server has none; only to this machine
};

/// What the server says of itself: "server_version", "TimeZone" ….
using PostgresParameters = std::map<std::string, std::string>;

/// Takes a fresh connection to the point where queries may be sent: SSLRequest, TLS, start-up,
/// password (SCRAM-SHA-256 with channel binding where the server offers it, MD5, or in clear within
/// TLS), ReadyForQuery. Nothing beyond is read, so that the connector can go on.
///
/// kTls (no TLS, or a certificate that does not verify), kUnauthenticated (password or user),
/// kNotFound (database), kPermission, kUnavailable (starting up, too many connections), kProtocol,
/// kUnsupported (another kind of sign-in), or what the stream says.
[[nodiscard]] Result<PostgresParameters> postgres_sign_in(ByteStream& stream,
                                                          const PostgresAccount& account);

}  // namespace kontor::host
