#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/messages/messages.hpp"
#include "sync/base/result.hpp"

namespace kontor::api {

/// A request, read whole and within the limits.
struct ApiRequest {
    std::string method;                                      ///< GET POST PATCH DELETE …
    std::string path;                                        ///< decoded, without query
    std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order
    std::map<std::string, std::string> params;               ///< the route's {names}
    std::string content_type;                                ///< lower case, without parameters
    std::string if_match;
    std::string last_event_id;
    std::string body;
    std::string actor;  ///< who history will name: "uid:1000"
    /// False: the handler is on the loop. If it cannot begin at once it says kBusy, having done
    /// nothing, and is called again where it may wait.
    bool may_wait = true;
    messages::Language language = messages::Language::kEnglish;

    /// The query's last value of that name, or the fallback.
    [[nodiscard]] std::string get(std::string_view name, std::string_view fallback = "") const;
    /// All its values of that name.
    [[nodiscard]] std::vector<std::string> all(std::string_view name) const;
    [[nodiscard]] const std::string& param(const std::string& name) const {
        return params.at(name);
    }
};

/// A body that is made while it is sent. Called from one thread at a time, not always the same.
class BodyStream {
public:
    virtual ~BodyStream() = default;
    /// The next piece; nullopt at the end. After an error the connection is cut, so that the client
    /// does not take a part for the whole.
    virtual Result<std::optional<std::string>> next() = 0;
};

/// The answer is the event stream, from the event after this id on.
struct EventsAfter {
    std::int64_t id = 0;
};

struct ApiResponse {
    int status = 200;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::unique_ptr<BodyStream> stream;  ///< instead of `body`
    std::optional<EventsAfter> events;   ///< instead of both
};

/// The status that stands for an error code.
[[nodiscard]] int status_of(Errc code);

/// application/problem+json {status, code, message, detail, args, hint}.
[[nodiscard]] ApiResponse problem(const Error& error, messages::Language language);

/// "a%20b" → "a b"; nullopt if malformed. `plus`: + is a space (queries).
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus);

/// Splits "/path?a=b" into path and query of `request`; false if malformed.
[[nodiscard]] bool parse_target(std::string_view target, ApiRequest& request);

}  // namespace kontor::api
