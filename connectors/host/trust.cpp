#include "connectors/host/trust.hpp"

#include <openssl/pem.h>

#include "connectors/host/atomic_file.hpp"
#include "connectors/host/digest.hpp"

namespace kontor::host {
namespace {

constexpr std::size_t kCaBytesMax = std::size_t{8} << 20;
constexpr std::size_t kStoresMax = 8;

}  // namespace

Result<std::string> read_authorities(const std::string& ca_bundle,
                                     const std::string& extra_ca_file) {
    std::string out;
    for (const auto& file : {ca_bundle, extra_ca_file}) {
        if (file.empty()) continue;
        auto pem = read_file(file, kCaBytesMax);
        const bool found = pem && *pem;
        if (!found && file == ca_bundle && !extra_ca_file.empty()) continue;
        if (!found || (*pem)->find("-----BEGIN") == std::string::npos)
            return fail(Errc::kConfig, "no certificates can be read from " + file,
                        {{"path", file}});
        out += **pem;
        out += '\n';
    }
    if (out.empty()) return fail(Errc::kConfig, "no certificate authorities are given");
    return out;
}

TrustStore trust_in(std::string_view pem) {
    using Bio = std::unique_ptr<BIO, decltype([](BIO* b) { BIO_free(b); })>;
    using Infos = std::unique_ptr<STACK_OF(X509_INFO), decltype([](STACK_OF(X509_INFO) * all) {
                                      sk_X509_INFO_pop_free(all, X509_INFO_free);
                                  })>;
    const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    const Infos infos(bio ? PEM_X509_INFO_read_bio(bio.get(), nullptr, nullptr, nullptr) : nullptr);
    TrustStore store(X509_STORE_new());
    if (!infos || !store) return nullptr;
    int found = 0;
    for (int i = 0; i < sk_X509_INFO_num(infos.get()); ++i)
        if (X509* certificate = sk_X509_INFO_value(infos.get(), i)->x509)
            found += X509_STORE_add_cert(store.get(), certificate);
    if (found == 0) return nullptr;
    X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
    return store;
}

TrustStore KeptTrust::in(std::string_view pem) {
    const auto digest = sha256_hex(pem);
    const std::lock_guard lock(mutex_);
    // Each connection may have a file of its own, and files change: those in use live on.
    if (stores_.size() >= kStoresMax && !stores_.contains(digest)) stores_.clear();
    auto& kept = stores_[digest];
    if (!kept) kept = trust_in(pem);
    if (kept) X509_STORE_up_ref(kept.get());
    return TrustStore(kept.get());
}

}  // namespace kontor::host
