#include "daemon/backup/sealed.hpp"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <optional>

#include "daemon/backup/kept_secrets.hpp"

namespace kontor::backup {
namespace {

// PBKDF2 with HMAC-SHA1, which is what this format has.
// Source: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
constexpr int kIterations = 1'500'000;
// Another hand may have written more of them than anybody waits for.
constexpr std::int64_t kIterationsMax = 4 * std::int64_t{kIterations};
constexpr std::size_t kTagBytes = 16;

using Message =
    std::unique_ptr<CMS_ContentInfo, decltype([](CMS_ContentInfo* m) { CMS_ContentInfo_free(m); })>;
using Bio = std::unique_ptr<BIO, decltype([](BIO* b) { BIO_free_all(b); })>;

Bio reading(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Elements of DER, one after the other.
class Elements {
public:
    explicit Elements(std::string_view bytes) : rest_(bytes) {}

    /// What is in the next one if it has that tag (a universal one or, with `context`, one of the
    /// context), which is passed then.
    std::optional<std::string_view> take(int tag, bool context = false) {
        const auto* at = reinterpret_cast<const unsigned char*>(rest_.data());
        long length = 0;
        int found = 0, kind = 0;
        if (rest_.empty() ||
            (ASN1_get_object(&at, &length, &found, &kind, static_cast<long>(rest_.size())) &
             0x81) != 0 ||
            found != tag || kind != (context ? V_ASN1_CONTEXT_SPECIFIC : V_ASN1_UNIVERSAL))
            return std::nullopt;
        const auto head =
            static_cast<std::size_t>(reinterpret_cast<const char*>(at) - rest_.data());
        const auto out = rest_.substr(head, static_cast<std::size_t>(length));
        rest_.remove_prefix(head + out.size());
        return out;
    }
    /// The same for one that must be there; empty if it is not.
    Elements into(int tag, bool context = false) {
        return Elements(take(tag, context).value_or(std::string_view()));
    }
    /// Whether the next one names that.
    bool names(int nid) {
        const auto* object = OBJ_nid2obj(nid);
        const std::string_view name(reinterpret_cast<const char*>(OBJ_get0_data(object)),
                                    OBJ_length(object));
        return take(V_ASN1_OBJECT) == name;
    }
    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

/// Iterations of a key's derivation; nullopt if it is another one.
std::optional<std::int64_t> iterations_of(Elements algorithm) {
    if (!algorithm.names(NID_id_pbkdf2)) return std::nullopt;
    const auto* at = reinterpret_cast<const unsigned char*>(algorithm.rest().data());
    using Parameters =
        std::unique_ptr<PBKDF2PARAM, decltype([](PBKDF2PARAM* p) { PBKDF2PARAM_free(p); })>;
    const Parameters read(
        d2i_PBKDF2PARAM(nullptr, &at, static_cast<long>(algorithm.rest().size())));
    std::int64_t out = 0;
    if (!read || ASN1_INTEGER_get_int64(&out, read->iter) != 1) return std::nullopt;
    return out;
}

/// Whether it is what seal() writes, whoever has sealed it: one passphrase, not more iterations
/// than anybody waits for, and all of the text under a whole tag. OpenSSL opens messages without a
/// tag as well, or with a short one: in those, bytes can be changed by whoever does not know the
/// passphrase.
bool of_our_form(std::string_view sealed) {
    auto message = Elements(sealed).into(V_ASN1_SEQUENCE);
    if (!message.names(NID_id_smime_ct_authEnvelopedData)) return false;
    auto parts = message.into(0, true).into(V_ASN1_SEQUENCE);
    if (!parts.take(V_ASN1_INTEGER)) return false;
    auto recipients = parts.into(V_ASN1_SET);
    auto recipient = recipients.into(3, true);  // by a passphrase
    if (!recipients.rest().empty() || !recipient.take(V_ASN1_INTEGER)) return false;
    const auto iterations = iterations_of(recipient.into(0, true));
    if (!iterations || *iterations < 1 || *iterations > kIterationsMax) return false;
    auto content = parts.into(V_ASN1_SEQUENCE);
    if (!content.names(NID_pkcs7_data) || !content.into(V_ASN1_SEQUENCE).names(NID_aes_256_gcm))
        return false;
    const auto tag = parts.take(V_ASN1_OCTET_STRING);
    return tag && tag->size() == kTagBytes && parts.rest().empty();
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
    if (!of_our_form(sealed))
        return fail(Errc::kCorrupt, "the backup is damaged: its secrets are not as they are sealed",
                    {{"detail", kSecretsFile}, {"reason", "backup_damaged"}});
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
