#pragma once
// Page tokens: opaque to clients, stateless here, bound to the other parameters of the request.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kontor::peer::zoho {

struct PageToken {
    std::uint64_t bound_to = 0;  ///< hash of module and parameters
    std::uint64_t reached = 0;   ///< records delivered before this page
    std::uint64_t page = 1;
    std::int64_t last_key = 0;  ///< Modified_Time of the last record, when sorted by it
    std::uint64_t last_slot = 0;
    std::int64_t expires_s = 0;
};

std::string encode_page_token(const PageToken& token);
/// Nothing when it is not one of ours.
std::optional<PageToken> decode_page_token(std::string_view text);

/// FNV-1a, to bind tokens and for checks; not a cryptographic hash.
std::uint64_t hash_text(std::string_view text);

}  // namespace kontor::peer::zoho
