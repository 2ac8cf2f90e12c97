#pragma once

#include "connectors/sdk/request.hpp"
#include "plugins/zoho/records.hpp"

namespace kontor::zoho {

/// Emits the current image of every record of which `request.field` equals one of the values. Asks
/// COQL, or the external-id interface where COQL is not allowed; never the search, whose index is
/// late. Throws sdk::Error(KONTOR_E_INVALID) for a field that the module does not have.
void find_records(Api& api, const Module& module, const sdk::Request& request);

}  // namespace kontor::zoho
