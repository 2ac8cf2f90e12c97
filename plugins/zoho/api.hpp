#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/description.hpp"
#include "connectors/sdk/host.hpp"
#include "connectors/sdk/url.hpp"
#include "plugins/zoho/answer.hpp"
#include "plugins/zoho/options.hpp"

namespace kontor::zoho {

/// Records that one request can write, or read by id.
inline constexpr std::size_t kRequestRecordsMax = 100;
/// Requests under way at once: below the five that the smallest edition allows.
inline constexpr std::size_t kRequestsAtOnceMax = 4;

/// A field of the module that rows of a subform are records of.
struct RowField {
    std::string name;
    bool writable = false;
};

/// Zoho's HTTP interface: where it is, what a call costs, and which answers are errors.
class Api {
public:
    Api(sdk::Host& host, const Options& options) : host_(host), options_(options) {}

    [[nodiscard]] sdk::Url url(std::string_view path = {}) const;       ///< {api}/crm/v8/…
    [[nodiscard]] sdk::Url bulk_url(std::string_view path = {}) const;  ///< {api}/crm/bulk/v8/…
    [[nodiscard]] sdk::Url module_url(std::string_view module) const;

    /// Sends it, counting credits. Any HTTP status is returned. Throws sdk::Error if none came.
    sdk::HttpResponse send(const sdk::HttpRequest& request);
    /// Sends it without waiting for the answer: finish() gives what send() would.
    [[nodiscard]] sdk::BegunRequest begin(sdk::HttpRequest request);
    [[nodiscard]] bool arrived(const sdk::BegunRequest& begun) const {
        return host_.arrived(begun);
    }
    sdk::HttpResponse finish(const sdk::BegunRequest& begun);
    /// As send(), but a status of 400 and more is thrown as the error it is, named after `doing`.
    sdk::HttpResponse call(const sdk::HttpRequest& request, std::string_view doing);

    /// Zoho's clock when it answered, ms. Without a Date header: our clock less a day, so that a
    /// cursor made from it rather repeats than skips.
    /// When the server says that it answered; nullopt if it does not.
    [[nodiscard]] static std::optional<std::int64_t> server_date_ms(
        const sdk::HttpResponse& response);
    [[nodiscard]] std::int64_t server_time_ms(const sdk::HttpResponse& response) const;

    [[nodiscard]] sdk::Credits credits() const { return credits_; }
    [[nodiscard]] sdk::Host& host() const { return host_; }
    [[nodiscard]] const Options& options() const { return options_; }

    /// What is learned once per connection: the fields of rows' modules (rows.hpp), and fields that
    /// exist but no read shows, as "Module.Field" (missing_fields.hpp).
    std::map<std::string, std::vector<RowField>>& row_fields() { return row_fields_; }
    std::set<std::string>& never_shown() { return never_shown_; }

private:
    void learn(const sdk::HttpResponse& response);

    sdk::Host& host_;
    const Options& options_;
    sdk::Credits credits_;
    std::map<std::string, std::vector<RowField>> row_fields_;
    std::set<std::string> never_shown_;
};

/// A GET with `If-Modified-Since` in the form Zoho wants, whole seconds with offset.
[[nodiscard]] sdk::HttpRequest get(const sdk::Url& url, std::string_view lane = "read");
void if_modified_since(sdk::HttpRequest& request, std::int64_t ms);

}  // namespace kontor::zoho
