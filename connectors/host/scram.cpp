#include "connectors/host/scram.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <unicode/usprep.h>
#include <unicode/ustring.h>

#include <array>
#include <charconv>
#include <memory>
#include <stdexcept>

#include "connectors/host/base64.hpp"

namespace kontor::host {
namespace {

constexpr std::size_t kHash = SHA256_DIGEST_LENGTH;
using Hash = std::array<unsigned char, kHash>;

std::string_view chars_of(const Hash& hash) {
    return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Hash hmac(std::string_view key, std::string_view text) {
    Hash out{};
    unsigned size = 0;
    if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
              out.data(), &size))
        throw std::logic_error("HMAC");
    return out;
}

Hash sha256(const Hash& bytes) {
    Hash out{};
    SHA256(bytes.data(), bytes.size(), out.data());
    return out;
}

// RFC 4013; what it does not allow is taken as it is, as PostgreSQL has it.
Secret prepared(const Secret& password) {
    const auto text = password.reveal();
    UErrorCode code = U_ZERO_ERROR;
    const std::unique_ptr<UStringPrepProfile, decltype(&usprep_close)> profile(
        usprep_openByType(USPREP_RFC4013_SASLPREP, &code), &usprep_close);
    std::u16string wide(text.size(), u'\0');
    std::int32_t size = 0;
    u_strFromUTF8(wide.data(), static_cast<std::int32_t>(wide.size()), &size, text.data(),
                  static_cast<std::int32_t>(text.size()), &code);
    std::u16string made(wide.size() * 4 + 16, u'\0');
    std::int32_t made_size = 0;
    if (U_SUCCESS(code))
        made_size =
            usprep_prepare(profile.get(), wide.data(), size, made.data(),
                           static_cast<std::int32_t>(made.size()), USPREP_DEFAULT, nullptr, &code);
    std::string out(made.size() * 3, '\0');
    std::int32_t out_size = 0;
    if (U_SUCCESS(code))
        u_strToUTF8(out.data(), static_cast<std::int32_t>(out.size()), &out_size, made.data(),
                    made_size, &code);
    OPENSSL_cleanse(wide.data(), wide.size() * sizeof(char16_t));
    OPENSSL_cleanse(made.data(), made.size() * sizeof(char16_t));
    if (U_FAILURE(code) || out_size == 0) {
        wipe(out);
        return password.copy();
    }
    std::string exact(out, 0, static_cast<std::size_t>(out_size));
    wipe(out);
    return Secret(std::move(exact));
}

// "r=…,s=…,i=…": the value of the attribute, which must come next.
std::optional<std::string_view> take(std::string_view& text, char attribute) {
    if (text.size() < 2 || text[0] != attribute || text[1] != '=') return std::nullopt;
    const auto end = std::min(text.find(','), text.size());
    const auto value = text.substr(2, end - 2);
    text.remove_prefix(std::min(end + 1, text.size()));
    return value;
}

}  // namespace

Scram::Scram(std::string_view user, const Secret& password, Binding binding, std::string nonce)
    : user_(user),
      password_(prepared(password)),
      binding_(std::move(binding)),
      nonce_(std::move(nonce)) {}

std::string_view Scram::mechanism() const {
    return binds() ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256";
}

// "y": we could bind, and the server said that it cannot. If somebody between us took its offer
// away, the server notices.
std::string_view Scram::header() const {
    if (binds()) return "p=tls-server-end-point,,";
    return binding_.data.empty() ? "n,," : "y,,";
}

std::string Scram::first() const {
    return std::string(header()) + first_bare();
}

Result<std::string> Scram::answer(std::string_view server_first) {
    auto rest = server_first;
    const auto nonce = take(rest, 'r');
    const auto salt_text = take(rest, 's');
    const auto count_text = take(rest, 'i');
    const auto salt = salt_text ? from_base64(*salt_text) : std::nullopt;
    int count = 0;
    const bool counted =
        count_text &&
        std::from_chars(count_text->data(), count_text->data() + count_text->size(), count).ptr ==
            count_text->data() + count_text->size();
    if (!nonce || !nonce->starts_with(nonce_) || nonce->size() == nonce_.size() || !salt ||
        salt->empty() || !counted || count < 1 || count > kIterationsMax)
        return fail(Errc::kProtocol, "the server's sign-in (SCRAM) makes no sense");

    Hash salted{};
    const auto password = password_.reveal();
    if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes_of(*salt),
                          static_cast<int>(salt->size()), count, EVP_sha256(),
                          static_cast<int>(salted.size()), salted.data()) != 1)
        return fail(Errc::kInternal, "PBKDF2 fails");
    auto client_key = hmac(chars_of(salted), "Client Key");
    const auto server_key = hmac(chars_of(salted), "Server Key");
    std::string bound(header());
    if (binds()) bound += binding_.data;
    const auto without_proof = "c=" + to_base64(bound) + ",r=" + std::string(*nonce);
    const auto signed_text = first_bare() + "," + std::string(server_first) + "," + without_proof;
    const auto signature = hmac(chars_of(sha256(client_key)), signed_text);
    for (std::size_t i = 0; i < kHash; ++i) client_key[i] ^= signature[i];
    server_signature_ = chars_of(hmac(chars_of(server_key), signed_text));
    auto out = without_proof + ",p=" + to_base64(chars_of(client_key));
    OPENSSL_cleanse(salted.data(), salted.size());
    OPENSSL_cleanse(client_key.data(), client_key.size());
    return out;
}

Result<> Scram::verify(std::string_view server_final) const {
    const auto proof = take(server_final, 'v');
    const auto signature = proof ? from_base64(*proof) : std::nullopt;
    if (server_signature_.empty() || !signature || signature->size() != server_signature_.size() ||
        CRYPTO_memcmp(signature->data(), server_signature_.data(), signature->size()) != 0)
        return fail(Errc::kUnauthenticated,
                    "the server does not know the password itself: it is not the one it says");
    return {};
}

std::string scram_nonce() {
    std::array<unsigned char, 18> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        throw std::runtime_error("no random numbers");
    return to_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace kontor::host
