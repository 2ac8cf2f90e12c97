#include "daemon/backup/sealed.hpp"

#include <openssl/cms.h>
#include <openssl/err.h>

#include <array>
#include <memory>

namespace kontor::backup {
namespace {

// PBKDF2 with HMAC-SHA1, which is what this format has.
// Source: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
constexpr int kIterations = 1'500'000;

using Message =
    std::unique_ptr<CMS_ContentInfo, decltype([](CMS_ContentInfo* m) { CMS_ContentInfo_free(m); })>;
using Bio = std::unique_ptr<BIO, decltype([](BIO* b) { BIO_free_all(b); })>;

Bio reading(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// All that was written to a memory BIO, which is wiped.
std::string take(BIO* from) {
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(from, &bytes);
    std::string out(bytes, static_cast<std::size_t>(size));
    OPENSSL_cleanse(bytes, static_cast<std::size_t>(size));
    return out;
}

tl::unexpected<Error> refused(const char* what) {
    std::array<char, 256> said{};
    ERR_error_string_n(ERR_get_error(), said.data(), said.size());
    ERR_clear_error();
    return fail(Errc::kInternal, std::string(what) + ": " + said.data());
}

}  // namespace

Result<std::string> seal(std::string_view text, const host::Secret& passphrase) {
    const Message message(CMS_AuthEnvelopedData_create(EVP_aes_256_gcm()));
    const auto word = passphrase.reveal();
    // OpenSSL's own copy, which it wipes.
    auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(word.data(), word.size()));
    if (!message || copy == nullptr ||
        CMS_add0_recipient_password(message.get(), kIterations, -1, -1, copy,
                                    static_cast<ossl_ssize_t>(word.size()),
                                    EVP_aes_256_cbc()) == nullptr)
        return refused("seal");
    CMS_set_detached(message.get(), 0);
    const auto from = reading(text);
    const Bio to(BIO_new(BIO_s_mem()));
    if (CMS_final(message.get(), from.get(), nullptr, CMS_BINARY) != 1 ||
        i2d_CMS_bio(to.get(), message.get()) != 1)
        return refused("seal");
    return take(to.get());
}

Result<std::string> unseal(std::string_view sealed, const host::Secret& passphrase) {
    const auto from = reading(sealed);
    const Message message(d2i_CMS_bio(from.get(), nullptr));
    const Bio to(BIO_new(BIO_s_mem()));
    std::string word(passphrase.reveal());
    const bool opened =
        message &&
        CMS_decrypt_set1_password(message.get(), reinterpret_cast<unsigned char*>(word.data()),
                                  static_cast<ossl_ssize_t>(word.size())) == 1 &&
        CMS_decrypt(message.get(), nullptr, nullptr, nullptr, to.get(), CMS_BINARY) == 1;
    host::wipe(word);
    ERR_clear_error();
    // What came out before the end was reached may be anything.
    auto text = take(to.get());
    if (opened) return text;
    host::wipe(text);
    return fail(Errc::kUnauthenticated, "the passphrase does not open the secrets",
                {{"reason", "backup_secrets_passphrase"}});
}

}  // namespace kontor::backup
