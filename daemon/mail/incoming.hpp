#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kontor::mail {

/// What a delivery report (RFC 3464) says of one recipient.
struct Delivery {
    std::string action;  ///< failed, delayed, delivered …, lower case
    std::string status;  ///< "5.1.1"; "" = not told
};

/// A message that came in, as far as answers and bounces need it. A plain value; all UTF-8, and
/// short: what is longer than a person would write is cut.
struct Incoming {
    std::string id;                       ///< Message-ID without brackets; "" = none
    std::string subject;                  ///< one line
    std::vector<std::string> answers_to;  ///< Message-IDs of In-Reply-To and References
    std::vector<std::string>
        recipients;          ///< bare addresses, lower case, of every header that has some
    std::string text;        ///< of the first part for reading, HTML as text; lines end in \n
    bool automatic = false;  ///< RFC 3834: sent by a program, not by a person; reports as well
    bool report = false;     ///< multipart/report with a delivery-status
    std::vector<Delivery> deliveries;
    std::vector<std::string> returned;  ///< Message-IDs of the messages that a report returns
};

/// Reads a message. Never fails: what is no message is one without anything. Thread-safe.
[[nodiscard]] Incoming read_incoming(std::string_view bytes);

}  // namespace kontor::mail
