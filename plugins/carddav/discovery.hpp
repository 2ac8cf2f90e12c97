#pragma once

#include <string>
#include <vector>

#include "plugins/carddav/dav.hpp"
#include "plugins/carddav/options.hpp"

namespace kontor::carddav {

/// One address book: a stream.
struct Book {
    std::string name;  ///< last segment of its address, decoded
    std::string url;   ///< with a final slash
    std::string label;
    bool can_sync = false, may_write = true;
};

/// What the options' address leads to.
struct Account {
    std::string home;       ///< address of the books' home, or of the one book
    std::string principal;  ///< "" if the server does not say
    std::vector<Book> books;
};

/// Finds the address books (RFC 6764, 5397, 6352): the address itself, its principal's home, or
/// /.well-known/carddav. Throws sdk::Error that says what was looked for and what to set.
[[nodiscard]] Account discover(Dav& dav, const Options& options);

}  // namespace kontor::carddav
