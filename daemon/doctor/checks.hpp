#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "connectors/host/secret_store.hpp"
#include "daemon/connector_home.hpp"
#include "daemon/messages/messages.hpp"
#include "sync/remote/remote.hpp"
#include "sync/replica/integrity.hpp"

/// What `kontor doctor` looks at. Each check is given what was measured and judges it, so that each
/// has a test that makes it fail.
namespace kontor::doctor {

/// One thing looked at. Its texts are `doctor.CHECK` and `doctor.CHECK.fix` of the catalogue.
struct Finding {
    std::string check;
    std::string subject;  ///< a connection, a path; "" = the daemon as such
    bool ok = true;
    messages::Args args = {};
};

inline constexpr std::int64_t kFreeBytesMin = std::int64_t{512} << 20;
/// Of the replica's size, what SQLite's temporary files may take: the sorting for an index on a
/// text column took up to 49 bytes a record, a sweep's list 24, of records of 270 bytes.
inline constexpr std::int64_t kTemporaryPart = 4;
inline constexpr std::chrono::seconds kSkewMax{60};

[[nodiscard]] Finding check_config(const config::Problems& problems);
/// `free_bytes`: -1 = could not be found out. Besides kFreeBytesMin there must be room for the
/// temporary files beside the replica, of `replica_bytes`.
[[nodiscard]] Finding check_disk(const std::string& path, std::int64_t free_bytes,
                                 std::int64_t replica_bytes);
[[nodiscard]] Finding check_clock(const std::string& connection, std::chrono::milliseconds skew);
/// Network and credentials, or the certificate if that is what failed.
[[nodiscard]] Finding check_connection(const std::string& connection,
                                       const Result<remote::Identity>& answer);
/// The PEM file: there, readable, and at least one certificate that is valid now.
[[nodiscard]] Finding check_ca_file(const std::string& connection, const std::string& path);
[[nodiscard]] Finding check_integrity(
    const Result<std::vector<replica::IntegrityProblem>>& problems);
/// What looking at the replica's file ended with: too new, no replica, damaged. Whatever else kept
/// us from looking is no finding of this one.
[[nodiscard]] Finding check_file(const std::string& replica, const Result<>& looked_at);
/// No rights for others than `wanted` gives.
[[nodiscard]] Finding check_permissions(const std::string& path, unsigned wanted);
/// A folder opened to a connector: there, and usable as the configuration says.
[[nodiscard]] Finding check_folder(const std::string& connection, const std::string& name,
                                   const config::GrantedFolder& folder);
[[nodiscard]] Finding check_secret(const std::string& connection, const std::string& name,
                                   const std::string& reference, const host::SecretStore& secrets);
/// The mapping file: there and right.
[[nodiscard]] Finding check_mapping(const std::string& connection, const std::string& path);
[[nodiscard]] Finding check_plugin(const std::string& connection, const std::string& plugin,
                                   const app::ConnectorHome& home);
/// How connectors are contained: each in a process, with Landlock besides filtered system calls.
/// `landlock`: the kernel's, as landlock_level() tells it.
[[nodiscard]] Finding check_sandbox(const host::Isolation& isolation, int landlock);
/// `since`: the last success; nullopt = never. Stale after three intervals, but not within a day.
[[nodiscard]] Finding check_stale(const std::string& connection, std::optional<Instant> since,
                                  Instant started_at, Instant now,
                                  std::chrono::milliseconds interval);

/// The replica's file and its folder: without both nobody's edit can be written.
[[nodiscard]] Finding check_writable(const std::string& replica);
/// `moved`: the open file is no longer the one of that name.
[[nodiscard]] Finding check_in_place(const std::string& replica, bool moved);
/// `error`: what the last sync ended with. What passes by itself is no finding.
[[nodiscard]] Finding check_last_sync(const std::string& connection,
                                      const std::optional<Error>& error);

/// Free bytes of the file system at `path`; -1 if that cannot be found out.
[[nodiscard]] std::int64_t free_bytes(const std::string& path);

}  // namespace kontor::doctor
