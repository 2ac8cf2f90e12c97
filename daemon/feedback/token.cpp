#include "daemon/feedback/token.hpp"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "connectors/host/ascii.hpp"
#include "connectors/host/base64.hpp"
#include "connectors/host/digest.hpp"

namespace kontor::feedback {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kKeyBytes = 16, kExpiryBytes = 5, kSignatureBytes = 16;
constexpr std::size_t kSignedBytes = 2 + kExpiryBytes + kKeyBytes;
constexpr std::size_t kTokenChars = 52;  // of 39 bytes; no padding
constexpr std::size_t kTagSignatureBytes = 8;
constexpr std::size_t kTagBytes = kKeyBytes + kTagSignatureBytes;

std::string to_url(std::string_view bytes) {
    auto text = host::to_base64(bytes);
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    while (!text.empty() && text.back() == '=') text.pop_back();
    return text;
}

// Only the one way of writing it that to_url() has.
std::optional<std::string> from_url(std::string_view token) {
    if (token.size() != kTokenChars) return std::nullopt;
    std::string text(token);
    if (text.find_first_of("+/=") != std::string::npos) return std::nullopt;
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    return host::from_base64(text);
}

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::string> from_hex(std::string_view hex, std::size_t bytes = kKeyBytes) {
    if (hex.size() != 2 * bytes) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        const int high = digit_of(hex[i]);
        const int low = digit_of(hex[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
    }
    return out;
}

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

std::string tag_signature(std::string_view key, const host::Secret& secret) {
    // A link's text begins with its version, never with a letter.
    return hmac_sha256(secret.reveal(), "mail" + std::string(key)).substr(0, kTagSignatureBytes);
}

}  // namespace

std::string hmac_sha256(std::string_view key, std::string_view text) {
    std::array<unsigned char, 32> out{};
    unsigned size = out.size();
    ::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), &size);
    return {reinterpret_cast<const char*>(out.data()), size};
}

std::string short_hash(std::string_view text) {
    return host::sha256_hex(text).substr(0, 2 * kKeyBytes);
}

Result<std::string> sign_ticket(const Ticket& ticket, const host::Secret& secret) {
    const auto key = from_hex(ticket.key);
    if (!key || secret.empty())
        return fail(Errc::kInternal, "a link needs an invitation's key and a secret");
    std::string bytes{kVersion, static_cast<char>(ticket.purpose)};
    std::uint64_t seconds = 0;
    if (ticket.expires)
        seconds = static_cast<std::uint64_t>(
            std::chrono::floor<std::chrono::seconds>(ticket.expires->time_since_epoch()).count());
    for (std::size_t i = kExpiryBytes; i-- > 0;)
        bytes += static_cast<char>((seconds >> (8 * i)) & 0xFF);
    bytes += *key;
    return to_url(bytes + hmac_sha256(secret.reveal(), bytes).substr(0, kSignatureBytes));
}

std::optional<Ticket> read_ticket(std::string_view token, const host::Secret& secret) {
    const auto bytes = from_url(token);
    if (!bytes || bytes->size() != kSignedBytes + kSignatureBytes || secret.empty())
        return std::nullopt;
    const auto said = std::string_view(*bytes).substr(0, kSignedBytes);
    const auto wanted = hmac_sha256(secret.reveal(), said);
    if (CRYPTO_memcmp(wanted.data(), bytes->data() + kSignedBytes, kSignatureBytes) != 0)
        return std::nullopt;
    Ticket out;
    if (said[0] != kVersion) return std::nullopt;
    out.purpose = said[1] == static_cast<char>(Purpose::kUnsubscribe) ? Purpose::kUnsubscribe
                                                                      : Purpose::kAnswer;
    std::int64_t seconds = 0;
    for (std::size_t i = 0; i < kExpiryBytes; ++i)
        seconds = seconds * 256 + static_cast<unsigned char>(said[2 + i]);
    if (seconds != 0) out.expires = Instant(std::chrono::seconds(seconds));
    out.key = to_hex(said.substr(2 + kExpiryBytes));
    return out;
}

Result<std::string> sign_mail_tag(const std::string& key, const host::Secret& secret) {
    const auto bytes = from_hex(key);
    if (!bytes || secret.empty())
        return fail(Errc::kInternal, "a tag needs an invitation's key and a secret");
    return key + to_hex(tag_signature(*bytes, secret));
}

bool looks_like_mail_tag(std::string_view text) {
    return from_hex(host::ascii_lower(std::string(text)), kTagBytes).has_value();
}

std::optional<std::string> read_mail_tag(std::string_view tag, const host::Secret& secret) {
    const auto hex = host::ascii_lower(std::string(tag));
    const auto bytes = from_hex(hex, kTagBytes);
    if (!bytes || secret.empty()) return std::nullopt;
    const auto wanted = tag_signature(std::string_view(*bytes).substr(0, kKeyBytes), secret);
    if (CRYPTO_memcmp(wanted.data(), bytes->data() + kKeyBytes, kTagSignatureBytes) != 0)
        return std::nullopt;
    return hex.substr(0, 2 * kKeyBytes);
}

}  // namespace kontor::feedback
