#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/sdk/description.hpp"
#include "connectors/sdk/host.hpp"
#include "connectors/sdk/url.hpp"
#include "plugins/salesforce/answer.hpp"
#include "plugins/salesforce/options.hpp"

namespace kontor::salesforce {

/// Calls of the REST API, version 60: where they go, which answers are errors, what is left of the
/// day's requests. The host signs in, and repeats what may be repeated.
class Api {
public:
    Api(sdk::Host& host, const Options& options) : host_(host), options_(options) {}

    /// The address of a resource: "/query", "/sobjects".
    [[nodiscard]] sdk::Url url(std::string_view path) const;
    /// Of what an answer names by its whole path (nextRecordsUrl). Throws KONTOR_E_PROTOCOL if it
    /// leads elsewhere.
    [[nodiscard]] std::string url_of_path(const std::string& path) const;

    /// Any answer.
    Reply read(const std::string& url, std::string_view doing, std::string_view lane = "read");
    /// Answers of success only; others are thrown.
    sdk::Json get(const std::string& url, std::string_view doing, std::string_view lane = "read");
    [[nodiscard]] sdk::BegunRequest begin_get(const std::string& url);
    sdk::Json finish_get(const sdk::BegunRequest& begun, std::string_view doing);
    /// A POST that only asks, and so may be repeated.
    sdk::Json ask(const std::string& url, const sdk::Json& body, std::string_view doing,
                  std::string_view lane = "read");
    /// The answer whatever it says, its body spooled: for CSV.
    sdk::HttpResponse download(const std::string& url);
    /// A change: sent once, and any answer returned. `idempotent`: it may be repeated.
    Reply write(std::string_view method, const std::string& url, const sdk::Json& body,
                std::string_view doing, bool idempotent, const std::string& unmodified_since = {});

    /// The server's clock at the last answer, ms; our own less a day if it never said.
    [[nodiscard]] std::int64_t cautious_ms() const;
    [[nodiscard]] std::optional<std::int64_t> server_ms() const { return server_ms_; }
    [[nodiscard]] sdk::Credits credits() const { return credits_; }
    [[nodiscard]] sdk::Host& host() const { return host_; }
    [[nodiscard]] const Options& options() const { return options_; }

private:
    sdk::HttpResponse send(const sdk::HttpRequest& request);
    void note(const sdk::HttpResponse& response);
    static sdk::Json success(Reply reply, std::string_view doing);

    sdk::Host& host_;
    const Options& options_;
    sdk::Credits credits_;
    std::optional<std::int64_t> server_ms_;
};

}  // namespace kontor::salesforce
