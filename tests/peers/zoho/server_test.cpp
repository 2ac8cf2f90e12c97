// The one test over TLS: the server side of sockets, not the logic.

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "tests/peers/base/server.hpp"
#include "tests/peers/zoho/credits.hpp"
#include "tests/peers/zoho/peer.hpp"

namespace zoho = kontor::peer::zoho;

namespace {

/// Sends a request that asks to close, and reads everything there is.
std::string exchange(const kontor::peer::Identity& identity, std::uint16_t port,
                     const std::string& text) {
    const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()),
                                                               SSL_CTX_free);
    const std::unique_ptr<BIO, int (*)(BIO*)> pem(
        BIO_new_mem_buf(identity.ca_pem.data(), static_cast<int>(identity.ca_pem.size())),
        BIO_free);
    X509* ca = PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), ca);
    X509_free(ca);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    const std::unique_ptr<BIO, void (*)(BIO*)> bio(BIO_new_ssl_connect(context.get()),
                                                   BIO_free_all);
    SSL* ssl = nullptr;
    BIO_get_ssl(bio.get(), &ssl);
    SSL_set1_host(ssl, "localhost");
    BIO_set_conn_hostname(bio.get(), ("127.0.0.1:" + std::to_string(port)).c_str());
    if (BIO_do_connect(bio.get()) != 1) return "no connection";
    BIO_write(bio.get(), text.data(), static_cast<int>(text.size()));
    SSL_shutdown(ssl);
    std::string out;
    char buffer[4096];
    int got = 0;
    while ((got = BIO_read(bio.get(), buffer, sizeof buffer)) > 0)
        out.append(buffer, static_cast<std::size_t>(got));
    return out;
}

std::string request(const std::string& line, const std::string& body = {}) {
    return line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("the server speaks HTTPS with a certificate of its own authority") {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that the peer has closed
    zoho::PeerOptions peer_options;
    peer_options.contacts = 10;
    zoho::ZohoPeer peer(peer_options);
    kontor::peer::ServerOptions options;
    options.identity = kontor::peer::make_identity();
    options.body_limit = 10000;
    options.handler = [&](const kontor::peer::Request& r) { return peer.handle(r); };
    const kontor::peer::Identity identity = options.identity;
    kontor::peer::Server server(std::move(options));
    const auto send = [&](const std::string& text) {
        return exchange(identity, server.port(), text);
    };
    const std::string count = send(request("GET /_control/count"));
    CHECK(count.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(count.find("\"Contacts\":10") != std::string::npos);
    CHECK(send(request("GET /crm/v8/org")).starts_with("HTTP/1.1 401"));
    CHECK(send(request("POST /crm/v8/Contacts", std::string(20000, 'x')))
              .starts_with("HTTP/1.1 413"));
    CHECK(send("rubbish\r\n\r\n").empty());
    send(request("POST /_control/fault", R"({"kind":"drop_before"})"));
    CHECK(send(request("GET /crm/v8/org")).empty());
    CHECK(send(request("GET /crm/v8/org")).starts_with("HTTP/1.1 401"));
    CHECK(kontor::peer::make_identity().ca_pem != identity.ca_pem);
}

TEST_CASE("the server counts requests under way, and those that demand much by themselves too") {
    std::signal(SIGPIPE, SIG_IGN);
    kontor::peer::ServerOptions options;
    options.identity = kontor::peer::make_identity();
    options.threads = 3;
    std::mutex mutex;
    std::condition_variable all_there;
    std::multiset<int> counted;
    options.heavy = zoho::is_heavy;
    options.handler = [&](const kontor::peer::Request& request) {
        std::unique_lock lock(mutex);
        counted.insert(request.heavy_in_flight);
        all_there.notify_all();
        all_there.wait_for(lock, std::chrono::seconds(20), [&] { return counted.size() == 3; });
        return kontor::peer::Response{};
    };
    const kontor::peer::Identity identity = options.identity;
    kontor::peer::Server server(std::move(options));
    std::vector<std::thread> clients;
    for (const char* line : {"POST /crm/v8/coql", "GET /crm/v8/org", "POST /crm/v8/coql"})
        clients.emplace_back([&, line] { exchange(identity, server.port(), request(line)); });
    for (std::thread& each : clients) each.join();
    CHECK(counted == std::multiset<int>{0, 1, 2});
}
