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

class Sha256 {
public:
    Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
        if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
            throw std::runtime_error("SHA-256 is not available");
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
    Sha256 digest;
    digest.add(bytes);
    return digest.hex();
}

Result<std::string> sha256_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return tl::unexpected(system_error("open " + path, errno));
    Sha256 digest;
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
