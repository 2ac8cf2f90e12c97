#include "daemon/cli/redirect.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <system_error>

#include "daemon/api/http.hpp"

namespace kontor::cli {
namespace {

constexpr std::size_t kHeadMax = 16 * 1024;
constexpr timeval kPatience{3, 0};

struct Loopback {
    std::string before;  ///< http://localhost
    std::uint16_t port = 0;
    std::string path;
};

std::optional<Loopback> loopback_of(std::string_view uri) {
    Loopback out;
    for (const std::string_view begin : {"http://localhost:", "http://127.0.0.1:"}) {
        if (!uri.starts_with(begin)) continue;
        out.before = begin.substr(0, begin.size() - 1);
        uri.remove_prefix(begin.size());
        const auto slash = std::min(uri.find('/'), uri.size());
        const auto [end, failed] = std::from_chars(uri.data(), uri.data() + slash, out.port);
        if (slash == 0 || failed != std::errc() || end != uri.data() + slash) return std::nullopt;
        out.path = uri.substr(slash);
        if (out.path.find_first_of("?#") != std::string::npos) return std::nullopt;
        return out;
    }
    return std::nullopt;
}

// The request's target, read up to the end of its head; "" if it is no GET.
std::string read_target(int fd) {
    std::string head;
    char piece[4096];
    while (head.find("\r\n\r\n") == std::string::npos && head.size() < kHeadMax) {
        const auto got = ::recv(fd, piece, sizeof piece, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return "";
        head.append(piece, static_cast<std::size_t>(got));
    }
    const auto line = std::string_view(head).substr(0, head.find("\r\n"));
    constexpr std::string_view kGet = "GET ";
    if (!line.starts_with(kGet)) return "";
    const auto rest = line.substr(kGet.size());
    return std::string(rest.substr(0, rest.find(' ')));
}

void reply(int fd, const char* status, const std::string& body) {
    const auto text = std::string("HTTP/1.1 ") + status +
                      "\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n"
                      "Referrer-Policy: no-referrer\r\nConnection: close\r\nContent-Length: " +
                      std::to_string(body.size()) + "\r\n\r\n" + body;
    for (std::size_t at = 0; at < text.size();) {
        const auto sent = ::send(fd, text.data() + at, text.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) return;
        at += static_cast<std::size_t>(sent);
    }
}

Error socket_error(const std::string& uri) {
    const bool taken = errno == EADDRINUSE || errno == EACCES;
    return Error{taken ? Errc::kBusy : Errc::kStorage,
                 uri + ": " + std::generic_category().message(errno),
                 {{"uri", uri}},
                 {}};
}

}  // namespace

std::optional<Redirect> parse_redirect(std::string_view address) {
    while (!address.empty() && (address.back() == ' ' || address.back() == '\r'))
        address.remove_suffix(1);
    while (!address.empty() && address.front() == ' ') address.remove_prefix(1);
    if (const auto scheme = address.find("://"); scheme < address.find_first_of("/?")) {
        address.remove_prefix(scheme + 3);
        address.remove_prefix(std::min(address.find_first_of("/?"), address.size()));
    }
    std::string target(address.substr(0, address.find('#')));
    if (target.starts_with('?')) target.insert(0, "/");
    api::ApiRequest request;
    if (!api::parse_target(target, request)) return std::nullopt;
    Redirect out{.code = request.get("code"),
                 .state = request.get("state"),
                 .accounts_server = request.get("accounts-server"),
                 .error = request.get("error")};
    if (out.code.empty() && out.error.empty()) return std::nullopt;
    return out;
}

bool RedirectListener::can_listen(std::string_view uri) {
    return loopback_of(uri).has_value();
}

Result<RedirectListener> RedirectListener::open(const std::string& uri) {
    const auto where = loopback_of(uri);
    if (!where)
        return fail(Errc::kInvalid, uri + " does not lead to this computer", {{"uri", uri}});
    host::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return tl::unexpected<Error>(socket_error(uri));
    const int yes = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(where->port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
        ::listen(fd.get(), 8) != 0 ||
        ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size) != 0)
        return tl::unexpected<Error>(socket_error(uri));
    return RedirectListener(std::move(fd),
                            where->before + ":" + std::to_string(ntohs(at.sin_port)) + where->path);
}

std::optional<Redirect> RedirectListener::answer(const std::string& state,
                                                 const std::function<std::string(bool)>& page) {
    const host::UniqueFd browser(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!browser) return std::nullopt;
    ::setsockopt(browser.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    ::setsockopt(browser.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    auto came = parse_redirect(read_target(browser.get()));
    // Anybody on this computer can ask here; only the accounts server knows the state.
    if (!came || came->state != state) {
        reply(browser.get(), "404 Not Found", "");
        return std::nullopt;
    }
    reply(browser.get(), "200 OK", page(came->error.empty()));
    return came;
}

}  // namespace kontor::cli
