#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kontor::carddav {

/// A connection's options, complete and checked.
struct Options {
    std::string url;                 ///< of the server, of a user's home, or of one address book
    std::string home_url;            ///< another server that keeps the address books; "" = none
    std::vector<std::string> books;  ///< names of address books to replicate; empty = all

    /// `config` is the JSON of open(). Throws sdk::Error(KONTOR_E_INVALID) naming the option.
    [[nodiscard]] static Options parse(std::string_view config);
};

/// What the plugin says of itself before it is opened.
[[nodiscard]] std::string spec_json();

}  // namespace kontor::carddav
