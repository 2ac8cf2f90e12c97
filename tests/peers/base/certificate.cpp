#include "tests/peers/base/certificate.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

namespace kontor::peer {

namespace {

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using Certificate = std::unique_ptr<X509, void (*)(X509*)>;

constexpr long kDay = 86400;
constexpr long kValidDays = 3650;

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

Key make_key() {
    Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    require(key != nullptr, "key");
    return key;
}

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, void (*)(X509_EXTENSION*)> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value), X509_EXTENSION_free);
    require(extension != nullptr, "extension");
    require(X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

Certificate make_certificate(const char* name, EVP_PKEY* key, X509* issuer) {
    Certificate out(X509_new(), X509_free);
    require(out != nullptr, "certificate");
    X509_set_version(out.get(), 2);
    unsigned char serial[8];
    require(RAND_bytes(serial, sizeof serial) == 1, "random");
    serial[0] &= 0x7F;
    std::unique_ptr<BIGNUM, void (*)(BIGNUM*)> number(BN_bin2bn(serial, sizeof serial, nullptr),
                                                      BN_free);
    BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(out.get()));
    X509_gmtime_adj(X509_getm_notBefore(out.get()), -kDay);
    X509_gmtime_adj(X509_getm_notAfter(out.get()), kValidDays * kDay);
    X509_NAME* subject = X509_get_subject_name(out.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(out.get(), issuer == nullptr ? subject : X509_get_subject_name(issuer));
    require(X509_set_pubkey(out.get(), key) == 1, "public key");
    return out;
}

template <typename Write>
std::string pem(const Write& write) {
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
    require(write(bio.get()) == 1, "PEM");
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

std::string certificate_pem(X509* certificate) {
    return pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::string& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary);
    out << text;
    if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace

Identity make_identity() {
    const Key ca_key = make_key();
    const Certificate ca = make_certificate("Kontor peer test CA", ca_key.get(), nullptr);
    add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE");
    add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash");
    require(X509_sign(ca.get(), ca_key.get(), EVP_sha256()) > 0, "sign");
    const Key key = make_key();
    const Certificate server = make_certificate("localhost", key.get(), ca.get());
    add_extension(server.get(), ca.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(server.get(), ca.get(), NID_key_usage, "critical,digitalSignature");
    add_extension(server.get(), ca.get(), NID_ext_key_usage, "serverAuth");
    add_extension(server.get(), ca.get(), NID_subject_key_identifier, "hash");
    add_extension(server.get(), ca.get(), NID_authority_key_identifier, "keyid");
    add_extension(server.get(), ca.get(), NID_subject_alt_name,
                  "DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1");
    require(X509_sign(server.get(), ca_key.get(), EVP_sha256()) > 0, "sign");
    Identity out;
    out.ca_pem = certificate_pem(ca.get());
    out.certificate_pem = certificate_pem(server.get());
    out.key_pem = pem([&](BIO* bio) {
        return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    return out;
}

Identity load_or_make_identity(const std::string& directory) {
    Identity out;
    out.ca_pem = read_file(directory + "/ca.pem");
    out.certificate_pem = read_file(directory + "/server.pem");
    out.key_pem = read_file(directory + "/server.key");
    if (!out.ca_pem.empty() && !out.certificate_pem.empty() && !out.key_pem.empty()) return out;
    out = make_identity();
    write_file(directory + "/ca.pem", out.ca_pem);
    write_file(directory + "/server.pem", out.certificate_pem);
    write_file(directory + "/server.key", out.key_pem);
    return out;
}

}  // namespace kontor::peer
