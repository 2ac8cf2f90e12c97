// The browser that comes back after consent: read strictly, answered once, strangers refused.
#include "daemon/cli/redirect.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <thread>

using namespace kontor;
using cli::parse_redirect;
using cli::RedirectListener;

namespace {

// What a browser sends, and what it is answered.
class Browser {
public:
    explicit Browser(const std::string& uri) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(static_cast<std::uint16_t>(std::stoi(uri.substr(uri.rfind(':') + 1))));
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
    }
    void send(const std::string& bytes) const {
        REQUIRE(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(bytes.size()));
    }
    [[nodiscard]] std::string answer() const {
        std::string out;
        char piece[1024];
        for (ssize_t got = 0; (got = ::recv(fd_.get(), piece, sizeof piece, 0)) > 0;)
            out.append(piece, static_cast<std::size_t>(got));
        return out;
    }
    void finish() const { ::shutdown(fd_.get(), SHUT_WR); }

private:
    host::UniqueFd fd_;
};

std::string page(bool good) {
    return good ? "good" : "bad";
}

}  // namespace

TEST_CASE("the address of a redirect is read whole or from its path on", "[cli][redirect]") {
    for (const auto* address :
         {"https://crm.example.com/back?code=1000.a%2Eb&state=s+1&accounts-server=https%3A%2F%2Fx",
          "/back?state=s%201&code=1000.a.b&accounts-server=https://x#fragment",
          "  ?code=1000.a.b&state=s%201&accounts-server=https%3a%2f%2fx \r"}) {
        INFO(address);
        const auto came = parse_redirect(address);
        REQUIRE(came);
        CHECK(came->code == "1000.a.b");
        CHECK(came->state == "s 1");
        CHECK(came->accounts_server == "https://x");
        CHECK(came->error.empty());
    }
    const auto denied = parse_redirect("http://localhost:1/?error=access_denied&state=x");
    REQUIRE(denied);
    CHECK(denied->error == "access_denied");
}

TEST_CASE("what is no redirect is not taken for one", "[cli][redirect]") {
    for (const auto* address : {"", " ", "http://", "https://x", "/back", "/back?state=x",
                                "/back?code=&state=x", "/?code=%zz", "/?code=%00", "1000.a.b"}) {
        INFO(address);
        CHECK_FALSE(parse_redirect(address));
    }
}

TEST_CASE("only addresses of this computer are listened at", "[cli][redirect]") {
    CHECK(RedirectListener::can_listen("http://localhost:8080/a"));
    CHECK(RedirectListener::can_listen("http://127.0.0.1:8080"));
    for (const auto* uri : {"https://localhost:1/", "http://example.com:80/", "http://localhost/",
                            "http://localhost:99999/", "http://localhost:1x/", "http://localhost:/",
                            "http://localhost:1@evil.com/", "http://127.0.0.1:1/?a=b"}) {
        INFO(uri);
        CHECK_FALSE(RedirectListener::can_listen(uri));
        CHECK_FALSE(RedirectListener::open(uri));
    }
}

TEST_CASE("a taken port is said", "[cli][redirect]") {
    const auto first = RedirectListener::open("http://127.0.0.1:0/x");
    REQUIRE(first);
    const auto second = RedirectListener::open(first->uri());
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Errc::kBusy);
    CHECK(second.error().args.at("uri") == first->uri());
}

TEST_CASE("the browser that knows the state is answered, nobody else", "[cli][redirect]") {
    auto listener = RedirectListener::open("http://127.0.0.1:0");
    REQUIRE(listener);
    const auto meets = [&](const std::string& bytes) {
        const Browser browser(listener->uri());
        browser.send(bytes);
        browser.finish();
        auto came = listener->answer("state", page);
        return std::make_pair(std::move(came), browser.answer());
    };
    for (const auto* stranger :
         {"GET /favicon.ico HTTP/1.1\r\n\r\n", "GET /?code=x&state=other HTTP/1.1\r\n\r\n",
          "POST /?code=x&state=state HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n",
          "GET /?code=x&state=state HTTP/1.1\r\n"}) {
        INFO(stranger);
        const auto [came, answer] = meets(stranger);
        CHECK_FALSE(came);
        CHECK(answer.rfind("HTTP/1.1 404", 0) == 0);
    }
    CHECK_FALSE(meets("GET /?code=" + std::string(20'000, 'x')).first);
    const auto [denied, bad] = meets("GET /?error=no&state=state HTTP/1.1\r\n\r\n");
    REQUIRE(denied);
    CHECK(bad.find("\r\n\r\nbad") != std::string::npos);
    const auto [came, good] = meets("GET /?code=x&state=state HTTP/1.1\r\nHost: x\r\n\r\n");
    REQUIRE(came);
    CHECK(came->code == "x");
    CHECK(good.rfind("HTTP/1.1 200", 0) == 0);
    CHECK(good.find("\r\n\r\ngood") != std::string::npos);
}
