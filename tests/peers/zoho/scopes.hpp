#pragma once
// What an access token may do (`ZohoCRM.modules.contacts.READ`).

#include <string>
#include <string_view>

namespace kontor::peer::zoho {

enum class Right : std::uint8_t { read, create, update, remove };

/// What a request needs: `area` modules, settings, users, org, coql, bulk, notifications, upload or
/// search; `part` the module or the kind of setting, empty where there is none.
struct Need {
    std::string area;
    std::string part;
    Right right = Right::read;
};

/// Whether a comma-separated list of scopes covers the need.
bool allows(std::string_view scopes, const Need& need);

/// The need of an API request: method and path with query.
Need need_of(std::string_view method, std::string_view path);

}  // namespace kontor::peer::zoho
