#pragma once

// A scripted Zoho account for the connector's tests: routes answer requests, all else is 404.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plugins/zoho/connector.hpp"
#include "tests/support/fake_host.hpp"

namespace kontor::test {

class Account {
public:
    using Handler = FakeHost::Handler;

    /// `options`: JSON object of the connection's options.
    explicit Account(const std::string& options = "{}");

    /// Answers "METHOD /path" (decoded, without query) from now on.
    void on(const std::string& route, Handler handler);
    void on(const std::string& route, FakeResponse response);

    FakeHost host;
    sdk::Host sdk_host{host.raw()};
    std::unique_ptr<zoho::Connector> connector;

    /// How often "METHOD /path" was asked since the last host.clear().
    [[nodiscard]] std::size_t asked(const std::string& route) const;
    [[nodiscard]] std::vector<FakeRequest> requests_of(const std::string& route) const;

private:
    std::map<std::string, Handler> routes_;
};

/// A module's settings/fields with the usual fields of Contacts, and whatever `more` adds
/// (comma-separated JSON objects).
[[nodiscard]] std::string contact_fields(const std::string& more = "");

[[nodiscard]] FakeResponse json(std::string body, int status = 200);
/// {"data": [records], "info": …}; `token` "" = the last page.
[[nodiscard]] FakeResponse page(const std::string& records, const std::string& token = "");
/// One record of Contacts.
[[nodiscard]] std::string contact(const std::string& id, const std::string& name,
                                  const std::string& modified);
[[nodiscard]] FakeResponse refused(int status, const std::string& code,
                                   const std::string& details = "{}");

[[nodiscard]] sdk::Request request(const std::string& stream, std::vector<std::string> fields);

/// The text of a field of an emitted record; "<absent>", "<null>" or an integer's digits otherwise.
[[nodiscard]] std::string shown(const EmittedRecord& record, std::uint16_t field);

}  // namespace kontor::test
