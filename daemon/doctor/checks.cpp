#include "daemon/doctor/checks.hpp"
#include "daemon/descriptions.hpp"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>

#include "config/mapping_file.hpp"
#include "connectors/host/atomic_file.hpp"
#include "connectors/host/connector.hpp"

namespace kontor::doctor {
namespace {

Finding good(std::string check, std::string subject) {
    return Finding{std::move(check), std::move(subject), true};
}

struct FreeBio {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
struct FreeCertificate {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};

}  // namespace

Finding check_config(const config::Problems& problems) {
    if (problems.empty()) return good("config", "");
    return {"config",
            problems.front().file,
            false,
            {{"count", std::to_string(problems.size())}, {"first", problems.front().text()}}};
}

std::int64_t free_bytes(const std::string& path) {
    struct statvfs status {};
    if (::statvfs(path.c_str(), &status) != 0) return -1;
    return static_cast<std::int64_t>(status.f_bavail * status.f_frsize);
}

Finding check_disk(const std::string& path, std::int64_t free_bytes, std::int64_t replica_bytes) {
    const auto need = kFreeBytesMin + replica_bytes / kTemporaryPart;
    if (free_bytes < 0 || free_bytes >= need) return good("disk", path);
    return {"disk",
            path,
            false,
            {{"path", path},
             {"free_mb", std::to_string(free_bytes >> 20)},
             {"need_mb", std::to_string(need >> 20)}}};
}

Finding check_writable(const std::string& replica) {
    const auto folder = std::filesystem::path(replica).parent_path().string();
    for (const auto& path : {folder, replica})
        if (::access(path.c_str(), W_OK) != 0) return {"writable", path, false, {{"path", path}}};
    return good("writable", replica);
}

Finding check_in_place(const std::string& replica, bool moved) {
    if (!moved) return good("in_place", replica);
    return {"in_place", replica, false, {{"path", replica}}};
}

Finding check_last_sync(const std::string& connection, const std::optional<Error>& error) {
    if (!error || error->retryable() || error->code == Errc::kCancelled)
        return good("sync", connection);
    return {"sync", connection, false, {{"connection", connection}, {"detail", error->message}}};
}

Finding check_clock(const std::string& connection, std::chrono::milliseconds skew) {
    const auto amount = std::chrono::abs(skew);
    if (amount <= kSkewMax) return good("clock", connection);
    return {"clock",
            connection,
            false,
            {{"connection", connection}, {"seconds", std::to_string(amount.count() / 1000)}}};
}

Finding check_connection(const std::string& connection, const Result<remote::Identity>& answer) {
    if (answer) return good("connection", connection);
    const auto check_of = [](Errc code) {
        switch (code) {
            case Errc::kTls:
                return "certificate";
            case Errc::kUnauthenticated:
                return "sign_in";
            case Errc::kRateLimited:
                return "limit";
            case Errc::kProxy:
                return "proxy";
            default:
                return "connection";
        }
    };
    return {check_of(answer.error().code),
            connection,
            false,
            {{"connection", connection}, {"detail", answer.error().message}}};
}

Finding check_ca_file(const std::string& connection, const std::string& path) {
    constexpr std::size_t kFileMax = std::size_t{4} << 20;
    const auto bad = [&](const std::string& detail) {
        return Finding{"ca_file",
                       connection,
                       false,
                       {{"connection", connection}, {"path", path}, {"detail", detail}}};
    };
    auto text = host::read_file(path, kFileMax);
    if (!text) return bad(text.error().message);
    if (!*text) return bad("there is no such file");
    const std::string_view pem = **text;
    const std::unique_ptr<BIO, FreeBio> bio(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    bool any = false;
    bool valid = false;
    for (;;) {
        const std::unique_ptr<X509, FreeCertificate> certificate(
            PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
        if (!certificate) break;
        any = true;
        valid = valid || (X509_cmp_current_time(X509_get0_notBefore(certificate.get())) < 0 &&
                          X509_cmp_current_time(X509_get0_notAfter(certificate.get())) > 0);
    }
    if (!any) return bad("it holds no certificate");
    if (!valid) return bad("all its certificates have expired or are not valid yet");
    return good("ca_file", connection);
}

Finding check_integrity(const Result<std::vector<replica::IntegrityProblem>>& problems) {
    if (problems && problems->empty()) return good("integrity", "");
    const std::string detail = problems ? std::string(replica::to_string(problems->front().kind)) +
                                              ": " + problems->front().detail
                                        : problems.error().message;
    return {"integrity", "", false, {{"detail", detail}}};
}

Finding check_file(const std::string& replica, const Result<>& looked_at) {
    if (looked_at) return good("integrity", replica);
    const auto& error = looked_at.error();
    const auto reason = error.args.find("reason");
    if (error.code == Errc::kTooNew) return {"version", replica, false, {{"path", replica}}};
    if (reason != error.args.end() && reason->second == "not_a_replica")
        return {"foreign", replica, false, {{"path", replica}}};
    if (error.code == Errc::kCorrupt)
        return {"integrity", replica, false, {{"detail", error.message}}};
    return good("integrity", replica);
}

Finding check_permissions(const std::string& path, unsigned wanted) {
    struct stat status {};
    // What is not there is open to nobody.
    if (::lstat(path.c_str(), &status) != 0) return good("permissions", path);
    const unsigned mode = status.st_mode & 07777;
    if ((mode & ~wanted & 077) == 0) return good("permissions", path);
    const auto octal = [](unsigned bits) {
        std::string out;
        for (const unsigned shift : {6U, 3U, 0U})
            out += static_cast<char>('0' + ((bits >> shift) & 7U));
        return out;
    };
    return {"permissions",
            path,
            false,
            {{"path", path}, {"mode", octal(mode)}, {"wanted", octal(wanted)}}};
}

Finding check_folder(const std::string& connection, const std::string& name,
                     const config::GrantedFolder& folder) {
    std::error_code failed;
    std::string detail;
    if (!std::filesystem::is_directory(folder.path, failed))
        detail = failed ? failed.message() : "it is not a folder";
    else if (::access(folder.path.c_str(), folder.write ? R_OK | W_OK | X_OK : R_OK | X_OK) != 0)
        detail = std::generic_category().message(errno);
    if (detail.empty()) return good("folder", connection + "." + name);
    return {
        "folder",
        connection + "." + name,
        false,
        {{"connection", connection}, {"folder", name}, {"path", folder.path}, {"detail", detail}}};
}

Finding check_secret(const std::string& connection, const std::string& name,
                     const std::string& reference, const host::SecretStore& secrets) {
    auto secret = secrets.read(reference);
    if (secret && !secret->empty()) return good("secret", connection + "." + name);
    return {"secret",
            connection + "." + name,
            false,
            {{"connection", connection},
             {"secret", name},
             {"reference", reference},
             {"detail", secret ? "it is empty" : secret.error().message}}};
}

Finding check_mapping(const std::string& connection, const std::string& path) {
    config::Problems problems;
    if (config::read_mapping(path, problems)) return good("mapping", connection);
    return {"mapping",
            connection,
            false,
            {{"connection", connection},
             {"path", path},
             {"detail", problems.empty() ? path : problems.front().text()}}};
}

Finding check_plugin(const std::string& connection, const std::string& plugin,
                     const app::ConnectorHome& home) {
    auto described = app::find_description(home, plugin);
    const auto path = home.path_of(described && *described ? app::kDescriptionRunner : plugin);
    auto connector = host::start_connector(path, home.isolation);
    if (described && connector) return good("plugin", connection);
    const auto& error = described ? connector.error() : described.error();
    return {"plugin",
            connection,
            false,
            {{"connection", connection},
             {"plugin", plugin},
             {"directory", home.folder},
             {"detail", error.message}}};
}

Finding check_sandbox(const host::Isolation& isolation, int landlock) {
    if (!isolation.own_process) return {"isolation", "", false};
    if (landlock > 0) return good("sandbox", "");
    return {isolation.require_landlock ? "sandbox_required" : "sandbox", "", false};
}

Finding check_stale(const std::string& connection, std::optional<Instant> since, Instant started_at,
                    Instant now, std::chrono::milliseconds interval) {
    const auto limit = std::max<std::chrono::milliseconds>(3 * interval, std::chrono::hours(24));
    if (now - since.value_or(started_at) <= limit) return good("stale", connection);
    return {"stale",
            connection,
            false,
            {{"connection", connection}, {"since", since ? format_instant(*since) : "–"}}};
}

}  // namespace kontor::doctor
