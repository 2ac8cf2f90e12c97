// A small HTTP server for strangers: strict bounds, no files, no cookies, nothing kept of anybody
// but the count of their requests.
#include "daemon/form/form_server.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <set>

#include "daemon/form/rate_limit.hpp"

namespace kontor::form {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::awaitable;
using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;
using Tcp = asio::ip::tcp;
using Stream = beast::basic_stream<Tcp>;
using Message = http::request<http::string_body>;

namespace {

constexpr std::uint32_t kHeaderBytes = 8 * 1024;
constexpr std::uint64_t kBodyBytes = 64 * 1024;
constexpr std::chrono::seconds kIdle{15};
constexpr std::chrono::seconds kTransfer{20};
constexpr int kRequestsPerConnection = 50;

struct Visit {
    explicit Visit(Tcp::socket socket) : stream(std::move(socket)) {}
    Stream stream;
    bool busy = false;
};

std::string plain(beast::string_view text) {
    return {text.data(), text.size()};
}

std::string lower_type(std::string text) {
    text = text.substr(0, text.find(';'));
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

/// What the proxy itself saw stands last, also where it adds a line of its own.
std::string last_forwarded(const Message& message) {
    std::string out;
    const auto [from, to] = message.equal_range("X-Forwarded-For");
    for (auto line = from; line != to; ++line) out = plain(line->value());
    return out;
}

/// A bare answer, for what never becomes a page.
api::ApiResponse bare(int status, const char* text) {
    api::ApiResponse out;
    out.status = status;
    out.content_type = "text/plain; charset=utf-8";
    out.body = text;
    return out;
}

}  // namespace

struct FormServer::State : std::enable_shared_from_this<State> {
    State(Parts given, Limits bounds)
        : parts(given),
          limits(bounds),
          acceptor(given.loop.context()),
          rates(bounds.requests_per_minute) {}

    Parts parts;
    Limits limits;
    Tcp::acceptor acceptor;
    RateLimit rates;
    std::set<Visit*> visits;
    std::function<void()> drained;
    bool stopping = false;

    awaitable<void> accept_all() {
        const auto self = shared_from_this();
        asio::steady_timer pause(parts.loop.context());
        while (!stopping) {
            error_code failed;
            Tcp::socket socket =
                co_await acceptor.async_accept(redirect_error(use_awaitable, failed));
            if (stopping || failed == asio::error::operation_aborted) co_return;
            if (failed) {
                pause.expires_after(std::chrono::seconds(1));
                co_await pause.async_wait(redirect_error(use_awaitable, failed));
                continue;
            }
            // Beyond the bound they are closed at once: answering would cost what is scarce.
            if (visits.size() >= static_cast<std::size_t>(limits.connections)) continue;
            auto visit = std::make_shared<Visit>(std::move(socket));
            asio::co_spawn(parts.loop.context(), serve(std::move(visit)), asio::detached);
        }
    }

    awaitable<void> serve(std::shared_ptr<Visit> visit) {
        const auto self = shared_from_this();
        error_code failed;
        const auto peer = visit->stream.socket().remote_endpoint(failed).address().to_string();
        visits.insert(visit.get());
        try {
            co_await converse(*visit, peer);
        } catch (const std::exception& error) {
            parts.log.error("form.connection", {{"error", error.what()}});
        }
        visits.erase(visit.get());
        finish_drain();
    }

    awaitable<void> converse(Visit& visit, std::string peer) {
        beast::flat_buffer buffer(kHeaderBytes + kBodyBytes);
        for (int n = 0; n < kRequestsPerConnection && !stopping; ++n) {
            http::request_parser<http::string_body> parser;
            parser.header_limit(kHeaderBytes);
            parser.body_limit(kBodyBytes);
            error_code failed;
            visit.stream.expires_after(kIdle);
            co_await http::async_read_header(visit.stream, buffer, parser,
                                             redirect_error(use_awaitable, failed));
            if (!failed) {
                visit.stream.expires_after(kTransfer);
                co_await http::async_read(visit.stream, buffer, parser,
                                          redirect_error(use_awaitable, failed));
            }
            if (failed) {
                co_await refuse(visit, failed);
                break;
            }
            visit.busy = true;
            const bool goes_on = co_await respond(visit, parser.release(), peer);
            visit.busy = false;
            if (!goes_on) break;
        }
        error_code ignored;
        visit.stream.socket().shutdown(Tcp::socket::shutdown_send, ignored);
        visit.stream.close();
    }

    awaitable<void> refuse(Visit& visit, error_code failed) {
        const bool gone = failed == http::error::end_of_stream || failed == beast::error::timeout ||
                          failed == asio::error::operation_aborted ||
                          failed == asio::error::connection_reset;
        if (gone) co_return;
        auto answer = failed == http::error::body_limit     ? bare(413, "Too large.\n")
                      : failed == http::error::header_limit ? bare(431, "Too large.\n")
                                                            : bare(400, "No valid request.\n");
        co_await send(visit, answer, false, false);
    }

    awaitable<bool> respond(Visit& visit, Message message, std::string peer) {
        const bool keep_alive = message.keep_alive();
        const bool is_head = message.method() == http::verb::head;
        const auto forwarded = limits.forwarded ? last_forwarded(message) : std::string();
        api::ApiResponse answer;
        if (!rates.allow(client_of(peer, forwarded), parts.clock.now())) {
            answer = bare(429, "Too many requests; wait a minute.\n");
            answer.headers.emplace_back("Retry-After", "60");
            co_return co_await send(visit, answer, keep_alive, is_head);
        }
        api::ApiRequest request;
        request.method = is_head ? "GET" : plain(message.method_string());
        request.content_type = lower_type(plain(message[http::field::content_type]));
        const auto accepted = plain(message[http::field::accept_language]);
        request.language = accepted.empty() ? limits.language : messages::language_from(accepted);
        const bool good = api::parse_target(plain(message.target()), request);
        request.body = std::move(message.body());
        if (!good)
            answer = bare(400, "No valid address.\n");
        else
            co_await make(request, answer);
        co_return co_await send(visit, answer, keep_alive, is_head);
    }

    // On the pool; the frame outlives the work, for the pools end before the loop.
    awaitable<void> make(const api::ApiRequest& request, api::ApiResponse& answer) {
        asio::steady_timer finished(parts.loop.context());
        finished.expires_at(asio::steady_timer::time_point::max());
        bool done = false;
        const std::function<void()> work = [this, &request, &answer, &finished, &done] {
            try {
                answer = parts.site.answer(request);
            } catch (const std::exception& error) {
                parts.log.error("form.page", {{"error", error.what()}});
                answer = bare(500, "Something went wrong here.\n");
            }
            parts.loop.post([&finished, &done] {
                done = true;
                finished.cancel();
            });
        };
        if (!parts.pool.post(work)) {
            answer = bare(503, "Too much to do; try again.\n");
            co_return;
        }
        error_code ignored;
        while (!done) co_await finished.async_wait(redirect_error(use_awaitable, ignored));
    }

    awaitable<bool> send(Visit& visit, api::ApiResponse& answer, bool keep_alive, bool is_head) {
        http::response<http::string_body> message;
        message.version(11);
        message.result(static_cast<unsigned>(answer.status));
        message.keep_alive(keep_alive && !stopping);
        message.set(http::field::content_type, answer.content_type);
        message.set(http::field::cache_control, "no-store");
        message.set("X-Content-Type-Options", "nosniff");
        for (const auto& [name, value] : answer.headers) message.set(name, value);
        message.content_length(answer.body.size());
        if (!is_head) message.body() = std::move(answer.body);
        error_code failed;
        visit.stream.expires_after(kTransfer);
        co_await http::async_write(visit.stream, message, redirect_error(use_awaitable, failed));
        co_return !failed && message.keep_alive();
    }

    void finish_drain() {
        if (!stopping || !visits.empty() || !drained) return;
        parts.loop.post(std::exchange(drained, nullptr));
    }
};

FormServer::FormServer(Parts parts, Limits limits)
    : state_(std::make_shared<State>(parts, limits)) {}

FormServer::~FormServer() = default;

Result<> FormServer::listen(const std::string& address) {
    error_code failed;
    const auto colon = address.rfind(':');
    auto host = address.substr(0, colon == std::string::npos ? 0 : colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    std::uint16_t port = 0;
    const auto digits = colon == std::string::npos ? std::string() : address.substr(colon + 1);
    const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const auto place = asio::ip::make_address(host, failed);
    if (failed || bad != std::errc() || end != digits.data() + digits.size())
        return fail(Errc::kConfig, address + " is no address and port", {{"listen", address}});
    auto& acceptor = state_->acceptor;
    const Tcp::endpoint endpoint(place, port);
    acceptor.open(endpoint.protocol(), failed);
    if (!failed) acceptor.set_option(asio::socket_base::reuse_address(true), failed);
    if (!failed) acceptor.bind(endpoint, failed);
    if (!failed) acceptor.listen(Tcp::acceptor::max_listen_connections, failed);
    if (failed)
        return fail(failed == asio::error::address_in_use ? Errc::kBusy : Errc::kStorage,
                    "listen on " + address + ": " + failed.message(), {{"listen", address}});
    asio::co_spawn(state_->parts.loop.context(), state_->accept_all(), asio::detached);
    return {};
}

std::uint16_t FormServer::port() const {
    error_code failed;
    return state_->acceptor.local_endpoint(failed).port();
}

void FormServer::drain(std::function<void()> done) {
    auto& s = *state_;
    s.stopping = true;
    s.drained = std::move(done);
    error_code ignored;
    s.acceptor.close(ignored);
    for (auto* visit : s.visits)
        if (!visit->busy) visit->stream.cancel();
    s.finish_drain();
}

}  // namespace kontor::form
