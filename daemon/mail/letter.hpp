#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"

namespace kontor::mail {

/// A letter to one person, as text and as HTML. A plain value; all UTF-8.
struct Letter {
    std::string from;      ///< "Name <address>" or an address
    std::string to;        ///< an address
    std::string reply_to;  ///< "" = from
    std::string subject, text, html;
    std::string id;                                            ///< of Message-ID, without brackets
    std::vector<std::pair<std::string, std::string>> headers;  ///< further ones, ASCII
};

/// RFC 5322 and MIME bytes with CRLF, the same for the same input. kInvalid if an address is none
/// or a header holds a line break.
[[nodiscard]] Result<std::string> compose(const Letter& letter, Instant date);

/// The bare address of "Name <address>"; "" if there is not exactly one.
[[nodiscard]] std::string address_of(const std::string& mailbox);

}  // namespace kontor::mail
