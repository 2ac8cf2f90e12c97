#pragma once

#include <string>
#include <string_view>

#include "connectors/sdk/error.hpp"
#include "connectors/sdk/host.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::zoho {

/// What Zoho says went wrong with a whole request.
struct RemoteError {
    std::string code, message;
    sdk::Json details;
};

/// Reads an error body in either of Zoho's shapes (bare, or one element of data[]). Empty code if
/// it is none: an HTML page, nothing, a truncated text.
[[nodiscard]] RemoteError remote_error(std::string_view body);

/// The error that a read with this answer is; call only for statuses of 400 and more.
[[nodiscard]] sdk::Error failure(const sdk::HttpResponse& response, std::string_view doing);

/// The body as JSON object. Throws KONTOR_E_PROTOCOL, saying what was expected, if it is not.
[[nodiscard]] sdk::Json json_body(const sdk::HttpResponse& response, std::string_view doing);

/// No records: 204, 304, or a body that is empty.
[[nodiscard]] bool nothing(const sdk::HttpResponse& response);

}  // namespace kontor::zoho
