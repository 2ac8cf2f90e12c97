#include "connectors/host/secret_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <openssl/crypto.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "connectors/host/atomic_file.hpp"
#include "connectors/host/keyring.hpp"
#include "connectors/host/unique_fd.hpp"

namespace kontor::host {
namespace {

constexpr std::size_t kSecretBytesMax = 65'536;

struct Reference {
    std::string kind;
    std::string name;
};

Result<Reference> split(std::string_view reference) {
    const auto colon = reference.find(':');
    if (colon == std::string_view::npos || colon + 1 == reference.size() ||
        reference.find('\0') != std::string_view::npos)
        // What is not a reference may be the secret itself: it is not quoted.
        return fail(Errc::kConfig,
                    "a secret is named as file:PATH, credential:NAME, keyring:NAME or env:NAME");
    return Reference{std::string(reference.substr(0, colon)),
                     std::string(reference.substr(colon + 1))};
}

// The text of an open file as a secret, without a final line break.
Result<Secret> read_secret(int fd, const std::string& path) {
    std::string text;
    text.reserve(kSecretBytesMax + 1);  // no reallocation leaves copies behind
    std::array<char, 4096> buffer{};
    ssize_t n = 0;
    while (text.size() <= kSecretBytesMax && (n = ::read(fd, buffer.data(), buffer.size())) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(n));
    }
    const int failed = errno;
    OPENSSL_cleanse(buffer.data(), buffer.size());
    if (n < 0) return tl::unexpected(system_error("read " + path, failed));
    if (text.size() > kSecretBytesMax) {
        wipe(text);
        return fail(Errc::kConfig, path + " is too large for a secret", {{"path", path}});
    }
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    if (text.empty()) return fail(Errc::kNotFound, path + " is empty", {{"path", path}});
    return Secret(std::move(text));
}

Result<Secret> read_private_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd) return tl::unexpected(system_error("open " + path, errno));
    struct stat st {};
    if (::fstat(fd.get(), &st) != 0) return tl::unexpected(system_error("look at " + path, errno));
    if (!S_ISREG(st.st_mode))
        return fail(Errc::kPermission, path + " is not a file", {{"path", path}});
    if (st.st_uid != ::geteuid())
        return fail(Errc::kPermission, path + " belongs to another user", {{"path", path}});
    if ((st.st_mode & 077) != 0)
        return fail(Errc::kPermission, path + " can be read by others; set its mode to 0600",
                    {{"path", path}});
    return read_secret(fd.get(), path);
}

Result<Secret> read_credential(const std::string& name) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (!folder || !*folder)
        return fail(Errc::kNotFound, "no systemd credentials are given to this process",
                    {{"reference", "credential:" + name}});
    if (name.find('/') != std::string::npos || name == "." || name == "..")
        return fail(Errc::kConfig, "malformed name of a credential");
    const std::string path = std::string(folder) + "/" + name;
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
    if (!fd) return tl::unexpected(system_error("open " + path, errno));
    return read_secret(fd.get(), path);
}

Result<Secret> read_environment(const std::string& name) {
    const char* text = std::getenv(name.c_str());
    if (!text || !*text)
        return fail(Errc::kNotFound, "the environment variable " + name + " is not set",
                    {{"reference", "env:" + name}});
    return Secret(std::string(text));
}

}  // namespace

Result<Secret> SystemSecretStore::read(std::string_view reference) const {
    auto parts = split(reference);
    if (!parts) return pass(parts);
    if (parts->kind == "file") return read_private_file(parts->name);
    if (parts->kind == "credential") return read_credential(parts->name);
    if (parts->kind == "keyring") return read_keyring(parts->name);
    if (parts->kind == "env") return read_environment(parts->name);
    return fail(Errc::kConfig, "unknown kind of secret reference");
}

Result<> SystemSecretStore::write(std::string_view reference, const Secret& secret) {
    auto parts = split(reference);
    if (!parts) return pass(parts);
    if (parts->kind == "file") return replace_file(parts->name, secret.reveal());
    if (parts->kind == "keyring") return write_keyring(parts->name, secret);
    return fail(Errc::kUnsupported, "secrets can be stored in a file or the keyring only");
}

}  // namespace kontor::host
