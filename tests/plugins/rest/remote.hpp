#pragma once

/// A connection by a description to a server that the test plays.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/rest/connector.hpp"
#include "tests/support/fake_host.hpp"

namespace kontor::test {

using sdk::Json;

/// What each test description begins with.
inline constexpr std::string_view kHead = R"(
name = "test"
base_url = "{url}/api"
[option.url]
type = "url"
required = true
[auth]
kind = "bearer"
)";

struct RestRemote {
    /// `description`: what follows kHead.
    explicit RestRemote(std::string_view description, std::string_view head = kHead,
                        Json options = {{"url", "https://crm.test"}});

    FakeHost host;
    sdk::Host services{host.raw()};
    std::unique_ptr<rest::Connector> connector;

    /// Answers the next request with this JSON.
    void answer(const Json& body, int status = 200,
                std::map<std::string, std::string> headers = {});
    std::string pull(const std::string& stream, std::vector<std::string> fields,
                     std::string_view cursor = "");
    /// Carries out one change: its result.
    sdk::PushResult push(abi::Op op, const std::string& id, const std::string& version,
                         const std::map<std::string, FakeValue>& fields,
                         const std::string& stream = "people");
    /// "GET /api/people?page=1" of each request so far.
    [[nodiscard]] std::vector<std::string> asked() const;
};

}  // namespace kontor::test
