#include "tests/peers/base/server.hpp"

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

namespace kontor::peer {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Stream = asio::ssl::stream<tcp::socket>;
using boost::system::error_code;

namespace {

constexpr std::size_t kHeaderLimit = 64 * 1024;
constexpr std::size_t kDrainBlock = 64 * 1024;
constexpr std::size_t kDrainMost = 256 * 1024 * 1024;

Request to_request(http::request<http::string_body>&& message) {
    Request out;
    out.method = std::string(message.method_string());
    out.target = std::string(message.target());
    for (const auto& field : message)
        out.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    out.body = std::move(message.body());
    return out;
}

std::string head_of(const Response& response, const std::string& server, bool keep_alive) {
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
    head += std::string(
        http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status))));
    head += "\r\nServer: " + server + "\r\n";
    for (const auto& [name, value] : response.headers) head += name + ": " + value + "\r\n";
    const bool bodiless = response.status == 204 || response.status == 304;
    if (!bodiless) head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    if (!keep_alive) head += "Connection: close\r\n";
    return head + "\r\n";
}

Response too_large(const std::string& body) {
    Response out;
    out.status = 413;
    out.headers.emplace_back("Content-Type", "application/json;charset=UTF-8");
    out.body = body;
    return out;
}

}  // namespace

struct Server::Impl {
    ServerOptions options;
    asio::io_context io;
    asio::ssl::context tls{asio::ssl::context::tls_server};
    tcp::acceptor acceptor{io};
    std::vector<std::thread> threads;
    std::atomic<int> in_flight{0}, heavy_in_flight{0};
    std::atomic<std::uint64_t> connections{0};

    explicit Impl(ServerOptions given) : options(std::move(given)) {}

    asio::awaitable<void> accept_loop();
    asio::awaitable<void> session(tcp::socket socket);
    asio::awaitable<bool> serve(Stream& stream, Request request, bool keep_alive);
};

asio::awaitable<void> Server::Impl::accept_loop() {
    while (acceptor.is_open()) {
        error_code error;
        tcp::socket socket =
            co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (error == asio::error::operation_aborted) co_return;
        if (error) continue;
        ++connections;
        asio::co_spawn(io, session(std::move(socket)), asio::detached);
    }
}

/// Answers one request; false when the connection is to be closed.
asio::awaitable<bool> Server::Impl::serve(Stream& stream, Request request, bool keep_alive) {
    error_code error;
    const bool heavy = options.heavy && options.heavy(request);
    request.in_flight = ++in_flight;
    if (heavy) request.heavy_in_flight = ++heavy_in_flight;
    Response response = options.handler(request);
    const std::int64_t delay =
        response.delay_ms + (request.path().starts_with("/_control") ? 0 : options.latency_ms);
    if (delay > 0) {
        asio::steady_timer timer(stream.get_executor(), std::chrono::milliseconds(delay));
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
    --in_flight;
    if (heavy) --heavy_in_flight;
    if (response.delivery == Delivery::drop) co_return false;
    const std::string head = head_of(response, options.name, keep_alive);
    std::size_t length = response.body.size();
    if (response.status == 204 || response.status == 304) length = 0;
    const bool cut = response.delivery == Delivery::truncate;
    if (cut) length /= 2;
    const std::array<asio::const_buffer, 2> parts{asio::const_buffer(head.data(), head.size()),
                                                  asio::const_buffer(response.body.data(), length)};
    co_await asio::async_write(stream, parts, asio::redirect_error(asio::use_awaitable, error));
    co_return !error && !cut && keep_alive;
}

asio::awaitable<void> Server::Impl::session(tcp::socket socket) {
    error_code error;
    socket.set_option(tcp::no_delay(true), error);
    Stream stream(std::move(socket), tls);
    co_await stream.async_handshake(asio::ssl::stream_base::server,
                                    asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    boost::beast::flat_buffer buffer;
    bool going_on = true;
    while (going_on) {
        http::request_parser<http::string_body> parser;
        parser.header_limit(kHeaderLimit);
        parser.body_limit(options.body_limit);
        co_await http::async_read(stream, buffer, parser,
                                  asio::redirect_error(asio::use_awaitable, error));
        if (error == http::error::body_limit) {
            const Response refusal = too_large(options.too_large_body);
            const std::string text = head_of(refusal, options.name, false) + refusal.body;
            co_await asio::async_write(stream, asio::buffer(text),
                                       asio::redirect_error(asio::use_awaitable, error));
            // Closing now would reset the connection before the client has read the answer.
            std::vector<char> rest(kDrainBlock);
            for (std::size_t got = 0; !error && got < kDrainMost;)
                got += co_await stream.async_read_some(
                    asio::buffer(rest), asio::redirect_error(asio::use_awaitable, error));
            break;
        }
        if (error) break;
        const bool keep_alive = parser.get().keep_alive();
        Request request = to_request(parser.release());
        going_on = co_await serve(stream, std::move(request), keep_alive);
    }
    stream.next_layer().shutdown(tcp::socket::shutdown_both, error);
    stream.next_layer().close(error);
}

Server::Server(ServerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {
    Impl& s = *impl_;
    const Identity& identity = s.options.identity;
    s.tls.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                      asio::ssl::context::no_tlsv1_1);
    s.tls.use_certificate_chain(asio::buffer(identity.certificate_pem));
    s.tls.use_private_key(asio::buffer(identity.key_pem), asio::ssl::context::pem);
    const tcp::endpoint endpoint(asio::ip::make_address("127.0.0.1"), s.options.port);
    s.acceptor.open(endpoint.protocol());
    s.acceptor.set_option(tcp::acceptor::reuse_address(true));
    s.acceptor.bind(endpoint);
    s.acceptor.listen();
    asio::co_spawn(s.io, s.accept_loop(), asio::detached);
    for (unsigned i = 0; i < s.options.threads; ++i) s.threads.emplace_back([&s] { s.io.run(); });
}

Server::~Server() {
    stop();
}

std::uint16_t Server::port() const {
    return impl_->acceptor.local_endpoint().port();
}

std::uint64_t Server::connections() const {
    return impl_->connections;
}

void Server::stop() {
    impl_->io.stop();
    for (std::thread& thread : impl_->threads) {
        if (thread.joinable()) thread.join();
    }
}

void Server::run_until_signal() {
    asio::io_context waiting;
    asio::signal_set signals(waiting, SIGINT, SIGTERM);
    signals.async_wait([](const error_code&, int) {});
    waiting.run();
    stop();
}

}  // namespace kontor::peer
