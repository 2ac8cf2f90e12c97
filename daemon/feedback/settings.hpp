#pragma once

#include <cstdint>
#include <string>

#include "config/problem.hpp"
#include "sync/base/result.hpp"

namespace kontor::feedback {

/// [mail]: the server that takes invitations.
struct MailSettings {
    std::string smtp;      ///< smtps://HOST:465, or smtp://HOST:587 with STARTTLS; "" = no mail
    std::string user;      ///< "" = no sign-in
    std::string password;  ///< reference to a secret
    std::string from;      ///< "Name <address>"
    std::string reply_to;  ///< "" = from
    std::string ca_file;   ///< further certificate authorities, PEM
    bool tagged = false;   ///< the server takes NAME+ANYTHING@… for NAME@…
};

/// [mailbox]: where replies and bounces come in.
struct MailboxSettings {
    std::string imap;  ///< imaps://HOST:993, or imap://HOST:143 with STARTTLS; "" = none is read
    std::string user;
    std::string password;          ///< reference to a secret
    std::string folder = "INBOX";  ///< as the server names it
    std::string ca_file;           ///< further certificate authorities, PEM
};

/// feedback.toml beside the configuration: how this device asks and answers. Everything is off
/// unless it is said; the file need not be there. A plain value.
struct Settings {
    bool pulled_answers = false;  ///< act on answers that came from a remote; one device of a team
    std::string link_key;         ///< reference to the secret that signs links; "" = no links
    std::string public_url;       ///< where people reach the form, without a slash at its end
    std::string listen;           ///< ADDRESS:PORT of the form, behind a reverse proxy; "" = off
    bool forwarded = false;       ///< the proxy sets X-Forwarded-For; its last entry is the client
    std::int64_t connections = 64;          ///< open at once
    std::int64_t requests_per_minute = 60;  ///< of one client
    MailSettings mail;
    MailboxSettings mailbox;
};

/// Reads the file; what is wrong becomes a problem.
[[nodiscard]] Settings read_settings(const std::string& file, config::Problems& problems);

/// The settings of a folder, the defaults if the file is not there. kConfig with every mistake.
[[nodiscard]] Result<Settings> load_settings(const std::string& config_folder);

/// feedback.toml in that folder.
[[nodiscard]] std::string settings_path(const std::string& config_folder);

}  // namespace kontor::feedback
