#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/sdk/description.hpp"
#include "connectors/sdk/host.hpp"
#include "plugins/fxiaoke/answer.hpp"
#include "plugins/fxiaoke/options.hpp"
#include "plugins/fxiaoke/state.hpp"

namespace kontor::fxiaoke {

/// The gateway's calls: where they go, who asks, which answers are errors, and how long to be
/// patient with it. All calls are POST with a JSON object.
class Api {
public:
    Api(sdk::Host& host, const Options& options) : host_(host), options_(options), state_(host) {}

    /// The path of an action on data: custom objects have their own family.
    [[nodiscard]] static std::string data_path(std::string_view object, std::string_view action);

    /// A call that may be repeated. Waits for what passes (busy, rate); throws what does not.
    Reply read(std::string_view path, const sdk::Json& body, std::string_view doing,
               std::string_view lane = "read");
    /// The same ahead of time; finish_read() gives what read() would.
    [[nodiscard]] sdk::BegunRequest begin_read(std::string_view path, const sdk::Json& body);
    Reply finish_read(const sdk::BegunRequest& begun, std::string_view path, const sdk::Json& body,
                      std::string_view doing);
    /// A call that changes something: sent once, and once more only where it was surely not carried
    /// out. Any code is returned. Throws sdk::Error if no answer came.
    Reply write(std::string_view path, const sdk::Json& body, std::string_view doing);

    /// The server's clock at the last answer, ms; nullopt before, or if it never says.
    [[nodiscard]] std::optional<std::int64_t> server_ms() const { return server_ms_; }
    /// The same, or else our clock less a day, so that a cursor rather repeats than skips.
    [[nodiscard]] std::int64_t cautious_ms() const;
    [[nodiscard]] std::int64_t ms_until_midnight() const;

    [[nodiscard]] sdk::Credits credits() const { return credits_; }
    [[nodiscard]] sdk::Host& host() const { return host_; }
    [[nodiscard]] const Options& options() const { return options_; }
    [[nodiscard]] State& state() { return state_; }

private:
    [[nodiscard]] sdk::HttpRequest request(std::string_view path, const sdk::Json& body,
                                           std::string_view lane);
    [[nodiscard]] std::string trace_id();
    Reply take(const sdk::HttpResponse& response, std::string_view doing);
    Reply insist(std::optional<Reply> first, std::string_view path, const sdk::Json& body,
                 std::string_view doing, std::string_view lane);

    sdk::Host& host_;
    const Options& options_;
    State state_;
    sdk::Credits credits_;
    std::optional<std::int64_t> server_ms_;
};

}  // namespace kontor::fxiaoke
