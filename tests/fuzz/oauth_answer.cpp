// Answers of an accounts server: tokens or an error, and nothing in between.
#include "connectors/host/oauth_server.hpp"
#include "tests/fuzz/input.hpp"

namespace {

class OneAnswer : public kontor::host::HttpClient {
public:
    OneAnswer(int status, std::string_view body) : status_(status), body_(body) {}
    kontor::Result<kontor::host::HttpResponse> send(const kontor::host::HttpRequest&) override {
        kontor::host::HttpResponse answer;
        answer.status = status_;
        answer.body = body_;
        return answer;
    }
    kontor::Result<std::unique_ptr<kontor::host::Exchange>> begin(
        const kontor::host::HttpRequest&) override {
        must_hold(false);  // tokens are waited for
        return nullptr;
    }

private:
    int status_;
    std::string_view body_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kontor::host;
    if (size == 0) return 0;
    // The first byte chooses the status.
    constexpr int kStatuses[] = {200, 400, 429, 500};
    OneAnswer server(kStatuses[data[0] % 4], as_text(data + 1, size - 1));
    OAuthClient client;
    client.token_url = "https://accounts.example/token";
    client.client_id = "client";
    client.client_secret = Secret("secret");
    const auto grant = refresh_access(server, client, Secret("refresh"));
    if (grant) {
        must_hold(!grant->access_token.reveal().empty());
        must_hold(grant->expires_in.count() > 0);
    }
    return 0;
}
