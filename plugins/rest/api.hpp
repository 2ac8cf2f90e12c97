#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/declarative/description.hpp"
#include "connectors/declarative/template.hpp"
#include "connectors/sdk/connector.hpp"
#include "plugins/rest/answer.hpp"

namespace kontor::rest {

using declarative::Values;
using sdk::Json;

/// Sends the requests that a description describes. One per connection; `host` and `description`
/// must outlive it.
class Api {
public:
    /// `options`: the connection's, by name.
    Api(sdk::Host& host, const declarative::Description& description, const Json& options);

    /// Sends a request with these values in its gaps, and judges the answer. `stream` is nullptr
    /// for requests of none. Throws Error if no answer came, or none that is JSON.
    Reply send(const declarative::Request& request, const declarative::Stream* stream,
               const Values& values);
    /// The same to an address that an answer gave.
    Reply follow(const declarative::Request& request, const declarative::Stream* stream,
                 std::string_view address);

    /// The values that a stream's lists are asked for with, as {each}; a null if it has none.
    [[nodiscard]] std::vector<Json> each_of(const declarative::Stream& stream) const;

    /// JSON with its gaps filled by these values and the connection's options.
    [[nodiscard]] std::optional<Json> filled(const Json& shape, const declarative::Stream& stream,
                                             const Values& values) const;

    [[nodiscard]] sdk::Host& host() const { return host_; }
    [[nodiscard]] const declarative::Description& description() const { return description_; }
    /// The address that paths begin at.
    [[nodiscard]] const std::string& base() const { return base_; }
    /// Local time there ahead of UTC.
    [[nodiscard]] std::int64_t offset_ms() const { return offset_ms_; }
    /// The server's clock as far as its answers tell, else ours.
    [[nodiscard]] std::int64_t server_ms() const { return host_.now_ms() + skew_ms_; }
    /// Of the last answer; nullopt if it had no date.
    [[nodiscard]] std::optional<std::int64_t> answered_ms() const { return answered_ms_; }
    /// Says once what is odd about a field's values.
    void odd_value(const declarative::Stream& stream, const declarative::Field& field);

private:
    [[nodiscard]] Values with_options(const declarative::Stream* stream,
                                      const Values& values) const;
    [[nodiscard]] sdk::HttpRequest built(const declarative::Request& request,
                                         const Values& values) const;
    [[nodiscard]] std::string address(const declarative::Request& request,
                                      const Values& values) const;
    Reply run(const sdk::HttpRequest& http, const declarative::Request& request,
              const declarative::Stream* stream);
    void learn_clock(const sdk::HttpResponse& answer);

    sdk::Host& host_;
    const declarative::Description& description_;
    Values options_;
    std::string base_;
    std::int64_t offset_ms_ = 0, skew_ms_ = 0;
    std::optional<std::int64_t> answered_ms_;
    std::set<std::string> odd_;
};

}  // namespace kontor::rest
