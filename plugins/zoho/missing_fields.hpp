#pragma once

#include <string>
#include <string_view>

#include "plugins/zoho/columns.hpp"

namespace kontor::zoho {

/// Looks whether a page of records lacks a field that was asked for: Zoho leaves out what it does
/// not know. If the module indeed has it no more, throws an error that makes the host read the
/// metadata anew (arg `unknown_field`). A field that exists and is never shown is asked after once
/// per connection. False if the page has no record to look at.
bool look_for_missing_fields(Api& api, const Columns& columns, std::string_view names,
                             std::string_view body);

}  // namespace kontor::zoho
