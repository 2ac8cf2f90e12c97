#include "connectors/host/digest.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cerrno>
#include <memory>
#include <span>
#include <stdexcept>

#include "connectors/host/atomic_file.hpp"
#include "connectors/host/base64.hpp"
#include "connectors/host/unique_fd.hpp"

namespace kontor::host {
namespace {

std::string as_hex(std::span<const unsigned char> bytes) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    for (const auto byte : bytes) {
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
    }
    return out;
}

// nullptr for a name that is none of them.
const EVP_MD* algorithm_named(std::string_view name) {
    if (name == "md5") return EVP_md5();
    if (name == "sha1") return EVP_sha1();
    if (name == "sha256") return EVP_sha256();
    return name == "sha512" ? EVP_sha512() : nullptr;
}

class Digest {
public:
    explicit Digest(const EVP_MD* algorithm) : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
        if (!context_ || algorithm == nullptr ||
            EVP_DigestInit_ex(context_.get(), algorithm, nullptr) != 1)
            throw std::runtime_error("a digest is not available");
    }
    void add(std::string_view bytes) {
        EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
    }
    std::string hex() {
        std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
        unsigned size = 0;
        EVP_DigestFinal_ex(context_.get(), raw.data(), &size);
        return as_hex({raw.data(), size});
    }

private:
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string sha256_hex(std::string_view bytes) {
    return digest_hex("sha256", bytes);
}

std::string digest_hex(std::string_view algorithm, std::string_view bytes) {
    Digest digest(algorithm_named(algorithm));
    digest.add(bytes);
    return digest.hex();
}

std::string hmac(std::string_view algorithm, std::string_view key, std::string_view text,
                 std::string_view form) {
    const auto* known = algorithm_named(algorithm);
    std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
    unsigned size = 0;
    if (known == nullptr || HMAC(known, key.data(), static_cast<int>(key.size()),
                                 reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                                 raw.data(), &size) == nullptr)
        throw std::runtime_error("a signature is not available");
    if (form == "hex") return as_hex({raw.data(), size});
    const std::string bytes(raw.begin(), raw.begin() + size);
    if (form == "base64") return to_base64(bytes);
    if (form == "raw") return bytes;
    throw std::runtime_error("a signature has no such form");
}

Result<std::string> sha256_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return tl::unexpected(system_error("open " + path, errno));
    Digest digest(EVP_sha256());
    std::array<char, 65536> buffer{};
    while (true) {
        const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return tl::unexpected(system_error("read " + path, errno));
        if (n == 0) return digest.hex();
        digest.add({buffer.data(), static_cast<std::size_t>(n)});
    }
}

}  // namespace kontor::host
