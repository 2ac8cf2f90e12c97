#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/description.hpp"
#include "connectors/sdk/error.hpp"
#include "connectors/sdk/host.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::salesforce {

/// What is wrong, in Salesforce's words: one of `[{"errorCode", "message", "fields"}]`, or of a
/// record's `errors`, where the code is called statusCode.
struct Problem {
    std::string code, message;
    std::vector<std::string> fields;
};

struct Reply {
    int status = 0;
    sdk::Json body;     ///< null for 204
    Problem problem{};  ///< the first; of a status of 300 and more

    [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
};

/// What a problem means for whoever called.
enum class Trouble {
    kBusy,         ///< may or may not have been carried out
    kLock,         ///< another transaction holds the record: surely not carried out
    kLimit,        ///< too many requests, in a day or at a time: surely not carried out
    kCredentials,  ///< the session, or the user
    kNoRight,      ///< our user may not
    kLocked,       ///< the record is locked or in approval
    kMissing,      ///< no such record, object or page
    kTaken,        ///< a unique value is another record's
    kNoField,      ///< a field is not there (any more), or hidden from us
    kLocator,      ///< the rest of a query's answer is gone
    kNoFeed,       ///< the deleted feed does not reach so far back
    kChanged,      ///< a precondition failed
    kRequest,      ///< anything else: about this request
};
[[nodiscard]] Trouble trouble_of(int status, std::string_view code);

/// The first of a list of problems; its code is "" if there is none.
[[nodiscard]] Problem first_problem(const sdk::Json& list);

/// Reads an answer. Throws KONTOR_E_UNAVAILABLE or KONTOR_E_PROTOCOL for what is none of
/// Salesforce's: an HTML page, a truncated text, a status without its list of problems.
[[nodiscard]] Reply read_reply(const sdk::HttpResponse& response, std::string_view doing);

/// "doing: CODE message", for people.
[[nodiscard]] std::string explained(const Problem& problem, std::string_view doing);
/// The error that a reply other than success is.
[[nodiscard]] sdk::Error failure(const Reply& reply, std::string_view doing);
/// What a problem with one record makes of its change. `id`: the record's own, "" of a create.
[[nodiscard]] sdk::PushResult refusal(const Problem& problem, int status, std::string_view id);

}  // namespace kontor::salesforce
