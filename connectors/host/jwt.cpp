#include "connectors/host/jwt.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <nlohmann/json.hpp>

#include "connectors/host/base64.hpp"
#include "connectors/host/json_text.hpp"

namespace kontor::host {
namespace {

constexpr int kKeyBitsMin = 2'048;

// Base64 of RFC 4648, section 5, without padding.
std::string to_base64url(std::string_view bytes) {
    std::string out = to_base64(bytes);
    while (out.ends_with('=')) out.pop_back();
    for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return out;
}

// A key that asks for a passphrase must not make the daemon wait at a terminal.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

}  // namespace

struct JwtSigner::Key {
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pkey{nullptr, &EVP_PKEY_free};
};

JwtSigner::JwtSigner(std::unique_ptr<Key> key, std::map<std::string, std::string> claims,
                     std::chrono::seconds lasts)
    : key_(std::move(key)), claims_(std::move(claims)), lasts_(lasts) {}
JwtSigner::JwtSigner(JwtSigner&&) noexcept = default;
JwtSigner& JwtSigner::operator=(JwtSigner&&) noexcept = default;
JwtSigner::~JwtSigner() = default;

Result<JwtSigner> JwtSigner::create(const Secret& private_key,
                                    std::map<std::string, std::string> claims,
                                    std::chrono::seconds lasts) {
    const auto pem = private_key.reveal();
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    auto key = std::make_unique<Key>();
    if (bio) key->pkey.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr));
    if (!key->pkey || EVP_PKEY_is_a(key->pkey.get(), "RSA") != 1)
        return fail(Errc::kUnauthenticated,
                    "the private key is not the PEM of an RSA key without a passphrase",
                    {{"secret", "private_key"}});
    if (EVP_PKEY_get_bits(key->pkey.get()) < kKeyBitsMin)
        return fail(Errc::kUnauthenticated, "the private key has less than 2048 bits",
                    {{"secret", "private_key"}});
    return JwtSigner(std::move(key), std::move(claims), lasts);
}

Result<Secret> JwtSigner::sign(Instant now) const {
    nlohmann::json claims(claims_);
    claims["exp"] =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch() + lasts_).count();
    std::string token =
        to_base64url(R"({"alg":"RS256","typ":"JWT"})") + "." + to_base64url(dump_json(claims));
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    const auto* bytes = reinterpret_cast<const unsigned char*>(token.data());
    std::size_t size = 0;
    const bool begun =
        context &&
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_->pkey.get()) == 1 &&
        EVP_DigestSign(context.get(), nullptr, &size, bytes, token.size()) == 1;
    std::string signature(size, '\0');
    if (!begun || EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                                 &size, bytes, token.size()) != 1)
        return fail(Errc::kInternal, "a token could not be signed");
    signature.resize(size);
    token += "." + to_base64url(signature);
    return Secret(std::move(token));
}

}  // namespace kontor::host
