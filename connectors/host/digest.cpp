#include "connectors/host/digest.hpp"

#include <fcntl.h>
#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <memory>
#include <stdexcept>

#include "connectors/host/atomic_file.hpp"
#include "connectors/host/unique_fd.hpp"

namespace kontor::host {
namespace {

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
        constexpr std::string_view kHex = "0123456789abcdef";
        std::string out;
        for (unsigned i = 0; i < size; ++i) {
            out += kHex[raw[i] >> 4];
            out += kHex[raw[i] & 15];
        }
        return out;
    }

private:
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string sha256_hex(std::string_view bytes) {
    return digest_hex("sha256", bytes);
}

std::string digest_hex(std::string_view algorithm, std::string_view bytes) {
    Digest digest(algorithm == "md5"      ? EVP_md5()
                  : algorithm == "sha1"   ? EVP_sha1()
                  : algorithm == "sha256" ? EVP_sha256()
                                          : nullptr);
    digest.add(bytes);
    return digest.hex();
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
