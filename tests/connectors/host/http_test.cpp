// The HTTP client against a real server on loopback: certificates, cuts, bombs, slowness. And the
// hosts that a connection may reach.

#include <catch2/catch.hpp>
#include <thread>

#include "connectors/host/allow_list.hpp"
#include "connectors/host/atomic_file.hpp"
#include "connectors/host/curl_client.hpp"
#include "connectors/host/socket_stream.hpp"
#include "connectors/host/trust.hpp"
#include "tests/connectors/host/connect_proxy.hpp"
#include "tests/connectors/host/support.hpp"
#include "tests/connectors/host/tls_server.hpp"

using namespace kontor;
using namespace kontor::host;
using namespace kontor::host::test;

namespace {

std::unique_ptr<HttpClient> client_for(const TempDir& dir, std::stop_token stop = {},
                                       const std::string& ca = "", bool loopback_http = false,
                                       const std::string& proxy = "") {
    CurlOptions options;
    options.ca_bundle = "";
    options.extra_ca_file = ca.empty() ? dir / "ca.pem" : ca;
    options.spool_folder = dir.path();
    options.allow_http_loopback = loopback_http;
    options.connect_timeout = 5s;
    options.proxy = proxy;
    auto client = CurlHttpClient::create(std::move(options), stop);
    REQUIRE(client);
    return std::move(*client);
}

HttpRequest get(const std::string& url) {
    HttpRequest request;
    request.url = url;
    request.timeout = 10s;
    return request;
}

}  // namespace

TEST_CASE("a request carries method, headers, credentials and body; the answer all of its own") {
    TempDir dir;
    ServerRequest seen;
    TlsServer server(dir.path(), [&](const ServerRequest& request) {
        seen = request;
        return reply(201, "made",
                     {"X-One: 1", "x-one: 2", "Retry-After: 7", "Set-Cookie: a=1; Path=/",
                      "set-cookie: b=2"});
    });
    auto client = client_for(dir);
    auto request = get(server.url("/a?b=c"));
    request.method = "PATCH";
    request.headers = {{"X-Kind", "test"}, {"X-Empty", ""}};
    request.secret_headers.push_back({"Authorization", Secret(std::string("Bearer abc"))});
    request.body = "body";
    const auto got = client->send(request);
    REQUIRE(got);
    CHECK(got->status == 201);
    CHECK(got->body == "made");
    CHECK(got->header("x-one") == "2");
    CHECK(got->header("retry-after") == "7");
    CHECK(got->header("set-cookie") == "a=1; Path=/\nb=2");
    CHECK(seen.method == "PATCH");
    CHECK(seen.target == "/a?b=c");
    CHECK(seen.body == "body");
    CHECK(seen.headers["authorization"] == "Bearer abc");
    CHECK(seen.headers["x-kind"] == "test");
    CHECK(seen.headers.count("x-empty") == 1);
    CHECK(seen.headers.count("expect") == 0);
}

TEST_CASE("a connection is used again") {
    TempDir dir;
    TlsServer server(dir.path(), [](const ServerRequest&) { return reply(200, "x"); });
    auto client = client_for(dir);
    for (int i = 0; i < 5; ++i) REQUIRE(client->send(get(server.url("/"))));
    CHECK(server.connections() == 1);
}

TEST_CASE("HTTP/2 is spoken where it is offered, with all that a request has") {
    TempDir dir;
    ServerRequest seen;
    const std::string text(300'000, 'z'), sent(100'000, 'b');  // more than one window
    TlsServer server(
        dir.path(),
        [&](const ServerRequest& request) {
            seen = request;
            return reply(200, gzip(text), {"Content-Encoding: gzip", "X-One: 1"});
        },
        TlsServer::Certificate::kGood, TlsServer::Protocol::kHttp2);
    auto client = client_for(dir);
    for (int i = 0; i < 3; ++i) {
        auto request = get(server.url("/crm?page=" + std::to_string(i)));
        request.method = "POST";
        request.body = sent;
        request.secret_headers.push_back({"Authorization", Secret(std::string("token"))});
        const auto got = client->send(request);
        REQUIRE(got);
        CHECK(got->status == 200);
        CHECK((got->body == text));
        CHECK(got->header("x-one") == "1");
        CHECK(seen.method == "POST");
        CHECK(seen.target == "/crm?page=" + std::to_string(i));
        CHECK(seen.headers["authorization"] == "token");
        CHECK(seen.headers.count(":scheme") == 1);  // so it was HTTP/2
        CHECK((seen.body == sent));
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("an HTTP/2 answer that is reset in its midst is no answer") {
    TempDir dir;
    TlsServer server(
        dir.path(),
        [](const ServerRequest&) {
            ServerReply out = reply(200, std::string(50'000, 'x'));
            out.close = true;
            return out;
        },
        TlsServer::Certificate::kGood, TlsServer::Protocol::kHttp2);
    const auto got = client_for(dir)->send(get(server.url("/")));
    REQUIRE_FALSE(got);
    CHECK(got.error().retryable());
}

TEST_CASE("a body over HTTP/2 is bounded, a bomb too") {
    TempDir dir;
    TlsServer server(
        dir.path(),
        [](const ServerRequest& request) {
            const std::string body(8 << 20, '0');
            return request.target == "/bomb" ? reply(200, gzip(body), {"Content-Encoding: gzip"})
                                             : reply(200, body);
        },
        TlsServer::Certificate::kGood, TlsServer::Protocol::kHttp2);
    auto client = client_for(dir);
    for (const char* target : {"/plain", "/bomb"}) {
        auto request = get(server.url(target));
        request.max_body = 1 << 20;
        const auto got = client->send(request);
        REQUIRE_FALSE(got);
        CHECK(got.error().code == Errc::kProtocol);
    }
}

TEST_CASE("a certificate that does not verify ends the request before anything is sent") {
    TempDir dir, other;
    int requests = 0;
    const auto handler = [&](const ServerRequest&) {
        ++requests;
        return reply(200, "x");
    };
    std::string ca;
    auto kind = TlsServer::Certificate::kGood;
    SECTION("of another authority") {
        ca = other / "ca.pem";
    }
    SECTION("for another host") {
        kind = TlsServer::Certificate::kOtherHost;
    }
    SECTION("expired") {
        kind = TlsServer::Certificate::kExpired;
    }
    TlsServer stranger(other.path(), handler);
    TlsServer server(dir.path(), handler, kind);
    auto client = client_for(dir, {}, ca);
    const auto got = client->send(get(server.url("/")));
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::kTls);
    CHECK(got.error().args.at("ca_file") == (ca.empty() ? dir / "ca.pem" : ca));
    CHECK_FALSE(got.error().args.at("reason").empty());
    CHECK(surely_unsent(got.error()));
    CHECK(requests == 0);
}

TEST_CASE("the environment can neither add trust nor redirect through a proxy") {
    TempDir dir, other;
    TlsServer stranger(other.path(), [](const ServerRequest&) { return reply(200, "x"); });
    TlsServer server(dir.path(), [](const ServerRequest&) { return reply(200, "x"); });
    for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"})
        ::setenv(name, (dir / "ca.pem").c_str(), 1);
    ::setenv("https_proxy", "http://127.0.0.1:1", 1);
    CHECK(client_for(dir)->send(get(server.url("/"))));
    const auto wrong = client_for(dir, {}, other / "ca.pem")->send(get(server.url("/")));
    for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE", "https_proxy"}) ::unsetenv(name);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code == Errc::kTls);
}

TEST_CASE("trust that is kept is of these certificates and no others") {
    TempDir ours, theirs;
    const TlsServer server(ours.path(), [](const ServerRequest&) { return reply(200, "here"); });
    const TlsServer other(theirs.path(), [](const ServerRequest&) { return reply(200, "there"); });
    const auto trust = std::make_shared<KeptTrust>();
    const auto asked = [&](const TlsServer& whom, const std::string& ca) {
        CurlOptions options;
        options.ca_bundle = "";
        options.extra_ca_file = ca;
        options.trust = trust;
        auto client = CurlHttpClient::create(std::move(options), {});
        REQUIRE(client);
        return (*client)->send(get(whom.url("/")));
    };
    for (int i = 0; i < 2; ++i) {
        CHECK(asked(server, ours / "ca.pem"));
        CHECK(asked(other, theirs / "ca.pem"));
        CHECK_FALSE(asked(server, theirs / "ca.pem"));
        CHECK_FALSE(asked(other, ours / "ca.pem"));
    }
    const auto pem = read_file(ours / "ca.pem", 1 << 20).value().value();
    const auto kept = trust->in(pem);
    CHECK(kept);
    CHECK(trust->in(pem) == kept);
    CHECK_FALSE(trust->in("no certificate"));
    // Whoever uses one keeps it, however many others come.
    for (int i = 0; i < 10; ++i) CHECK(trust->in(pem + std::string(i + 1, '\n')) != kept);
    CHECK(X509_STORE_get0_objects(kept.get()) != nullptr);
}

TEST_CASE("a CA file without certificates is an error of the configuration") {
    TempDir dir;
    CurlOptions options;
    options.extra_ca_file = dir / "missing.pem";
    const auto made = CurlHttpClient::create(std::move(options), {});
    REQUIRE_FALSE(made);
    CHECK(made.error().code == Errc::kConfig);
}

TEST_CASE("compressed answers are unpacked, and a bomb is stopped at the limit") {
    TempDir dir;
    std::string packed = gzip("hello");
    TlsServer server(dir.path(), [&](const ServerRequest&) {
        return reply(200, packed, {"Content-Encoding: gzip"});
    });
    auto client = client_for(dir);
    auto request = get(server.url("/"));
    const auto small = client->send(request);
    REQUIRE(small);
    CHECK(small->body == "hello");
    packed = gzip(std::string(50'000'000, 'x'));
    REQUIRE(packed.size() < 200'000);
    request.max_body = 1'000'000;
    request.spool = GENERATE(false, true);
    const auto bomb = client->send(request);
    REQUIRE_FALSE(bomb);
    CHECK(bomb.error().code == Errc::kProtocol);
    packed = "no gzip at all";
    const auto garbage = client->send(request);
    REQUIRE_FALSE(garbage);
    CHECK(garbage.error().code == Errc::kProtocol);
}

TEST_CASE("a body of exactly the limit passes, one byte more does not") {
    TempDir dir;
    TlsServer server(dir.path(), [](const ServerRequest&) { return reply(200, "12345"); });
    auto client = client_for(dir);
    auto request = get(server.url("/"));
    request.max_body = 5;
    CHECK(client->send(request));
    request.max_body = 4;
    const auto got = client->send(request);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::kProtocol);
}

TEST_CASE("a spooled body can be read back and leaves no file behind") {
    TempDir dir, spool;
    const std::string big(3'000'000, 'z');
    TlsServer server(dir.path(), [&](const ServerRequest&) { return reply(200, big); });
    CurlOptions options;
    options.ca_bundle = "";
    options.extra_ca_file = dir / "ca.pem";
    options.spool_folder = spool.path();
    auto client = std::move(*CurlHttpClient::create(std::move(options), {}));
    auto request = get(server.url("/"));
    request.spool = true;
    auto got = client->send(request);
    REQUIRE(got);
    CHECK(got->body.empty());
    REQUIRE(got->spool.valid());
    CHECK(got->spool.size() == big.size());
    CHECK(std::filesystem::is_empty(spool.path()));
}

TEST_CASE("an answer that is cut off is no answer") {
    TempDir dir;
    ServerReply out;
    SECTION("in the body") {
        out = reply(200, "0123456789");
        out.bytes.resize(out.bytes.size() - 4);
    }
    SECTION("in a chunk") {
        out.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    }
    SECTION("in the headers") {
        out.bytes = "HTTP/1.1 200 OK\r\nX-A: ";
    }
    SECTION("before it began") {}
    SECTION("without a length, so that nobody can tell") {
        out.bytes = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf";
    }
    out.close = true;
    TlsServer server(dir.path(), [&](const ServerRequest&) { return out; });
    const auto got = client_for(dir)->send(get(server.url("/")));
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::kUnavailable);
    CHECK_FALSE(surely_unsent(got.error()));
}

TEST_CASE("headers without end are refused") {
    TempDir dir;
    ServerReply out;
    out.bytes = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 20'000; ++i) out.bytes += "X-Filler: 0123456789012345678901234\r\n";
    out.close = true;
    TlsServer server(dir.path(), [&](const ServerRequest&) { return out; });
    const auto got = client_for(dir)->send(get(server.url("/")));
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::kProtocol);
}

TEST_CASE("a server that is slow, silent or absent runs into a limit") {
    TempDir dir;
    ServerReply out = reply(200, std::string(1000, 'x'));
    SECTION("slow") {
        out.pause_between_bytes_ms = 5;
    }
    SECTION("silent") {
        out.hang = true;
    }
    TlsServer server(dir.path(), [&](const ServerRequest&) { return out; });
    auto request = get(server.url("/"));
    request.timeout = 250ms;
    const auto got = client_for(dir)->send(request);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::kTimeout);
    CHECK_FALSE(surely_unsent(got.error()));
    const auto absent = client_for(dir)->send(get("https://127.0.0.1:1/"));
    REQUIRE_FALSE(absent);
    CHECK(absent.error().code == Errc::kUnavailable);
    CHECK(surely_unsent(absent.error()));
}

TEST_CASE("a stop request from another thread ends a running request at once") {
    TempDir dir;
    std::stop_source stop;
    ServerReply out;
    out.hang = true;
    TlsServer server(dir.path(), [&](const ServerRequest&) {
        stop.request_stop();
        return out;
    });
    auto client = client_for(dir, stop.get_token());
    const auto got = client->send(get(server.url("/")));
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::kCancelled);
    CHECK(client->send(get(server.url("/"))).error().code == Errc::kCancelled);
}

TEST_CASE("a request runs while others do, and moves on whenever one is asked") {
    TempDir dir;
    const std::string big(20'000'000, 'z');  // more than the sockets hold
    int others = 0;
    TlsServer server(dir.path(), [&](const ServerRequest& request) {
        return reply(200, request.target == "/ahead" ? big : std::to_string(++others));
    });
    auto client = client_for(dir);
    auto request = get(server.url("/ahead"));
    request.spool = true;
    auto ahead = client->begin(request);
    REQUIRE(ahead);
    for (int i = 1; i <= 3; ++i) {
        const auto got = client->send(get(server.url("/")));
        REQUIRE(got);
        CHECK(got->body == std::to_string(i));
    }
    while (!(*ahead)->arrived()) std::this_thread::yield();
    const auto got = (*ahead)->finish();
    REQUIRE(got);
    CHECK(got->spool.size() == big.size());
    CHECK(server.connections() == 2);
}

TEST_CASE("a request that is given up or fails does not touch the others") {
    TempDir dir;
    ServerReply hang, cut = reply(200, "0123456789");
    hang.hang = true;
    cut.bytes.resize(cut.bytes.size() - 4);
    cut.close = true;
    TlsServer server(dir.path(), [&](const ServerRequest& request) {
        if (request.target == "/hangs") return hang;
        return request.target == "/cut" ? cut : reply(200, "x");
    });
    auto client = client_for(dir);
    auto given_up = client->begin(get(server.url("/hangs")));
    auto fails = client->begin(get(server.url("/cut")));
    REQUIRE(given_up);
    REQUIRE(fails);
    CHECK_FALSE((*given_up)->arrived());
    given_up->reset();
    REQUIRE(client->send(get(server.url("/"))));
    CHECK((*fails)->finish().error().code == Errc::kUnavailable);
    CHECK(client->send(get(server.url("/")))->body == "x");
}

TEST_CASE("a stop request ends what was begun, too") {
    TempDir dir;
    std::stop_source stop;
    ServerReply hang;
    hang.hang = true;
    TlsServer server(dir.path(), [&](const ServerRequest&) { return hang; });
    auto client = client_for(dir, stop.get_token());
    auto ahead = client->begin(get(server.url("/")));
    REQUIRE(ahead);
    CHECK_FALSE((*ahead)->arrived());
    stop.request_stop();
    CHECK((*ahead)->arrived());
    CHECK((*ahead)->finish().error().code == Errc::kCancelled);
    CHECK(client->begin(get(server.url("/"))).error().code == Errc::kCancelled);
}

TEST_CASE("redirects are handed over, not followed") {
    TempDir dir;
    int requests = 0;
    TlsServer server(dir.path(), [&](const ServerRequest&) {
        ++requests;
        return reply(302, "", {"Location: https://elsewhere.example/"});
    });
    const auto got = client_for(dir)->send(get(server.url("/")));
    REQUIRE(got);
    CHECK(got->status == 302);
    CHECK(requests == 1);
}

TEST_CASE("plain http goes to this machine only, and only if that was said") {
    TempDir dir;
    TlsServer server(
        dir.path(), [](const ServerRequest&) { return reply(200, "plain"); },
        TlsServer::Certificate::kGood, TlsServer::Protocol::kPlain);
    const auto refused = client_for(dir)->send(get(server.url("/")));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::kInvalid);
    CHECK(server.connections() == 0);
    const auto allowed = client_for(dir, {}, "", true)->send(get(server.url("/")));
    REQUIRE(allowed);
    CHECK(allowed->body == "plain");
    CHECK_FALSE(client_for(dir, {}, "", true)->send(get("http://192.0.2.1/")));
}

TEST_CASE("a proxy that is set is used") {
    TempDir dir;
    std::string asked;
    TlsServer proxy(
        dir.path(),
        [&](const ServerRequest& request) {
            asked = request.method + " " + request.target;
            return reply(403, "");
        },
        TlsServer::Certificate::kGood, TlsServer::Protocol::kPlain);
    const auto got =
        client_for(dir, {}, "", false, proxy.url())->send(get("https://crm.example/a"));
    REQUIRE_FALSE(got);
    CHECK(asked == "CONNECT crm.example:443");
}

TEST_CASE("a proxy that opens no tunnel is told as that, and nothing was sent") {
    TempDir dir;
    const int status = GENERATE(407, 403, 302, 502, 503);
    std::string credentials;
    TlsServer proxy(
        dir.path(),
        [&](const ServerRequest& request) {
            if (const auto found = request.headers.find("proxy-authorization");
                found != request.headers.end())
                credentials = found->second;
            ServerReply out = reply(status, "");
            out.close = true;
            return out;
        },
        TlsServer::Certificate::kGood, TlsServer::Protocol::kPlain);
    CurlOptions options;
    options.ca_bundle = "";
    options.extra_ca_file = dir / "ca.pem";
    options.spool_folder = dir.path();
    options.proxy = proxy.url();
    options.proxy_credentials = Secret(std::string("me:s3cr3t"));
    auto client = CurlHttpClient::create(std::move(options), {});
    REQUIRE(client);
    auto request = get("https://crm.example/a");
    request.method = "POST";
    request.body = "{}";
    const auto check = [&](const Error& error, const std::string& host) {
        CHECK(error.code == (status >= 500 ? Errc::kUnavailable : Errc::kProxy));
        CHECK(error.args.at("reason") == (status == 407   ? "proxy_sign_in"
                                          : status >= 500 ? "proxy_away"
                                                          : "proxy_refuses"));
        CHECK(error.args.at("proxy") == proxy.url());
        CHECK(error.args.at("host") == host);
        CHECK(error.args.at("status") == std::to_string(status));
        CHECK(error.message.find("s3cr3t") == std::string::npos);
        CHECK(surely_unsent(error));
    };
    const auto got = (*client)->send(request);
    REQUIRE_FALSE(got);
    check(got.error(), "https://crm.example");
    CHECK(credentials == "Basic bWU6czNjcjN0");

    // And so what dials through it.
    SocketOptions socket;
    socket.extra_ca_file = dir / "ca.pem";
    socket.proxy = proxy.url();
    socket.proxy.insert(socket.proxy.find("://") + 3, "me:s3cr3t@");
    const auto dialled = connect_socket("db.example", 5432, socket, {});
    REQUIRE_FALSE(dialled);
    check(dialled.error(), "db.example:5432");
}

TEST_CASE("through a proxy TLS reaches the server itself, and the proxy learns no secret") {
    TempDir dir;
    ServerRequest seen;
    TlsServer server(dir.path(), [&](const ServerRequest& request) {
        seen = request;
        return reply(200, "through");
    });
    ConnectProxy proxy(server.port());
    auto client = client_for(dir, {}, "", false, proxy.url());
    for (int i = 0; i < 2; ++i) {
        auto request = get(server.url("/crm?q=hidden"));
        request.secret_headers.push_back({"Authorization", Secret(std::string("token-1"))});
        const auto got = client->send(request);
        REQUIRE(got);
        CHECK(got->body == "through");
    }
    CHECK(seen.headers["authorization"] == "token-1");
    CHECK(proxy.tunnels() == 1);
    CHECK(proxy.seen().rfind("CONNECT 127.0.0.1:" + std::to_string(server.port()), 0) == 0);
    CHECK(proxy.seen().find("token-1") == std::string::npos);
    CHECK(proxy.seen().find("hidden") == std::string::npos);
    // The certificate must be the server's: a proxy that leads elsewhere gets nothing.
    TempDir other;
    TlsServer impostor(other.path(), [](const ServerRequest&) { return reply(200, "mine"); });
    ConnectProxy elsewhere(impostor.port());
    const auto wrong = client_for(dir, {}, "", false, elsewhere.url())->send(get(server.url("/")));
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code == Errc::kTls);
    CHECK(elsewhere.tunnels() == 1);
}

TEST_CASE("what would break out of a header line is refused") {
    TempDir dir;
    TlsServer server(dir.path(), [](const ServerRequest&) { return reply(200, ""); });
    auto client = client_for(dir);
    auto request = get(server.url("/"));
    SECTION("value") {
        request.headers = {{"X-A", "1\r\nX-B: 2"}};
    }
    SECTION("name") {
        request.headers = {{"X A", "1"}};
    }
    SECTION("method") {
        request.method = "GET / HTTP/1.1\r\nX: y\r\n\r\n";
    }
    SECTION("url") {
        request.url += " x";
    }
    const auto got = client->send(request);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::kInvalid);
    CHECK(server.connections() == 0);
}

TEST_CASE("only the hosts of the connection can be reached") {
    AllowList hosts;
    REQUIRE(hosts.add("https://www.zohoapis.com/crm/v8"));
    REQUIRE(hosts.add("https://crm.example:8443"));
    for (const char* good : {"https://www.zohoapis.com/x?y=z", "https://WWW.zohoapis.com:443/",
                             "https://crm.example:8443/a@b"})
        CHECK(hosts.check(good));
    for (const char* elsewhere :
         {"https://zohoapis.com/", "https://www.zohoapis.com.evil.example/",
          "https://www.zohoapis.com:8443/", "https://crm.example/", "http://www.zohoapis.com/",
          "https://evil.example/?https://www.zohoapis.com/"}) {
        const auto got = hosts.check(elsewhere);
        REQUIRE_FALSE(got);
        CHECK(got.error().code == Errc::kPermission);
    }
    for (const char* malformed :
         {"", "https://", "https://user@www.zohoapis.com/",
          "https://www.zohoapis.com@evil.example/", "https://a:b@www.zohoapis.com/",
          "https://@www.zohoapis.com/", "ftp://www.zohoapis.com/",
          "https://www.zohoapis.com\\@evil.example/", "https://www.zohoapis.com/\r\n", "/crm",
          "https://www.zohoapis.com /"}) {
        INFO(malformed);
        const auto got = hosts.check(malformed);
        REQUIRE_FALSE(got);
        CHECK(got.error().code == Errc::kInvalid);
    }
    CHECK_FALSE(hosts.add("http://127.0.0.1:80/"));
    AllowList local(true);
    CHECK(local.add("http://127.0.0.1:80/"));
    CHECK_FALSE(local.add("http://192.168.1.1/"));
}
