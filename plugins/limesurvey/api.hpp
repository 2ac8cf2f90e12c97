#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/host.hpp"

namespace kontor::limesurvey {

using sdk::Json;

struct Options {
    std::string url;
    std::vector<std::string> surveys;  ///< empty: all active ones
    std::int64_t offset_ms = 0;        ///< of the server's local time from UTC
    bool participants = true;
};
/// Throws sdk::Error(KONTOR_E_INVALID).
[[nodiscard]] Options read_options(std::string_view config);

/// Which responses of a survey: ids from `from` to `to` (0: no end).
struct Range {
    std::int64_t from = 1, to = 0;
};

/// RemoteControl 2 by JSON-RPC: calls, and what its answers mean. Failures come with status 200 as
/// {"status": "…"}; known texts are told apart, any other is an error.
class Api {
public:
    /// What is given must outlive it.
    Api(sdk::Host& host, const Options& options) : host_(host), options_(options) {}

    /// Numbers of the surveys to read.
    [[nodiscard]] std::vector<std::string> surveys();
    /// The responses of that range, as rows by question code, finished or not; nullopt if the
    /// survey has no table of responses or no response. Throws sdk::Error.
    [[nodiscard]] std::optional<std::vector<Json>> responses(const std::string& survey,
                                                             const Range& range);
    /// E-mail addresses by token; empty if the survey has no participants.
    [[nodiscard]] std::map<std::string, std::string> addresses(const std::string& survey);

    [[nodiscard]] sdk::Host& host() const { return host_; }
    [[nodiscard]] const Options& options() const { return options_; }
    /// The server's clock at the last answer; ours before.
    [[nodiscard]] std::int64_t server_ms() const { return host_.now_ms() + skew_ms_; }

private:
    [[nodiscard]] Json call(std::string_view method, Json params, std::int64_t max_body = 0);
    [[noreturn]] void refuse(std::string_view method, const std::string& survey,
                             const std::string& status) const;

    sdk::Host& host_;
    const Options& options_;
    std::int64_t skew_ms_ = 0;
};

}  // namespace kontor::limesurvey
