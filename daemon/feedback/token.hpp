#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectors/host/secret.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"

namespace kontor::feedback {

/// What a link allows. An answer link cannot unsubscribe and the other way round.
enum class Purpose : char { kAnswer = 'a', kUnsubscribe = 'u' };

/// What a good link says.
struct Ticket {
    std::string key;  ///< of the invitation: 32 lower-case hex digits
    Purpose purpose = Purpose::kAnswer;
    std::optional<Instant> expires;  ///< to the second; none: never
};

/// The token of a link: base64url(version, purpose, expiry, key, HMAC-SHA256 of these cut to 128
/// bits). It holds no name, address or record id. `secret` is not empty. kInternal if `ticket.key`
/// is no key.
[[nodiscard]] Result<std::string> sign_ticket(const Ticket& ticket, const host::Secret& secret);

/// The ticket of a token that was signed with `secret`; nullopt if it is anything else. Takes the
/// same time wherever the signature differs. Whether it has expired is for the caller: only who
/// knows that it is genuine may be told so.
[[nodiscard]] std::optional<Ticket> read_ticket(std::string_view token, const host::Secret& secret);

/// What an e-mail is known by again when it comes back, in its Message-ID and, where the server
/// takes such addresses, in the sender's: the invitation's key and HMAC-SHA256 over it cut to 64
/// bits, as 48 lower-case hex digits, which every mail program leaves alone. kInternal as above.
[[nodiscard]] Result<std::string> sign_mail_tag(const std::string& key, const host::Secret& secret);

/// The key of a tag that was signed with `secret`, in letters of any case; nullopt if it is
/// anything else. Takes the same time wherever the signature differs.
[[nodiscard]] std::optional<std::string> read_mail_tag(std::string_view tag,
                                                       const host::Secret& secret);
/// Whether that could be a tag, by whomever it was made.
[[nodiscard]] bool looks_like_mail_tag(std::string_view text);

/// HMAC-SHA256, 32 bytes.
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view text);
/// The first 128 bits of SHA-256 as 32 hex digits.
[[nodiscard]] std::string short_hash(std::string_view text);

}  // namespace kontor::feedback
