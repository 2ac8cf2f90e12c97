// The HTTP server: the one file that knows Beast. A connection is a coroutine on the loop. What is
// done in less time than a thread takes to wake up, a handler does right there; else it runs on a
// pool and comes back to the loop with its answer.
#include "daemon/api/server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <filesystem>
#include <set>

namespace kontor::api {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::awaitable;
using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;
using Protocol = asio::local::stream_protocol;
using Stream = beast::basic_stream<Protocol>;
using Head = http::response<http::empty_body>;

namespace {

constexpr std::size_t kEventsPerWrite = 256;
constexpr std::chrono::seconds kHeartbeat{15};
// A brief request may keep the loop this long. After some that took longer (a slow disk: then
// handing over costs nothing to speak of) they go to the pool for a while.
constexpr std::chrono::milliseconds kBriefMax{2};
constexpr int kNotBriefMax = 3;  // in a row
constexpr std::chrono::seconds kBriefPause{1};
constexpr std::size_t kBriefBody = 4'096;  // bytes

// One open connection, as drain() sees it.
struct Session {
    explicit Session(Protocol::socket socket) : stream(std::move(socket)) {}
    Stream stream;
    bool busy = false;                           // a request is being answered
    std::unique_ptr<asio::steady_timer> events;  // waits for the next event; cancelled to wake it
};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string text_of(beast::string_view text) {
    return std::string(text.data(), text.size());
}

// The user at the other end as it was when it connected; nullopt if it is neither we nor root.
std::optional<uid_t> peer_of(Protocol::socket& socket) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return std::nullopt;
    if (credentials.uid != ::geteuid() && credentials.uid != 0) return std::nullopt;
    return credentials.uid;
}

ApiResponse refusal(int status, std::string_view code, std::string_view message) {
    ApiResponse response;
    response.status = status;
    response.content_type = "application/problem+json";
    // Constant ASCII texts: nothing to escape.
    const std::string text(message);
    response.body = "{\"status\":" + std::to_string(status) + ",\"code\":\"" + std::string(code) +
                    "\",\"message\":\"" + text + "\",\"detail\":\"" + text + "\",\"args\":{}}";
    return response;
}

ApiResponse refusal_of(error_code failed) {
    if (failed == http::error::header_limit)
        return refusal(431, "invalid", "the header is too large");
    if (failed == http::error::body_limit) return refusal(413, "invalid", "the body is too large");
    if (failed == beast::error::timeout)
        return refusal(408, "timeout", "the request took too long to arrive");
    return refusal(400, "invalid", "not a valid HTTP request");
}

template <class Message>
void fill_head(Message& out, const ApiResponse& response, unsigned version, bool keep_alive) {
    out.version(version);
    out.result(static_cast<unsigned>(response.status));
    out.keep_alive(keep_alive);
    out.set(http::field::content_type, response.content_type);
    out.set(http::field::cache_control, "no-store");
    out.set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : response.headers) out.set(name, value);
}

}  // namespace

struct Server::State : std::enable_shared_from_this<State> {
    State(Parts given, config::Api api_limits, messages::Language default_language)
        : parts(given),
          limits(api_limits),
          language(default_language),
          acceptor(given.loop.context()) {}

    Parts parts;
    config::Api limits;
    messages::Language language;
    Protocol::acceptor acceptor;
    std::string path;
    std::set<Session*> sessions;
    std::function<void()> drained;
    bool stopping = false;
    std::int64_t subscription = 0;
    std::chrono::steady_clock::time_point brief_from{};
    int not_brief = 0;  // brief requests in a row that were not

    // --- Connections

    awaitable<void> accept_all() {
        const auto self = shared_from_this();
        asio::steady_timer pause(parts.loop.context());
        while (!stopping) {
            error_code failed;
            Protocol::socket socket =
                co_await acceptor.async_accept(redirect_error(use_awaitable, failed));
            if (stopping || failed == asio::error::operation_aborted) co_return;
            if (failed) {
                // Out of descriptors: try again when some may be free.
                pause.expires_after(std::chrono::seconds(1));
                co_await pause.async_wait(redirect_error(use_awaitable, failed));
                continue;
            }
            // For send_plain(): otherwise writing without the loop would wait for a slow reader.
            socket.non_blocking(true, failed);
            auto session = std::make_shared<Session>(std::move(socket));
            asio::co_spawn(parts.loop.context(), serve(std::move(session)), asio::detached);
        }
    }

    awaitable<void> serve(std::shared_ptr<Session> session) {
        const auto self = shared_from_this();
        const auto peer = peer_of(session->stream.socket());
        std::optional<ApiResponse> refused;
        if (!peer)
            refused = refusal(403, "permission", "this socket serves its owner only");
        else if (sessions.size() >= static_cast<std::size_t>(limits.connections))
            refused = refusal(503, "busy", "too many connections");
        if (refused) {
            parts.log.warning("api.refused", {{"status", refused->status}});
            co_await send_plain(*session, *refused, 11, false);
            co_return;
        }
        sessions.insert(session.get());
        try {
            co_await converse(*session, "uid:" + std::to_string(*peer));
        } catch (const std::exception& error) {
            parts.log.error("api.connection", {{"error", error.what()}});
        }
        sessions.erase(session.get());
        finish_drain();
    }

    awaitable<void> converse(Session& session, std::string actor) {
        beast::flat_buffer buffer(static_cast<std::size_t>(limits.header_bytes) + 64 * 1024);
        bool keep_alive = true;
        while (keep_alive && !stopping) {
            http::request_parser<http::string_body> parser;
            parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
            parser.body_limit(static_cast<std::uint64_t>(limits.body_bytes));
            error_code failed;
            session.stream.expires_after(limits.idle_timeout);
            co_await http::async_read_header(session.stream, buffer, parser,
                                             redirect_error(use_awaitable, failed));
            if (!failed && !parser.is_done()) {
                session.stream.expires_after(limits.read_timeout);
                if (lower(text_of(parser.get()[http::field::expect])) == "100-continue")
                    co_await send_continue(session, failed);
                // Mostly the body has come with the header.
                parser.eager(true);
                if (!failed) buffer.consume(parser.put(buffer.data(), failed));
                if (failed == http::error::need_more) failed = {};
                if (!failed && !parser.is_done())
                    co_await http::async_read(session.stream, buffer, parser,
                                              redirect_error(use_awaitable, failed));
            }
            if (failed) {
                const bool gone = failed == http::error::end_of_stream ||
                                  failed == asio::error::operation_aborted ||
                                  failed == asio::error::connection_reset;
                // After a quiet time-out between requests there is nobody to tell.
                const bool idle = failed == beast::error::timeout && buffer.size() == 0;
                if (!gone && !idle) {
                    // Beast closes a socket that timed out; then this goes nowhere.
                    auto refused = refusal_of(failed);
                    co_await send_plain(session, refused, 11, false);
                    co_await linger(session);
                }
                break;
            }
            session.busy = true;
            keep_alive = co_await respond(session, parser.release(), actor);
            session.busy = false;
        }
        error_code ignored;
        session.stream.socket().shutdown(Protocol::socket::shutdown_send, ignored);
        session.stream.close();
    }

    // Lets a client that is still sending read the refusal before the socket is reset.
    awaitable<void> linger(Session& session) {
        error_code failed;
        session.stream.socket().shutdown(Protocol::socket::shutdown_send, failed);
        session.stream.expires_after(std::chrono::seconds(2));
        std::array<char, 16 * 1024> sink{};
        std::size_t total = 0;
        while (!failed && total < static_cast<std::size_t>(limits.body_bytes) * 2)
            total += co_await session.stream.async_read_some(asio::buffer(sink),
                                                             redirect_error(use_awaitable, failed));
    }

    // --- One request

    // True if the connection may go on.
    awaitable<bool> respond(Session& session, http::request<http::string_body> message,
                            std::string actor) {
        const unsigned version = message.version();
        const bool keep_alive = message.keep_alive();
        ApiRequest request;
        request.method = text_of(message.method_string());
        request.content_type = lower(text_of(message[http::field::content_type]));
        request.content_type = request.content_type.substr(0, request.content_type.find(';'));
        request.if_match = text_of(message[http::field::if_match]);
        request.last_event_id = text_of(message["Last-Event-ID"]);
        request.actor = std::move(actor);
        const auto accepted = text_of(message[http::field::accept_language]);
        request.language = accepted.empty() ? language : messages::language_from(accepted);
        const bool good_target = parse_target(text_of(message.target()), request);
        request.body = std::move(message.body());

        ApiResponse response;
        bool other_method = false;
        const Router::Route* route =
            good_target ? parts.router.find(request, other_method) : nullptr;
        if (!good_target) {
            response = refusal(400, "invalid", "malformed address");
        } else if (route == nullptr) {
            response = other_method ? refusal(405, "unsupported", "no such method here")
                                    : refusal(404, "not_found", "no such resource");
        } else if (!request.body.empty() && request.content_type != "application/json") {
            response = refusal(415, "unsupported", "the body must be application/json");
        } else {
            co_await run(*route, request, response);
        }
        if (response.events) co_return co_await send_events(session, response, version);
        if (response.stream) co_return co_await send_stream(session, response, version, keep_alive);
        co_return co_await send_plain(session, response, version, keep_alive);
    }

    // Runs `work` on a pool and returns to the loop; false if the pool is full.
    awaitable<bool> on_pool(app::WorkPool& pool, std::function<void()> work) {
        asio::steady_timer finished(parts.loop.context());
        finished.expires_at(asio::steady_timer::time_point::max());
        // The frame of this coroutine outlives the work: a coroutine is only destroyed with the
        // loop, and the pools end before it.
        bool done = false;
        const auto turn = [this, &finished, &done, &work] {
            work();
            parts.loop.post([&finished, &done] {
                done = true;
                finished.cancel();
            });
        };
        if (!pool.post(turn)) co_return false;
        error_code ignored;
        while (!done) co_await finished.async_wait(redirect_error(use_awaitable, ignored));
        co_return true;
    }

    // Of a brief request, on the loop. False if it has to wait or takes too long these days.
    bool run_at_once(const Router::Route& route, ApiRequest& request, ApiResponse& response) {
        const auto started = std::chrono::steady_clock::now();
        if (started < brief_from || request.body.size() > kBriefBody) return false;
        request.may_wait = false;
        auto made = answer_at_once(route, request);
        request.may_wait = true;
        const auto ended = std::chrono::steady_clock::now();
        not_brief = ended - started > kBriefMax ? not_brief + 1 : 0;
        if (not_brief >= kNotBriefMax) brief_from = ended + kBriefPause;
        if (made) response = std::move(*made);
        return made.has_value();
    }

    awaitable<void> run(const Router::Route& route, ApiRequest& request, ApiResponse& response) {
        if (route.cost == Cost::kLight) {
            response = answer(route, request);
            co_return;
        }
        if (route.cost == Cost::kBrief && run_at_once(route, request, response)) co_return;
        auto& pool = route.cost == Cost::kSlow ? parts.slow : parts.quick;
        const std::function<void()> work = [&] { response = answer(route, request); };
        const bool taken = co_await on_pool(pool, work);
        if (!taken) response = refusal(503, "busy", "too much to do; try again");
    }

    // --- Answers

    awaitable<void> send_continue(Session& session, error_code& failed) {
        Head go_on;
        go_on.version(11);
        go_on.result(http::status::continue_);
        co_await http::async_write(session.stream, go_on, redirect_error(use_awaitable, failed));
    }

    awaitable<bool> send_plain(Session& session, ApiResponse& response, unsigned version,
                               bool keep_alive) {
        http::response<http::string_body> message;
        fill_head(message, response, version, keep_alive && !stopping);
        message.body() = std::move(response.body);
        message.prepare_payload();
        http::response_serializer<http::string_body> serializer(message);
        error_code failed;
        // Most answers fit into the socket's buffer: nothing to wait for.
        http::write(session.stream.socket(), serializer, failed);
        if (failed == asio::error::would_block) {
            failed = {};
            session.stream.expires_after(limits.write_timeout);
            co_await http::async_write(session.stream, serializer,
                                       redirect_error(use_awaitable, failed));
        }
        co_return !failed && message.keep_alive();
    }

    awaitable<bool> send_head(Session& session, const ApiResponse& response, unsigned version,
                              bool chunked, bool keep_alive) {
        Head head;
        fill_head(head, response, version, keep_alive);
        head.chunked(chunked);
        http::response_serializer<http::empty_body> serializer(head);
        error_code failed;
        session.stream.expires_after(limits.write_timeout);
        co_await http::async_write_header(session.stream, serializer,
                                          redirect_error(use_awaitable, failed));
        co_return !failed;
    }

    awaitable<bool> send_stream(Session& session, ApiResponse& response, unsigned version,
                                bool keep_alive) {
        const bool chunked = version >= 11;
        bool fine = co_await send_head(session, response, version, chunked, keep_alive && chunked);
        error_code failed;
        while (fine) {
            Result<std::optional<std::string>> piece = std::nullopt;
            const std::function<void()> work = [&] { piece = response.stream->next(); };
            // A full pool fails the stream: the client sees that it was cut.
            fine = co_await on_pool(parts.quick, work);
            if (!fine || !piece) co_return false;
            if (!*piece) break;
            if ((*piece)->empty()) continue;
            session.stream.expires_after(limits.write_timeout);
            if (chunked) {
                const auto chunk = http::make_chunk(asio::buffer(**piece));
                co_await asio::async_write(session.stream, chunk,
                                           redirect_error(use_awaitable, failed));
            } else {
                co_await asio::async_write(session.stream, asio::buffer(**piece),
                                           redirect_error(use_awaitable, failed));
            }
            fine = !failed;
        }
        if (!fine || !chunked) co_return false;
        const auto last = http::make_chunk_last();
        co_await asio::async_write(session.stream, last, redirect_error(use_awaitable, failed));
        co_return !failed && keep_alive && !stopping;
    }

    awaitable<bool> send_events(Session& session, const ApiResponse& response, unsigned version) {
        std::int64_t since = response.events->id;
        session.events = std::make_unique<asio::steady_timer>(parts.loop.context());
        // Not chunked: it ends when the connection does.
        bool fine = co_await send_head(session, response, version, false, false);
        std::string text = "retry: 2000\n\n";
        error_code failed;
        while (fine && !stopping) {
            auto page = parts.events.after(since, kEventsPerWrite);
            if (page.gap) text += "event: gap\ndata: {\"since\":" + std::to_string(since) + "}\n\n";
            for (const auto& event : page.events) {
                text += "id: " + std::to_string(event.id) + "\nevent: " + event.type +
                        "\ndata: " + event.json + "\n\n";
                since = event.id;
            }
            if (page.gap && page.events.empty()) since = parts.events.newest();
            if (!text.empty()) {
                session.stream.expires_after(limits.write_timeout);
                co_await asio::async_write(session.stream, asio::buffer(text),
                                           redirect_error(use_awaitable, failed));
                session.stream.expires_never();
                if (failed) break;
                text.clear();
                continue;  // more may have come meanwhile
            }
            session.events->expires_after(kHeartbeat);
            co_await session.events->async_wait(redirect_error(use_awaitable, failed));
            if (!failed) text = ": \n\n";
            failed = {};
        }
        session.events.reset();
        co_return false;
    }

    void wake_events() {
        for (auto* session : sessions)
            if (session->events) session->events->cancel();
    }

    // --- The end

    void finish_drain() {
        if (!stopping || !sessions.empty() || !drained) return;
        parts.loop.post(std::exchange(drained, nullptr));
    }
};

Server::Server(Parts parts, config::Api limits, messages::Language language)
    : state_(std::make_shared<State>(parts, limits, language)) {
    state_->subscription =
        parts.events.subscribe([weak = std::weak_ptr<State>(state_), &loop = parts.loop] {
            loop.post([weak] {
                if (const auto state = weak.lock()) state->wake_events();
            });
        });
}

Server::~Server() {
    state_->parts.events.unsubscribe(state_->subscription);
}

Result<> Server::listen(const std::string& path) {
    namespace fs = std::filesystem;
    error_code failed;
    const auto trouble = [&](const char* doing) {
        return fail(Errc::kStorage, std::string(doing) + " " + path + ": " + failed.message(),
                    {{"path", path}});
    };
    const auto folder = fs::path(path).parent_path();
    std::error_code ignored;
    if (!folder.empty() && !fs::exists(folder, ignored)) {
        fs::create_directories(folder, ignored);
        ::chmod(folder.c_str(), S_IRWXU);
    }
    if (path.size() >= sizeof(sockaddr_un::sun_path))
        return fail(Errc::kConfig, "socket path too long: " + path, {{"path", path}});

    // What lies there may be a socket that a killed process left, a living one, or no socket.
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0) {
        if (!S_ISSOCK(status.st_mode))
            return fail(Errc::kConfig, path + " is there and is not a socket", {{"path", path}});
        Protocol::socket probe(state_->parts.loop.context());
        probe.connect(Protocol::endpoint(path), failed);
        if (!failed)
            return fail(Errc::kBusy, "another process listens at " + path, {{"path", path}});
        ::unlink(path.c_str());
    }
    auto& acceptor = state_->acceptor;
    acceptor.open(Protocol(), failed);
    if (failed) return trouble("socket");
    // The socket must not be open to others even for the moment between bind and chmod.
    const mode_t before = ::umask(S_IRWXG | S_IRWXO);
    acceptor.bind(Protocol::endpoint(path), failed);
    ::umask(before);
    if (failed) return trouble("bind");
    ::chmod(path.c_str(), S_IRUSR | S_IWUSR);
    acceptor.listen(Protocol::acceptor::max_listen_connections, failed);
    if (failed) return trouble("listen");
    state_->path = path;
    asio::co_spawn(state_->parts.loop.context(), state_->accept_all(), asio::detached);
    return {};
}

void Server::drain(std::function<void()> done) {
    auto& s = *state_;
    s.stopping = true;
    s.drained = std::move(done);
    error_code ignored;
    s.acceptor.close(ignored);
    if (!s.path.empty()) ::unlink(s.path.c_str());
    for (auto* session : s.sessions) {
        if (session->events)
            session->events->cancel();
        else if (!session->busy)
            session->stream.cancel();
    }
    s.finish_drain();
}

std::size_t Server::connections() const {
    return state_->sessions.size();
}

}  // namespace kontor::api
