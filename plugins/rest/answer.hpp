#pragma once

#include <string>

#include "connectors/declarative/description.hpp"
#include "connectors/sdk/connector.hpp"

namespace kontor::rest {

using sdk::Json;

/// A judged answer.
struct Reply {
    int status = 0;
    Json body, headers;
    declarative::Means means = declarative::Means::kOk;
    std::string code, message;    ///< the remote's own words about an error
    std::string other_id, field;  ///< what a rule found: the record that is in the way, the field

    [[nodiscard]] bool ok() const { return means == declarative::Means::kOk; }
    [[nodiscard]] std::string header(std::string_view lower_name) const {
        return sdk::text_of(headers, lower_name);
    }
};

/// Fills in `means` and the words, by the description's rules and the status.
void judge(Reply& reply, const declarative::Errors& errors, const declarative::Request& request,
           const declarative::Stream* stream);

/// "list contacts: HTTP 400: BAD_FILTER: …"
[[nodiscard]] std::string explained(const Reply& reply, const declarative::Request& request,
                                    const declarative::Stream* stream);
/// What to throw for a read that was refused.
[[nodiscard]] sdk::Error failure(const Reply& reply, const declarative::Request& request,
                                 const declarative::Stream* stream);

}  // namespace kontor::rest
