#include "connectors/host/auth.hpp"

#include <openssl/evp.h>

namespace kontor::host {

Result<std::vector<SecretHeader>> FixedHeaders::headers() {
    std::vector<SecretHeader> out;
    for (const auto& header : headers_) out.push_back({header.name, header.value.copy()});
    return out;
}

Secret with_scheme(std::string_view scheme, const Secret& secret) {
    std::string text;
    text.reserve(scheme.size() + 1 + secret.reveal().size());
    if (!scheme.empty()) {
        text += scheme;
        text += ' ';
    }
    text += secret.reveal();
    return Secret(std::move(text));
}

Secret basic_credentials(std::string_view user, const Secret& password) {
    std::string pair;
    pair.reserve(user.size() + 1 + password.reveal().size());
    pair += user;
    pair += ':';
    pair += password.reveal();
    std::string encoded((pair.size() + 2) / 3 * 4 + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                     reinterpret_cast<const unsigned char*>(pair.data()),
                                     static_cast<int>(pair.size()));
    encoded.resize(static_cast<std::size_t>(size));
    wipe(pair);
    return with_scheme("Basic", Secret(std::move(encoded)));
}

}  // namespace kontor::host
