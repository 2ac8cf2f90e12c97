#pragma once

#include <string>

#include "connectors/host/secret.hpp"

namespace kontor::mail {

/// Where mail is handed in, or read.
struct Server {
    /// "smtps://host:465" or "imaps://host:993"; or "smtp://host:587" or "imap://host:143", which
    /// must offer STARTTLS unless it is this machine.
    std::string url;
    std::string user;  ///< "" = it asks for no sign-in
    host::Secret password;
    std::string ca_file;  ///< PEM, trusted besides the system's; "" = none
};

}  // namespace kontor::mail
