#include "connectors/host/socket_stream.hpp"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "connectors/host/curl_client.hpp"
#include "connectors/host/proxy_answer.hpp"
#include "connectors/host/trust.hpp"

namespace kontor::host {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;  // of real sockets, which know no other

constexpr auto kGlance = 200ms;          // how often a wait looks whether it is cancelled
constexpr auto kWriteTimeout = 60s;      // in which the other side takes some bytes
constexpr auto kHandshakeTimeout = 20s;  // of TLS

using Curl = std::unique_ptr<CURL, decltype([](CURL* c) { curl_easy_cleanup(c); })>;
using Context = std::unique_ptr<SSL_CTX, decltype([](SSL_CTX* c) { SSL_CTX_free(c); })>;
using Session = std::unique_ptr<SSL, decltype([](SSL* s) { SSL_free(s); })>;

std::string without_brackets(const std::string& host) {
    return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

class SocketStream final : public ByteStream {
public:
    SocketStream(Curl connection, int fd, std::string authorities, std::shared_ptr<KeptTrust> trust,
                 std::string address, std::function<bool()> cancelled)
        : connection_(std::move(connection)),
          fd_(fd),
          authorities_(std::move(authorities)),
          trust_(std::move(trust)),
          address_(std::move(address)),
          cancelled_(std::move(cancelled)) {}

    ~SocketStream() override {
        if (session_ && !broken_) SSL_shutdown(session_.get());
    }

    Result<std::size_t> read(char* to, std::size_t size,
                             std::chrono::milliseconds timeout) override {
        if (session_) return read_tls(to, size, timeout);
        const auto until = SteadyClock::now() + timeout;
        while (true) {
            const ssize_t n = ::recv(fd_, to, size, MSG_DONTWAIT);
            if (n >= 0) return static_cast<std::size_t>(n);
            if (errno == EINTR) continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK) return cut();
            if (auto ready = wait(POLLIN, until); !ready) return pass(ready);
        }
    }

    Result<> write(std::string_view bytes) override {
        while (!bytes.empty()) {
            const auto until = SteadyClock::now() + kWriteTimeout;
            auto sent = session_ ? write_tls(bytes, until) : write_plain(bytes, until);
            if (!sent) return pass(sent);
            bytes.remove_prefix(*sent);
        }
        return {};
    }

    Result<> start_tls(const std::string& host) override {
        const auto trust = trust_ ? trust_->in(authorities_) : trust_in(authorities_);
        context_.reset(SSL_CTX_new(TLS_client_method()));
        if (!trust || !context_) return fail(Errc::kInternal, "TLS cannot start");
        SSL_CTX_set1_cert_store(context_.get(), trust.get());
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
        SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
        SSL_CTX_set_cipher_list(context_.get(), kTls12Ciphers);
        SSL_CTX_set_mode(context_.get(),
                         SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        session_.reset(SSL_new(context_.get()));
        if (!session_ || SSL_set_fd(session_.get(), fd_) != 1 || !expect_host(host))
            return fail(Errc::kInternal, "TLS cannot start");
        const auto until = SteadyClock::now() + kHandshakeTimeout;
        while (true) {
            const int done = SSL_connect(session_.get());
            if (done == 1) return {};
            if (auto ready = wait_for_tls(done, until); !ready) {
                broken_ = true;
                return pass(ready);
            }
        }
    }

    std::string end_point_hash() const override {
        if (!session_) return {};
        X509* const certificate = SSL_get0_peer_certificate(session_.get());
        int digest = NID_undef;
        if (!certificate ||
            OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &digest, nullptr) != 1)
            return {};
        // RFC 5929, section 4.1: these two are too weak.
        if (digest == NID_md5 || digest == NID_sha1) digest = NID_sha256;
        const EVP_MD* const kind = EVP_get_digestbynid(digest);
        std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
        unsigned size = 0;
        if (!kind || X509_digest(certificate, kind, hash.data(), &size) != 1) return {};
        return {reinterpret_cast<const char*>(hash.data()), size};
    }

private:
    [[nodiscard]] tl::unexpected<Error> cut() {
        broken_ = true;
        return fail(Errc::kUnavailable, address_ + ": the connection is cut",
                    {{"host", address_}, {"reason", "net_cut"}});
    }

    Result<> wait(short events, SteadyClock::time_point until) {
        while (true) {
            if (cancelled_ && cancelled_()) return fail(Errc::kCancelled, "cancelled");
            const auto now = SteadyClock::now();
            if (now >= until)
                return fail(Errc::kTimeout, address_ + ": no answer in time",
                            {{"host", address_}, {"reason", "net_time"}});
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
            pollfd one{fd_, events, 0};
            const int ready = ::poll(&one, 1, static_cast<int>(std::min(left, kGlance).count()));
            if (ready > 0) return {};
            if (ready < 0 && errno != EINTR) return cut();
        }
    }

    // Whoever the certificate must be made out to.
    bool expect_host(const std::string& host) {
        const auto name = without_brackets(host);
        auto* const wanted = SSL_get0_param(session_.get());
        if (X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1) return true;
        SSL_set_hostflags(session_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        return SSL_set1_host(session_.get(), name.c_str()) == 1 &&
               SSL_set_tlsext_host_name(session_.get(), name.c_str()) == 1;
    }

    // After a call that did not get through: waits for what it needs.
    Result<> wait_for_tls(int returned, SteadyClock::time_point until) {
        switch (SSL_get_error(session_.get(), returned)) {
            case SSL_ERROR_WANT_READ:
                return wait(POLLIN, until);
            case SSL_ERROR_WANT_WRITE:
                return wait(POLLOUT, until);
            case SSL_ERROR_SSL:
                break;
            default:
                return cut();
        }
        broken_ = true;
        const auto verified = SSL_get_verify_result(session_.get());
        const std::string why = verified != X509_V_OK
                                    ? X509_verify_cert_error_string(verified)
                                    : "the server does not keep to the protocol of TLS";
        return fail(Errc::kTls, address_ + ": " + why, {{"host", address_}, {"reason", why}});
    }

    Result<std::size_t> read_tls(char* to, std::size_t size, std::chrono::milliseconds timeout) {
        const auto until = SteadyClock::now() + timeout;
        while (true) {
            std::size_t got = 0;
            const int done = SSL_read_ex(session_.get(), to, size, &got);
            if (done == 1) return got;
            if (SSL_get_error(session_.get(), done) == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
            if (auto ready = wait_for_tls(done, until); !ready) return pass(ready);
        }
    }

    Result<std::size_t> write_tls(std::string_view bytes, SteadyClock::time_point until) {
        while (true) {
            std::size_t sent = 0;
            const int done = SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &sent);
            if (done == 1) return sent;
            if (auto ready = wait_for_tls(done, until); !ready) return pass(ready);
        }
    }

    Result<std::size_t> write_plain(std::string_view bytes, SteadyClock::time_point until) {
        while (true) {
            const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (n >= 0) return static_cast<std::size_t>(n);
            if (errno == EINTR) continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK) return cut();
            if (auto ready = wait(POLLOUT, until); !ready) return pass(ready);
        }
    }

    Curl connection_;  // owns the socket
    int fd_;
    std::string authorities_;
    std::shared_ptr<KeptTrust> trust_;
    std::string address_;
    std::function<bool()> cancelled_;
    Context context_;
    Session session_;
    bool broken_ = false;
};

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    const auto& cancelled = *static_cast<const std::function<bool()>*>(user);
    return cancelled && cancelled() ? 1 : 0;
}

Result<> set_up_proxy(CURL* curl, const SocketOptions& options) {
    // An empty text also overrides what the environment says.
    curl_easy_setopt(curl, CURLOPT_PROXY, options.proxy.c_str());
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
    if (options.proxy.empty()) return {};
    curl_easy_setopt(curl, CURLOPT_HTTPPROXYTUNNEL, 1L);
    if (options.proxy_credentials.empty()) return {};
    const auto pair = options.proxy_credentials.reveal();
    const auto colon = std::min(pair.find(':'), pair.size());
    std::string user(pair.substr(0, colon));
    std::string password(pair.substr(std::min(colon + 1, pair.size())));
    const bool done = curl_easy_setopt(curl, CURLOPT_PROXYUSERNAME, user.c_str()) == CURLE_OK &&
                      curl_easy_setopt(curl, CURLOPT_PROXYPASSWORD, password.c_str()) == CURLE_OK;
    wipe(user);
    wipe(password);
    if (!done) return fail(Errc::kInternal, "libcurl fails");
    return {};
}

tl::unexpected<Error> not_connected(CURLcode code, const std::string& address) {
    switch (code) {
        case CURLE_ABORTED_BY_CALLBACK:
            return fail(Errc::kCancelled, "cancelled");
        case CURLE_OPERATION_TIMEDOUT:
            return fail(Errc::kTimeout, address + ": no answer in time",
                        {{"host", address}, {"reason", "net_time"}});
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
            return fail(Errc::kUnavailable, address + ": the name is not known",
                        {{"host", address}, {"reason", "net_resolve"}});
        default:
            return fail(Errc::kUnavailable, address + ": cannot be reached",
                        {{"host", address}, {"reason", "net_connect"}});
    }
}

}  // namespace

Result<std::unique_ptr<ByteStream>> connect_socket(const std::string& host, int port,
                                                   const SocketOptions& options,
                                                   std::function<bool()> cancelled) {
    const auto address = host + ":" + std::to_string(port);
    auto authorities = read_authorities(options.ca_bundle, options.extra_ca_file);
    if (!authorities) return pass(authorities);
    Curl curl(start_curl() ? curl_easy_init() : nullptr);
    if (!curl) return fail(Errc::kInternal, "libcurl cannot start");
    const auto url = "http://" + address;  // nothing is ever sent by libcurl but to a proxy
    curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(options.connect_timeout.count()));
    curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, &on_progress);
    curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, &cancelled);
    if (auto set = set_up_proxy(curl.get(), options); !set) return pass(set);
    if (const auto code = curl_easy_perform(curl.get()); code != CURLE_OK) {
        if (auto refused = refused_by_proxy(curl.get(), options.proxy, address))
            return tl::unexpected(std::move(*refused));
        return not_connected(code, address);
    }
    curl_socket_t fd = CURL_SOCKET_BAD;
    if (curl_easy_getinfo(curl.get(), CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
        fd == CURL_SOCKET_BAD)
        return fail(Errc::kInternal, "libcurl fails");
    curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, nullptr);
    curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 1L);
    return std::unique_ptr<ByteStream>(new SocketStream(std::move(curl), fd,
                                                        std::move(*authorities), options.trust,
                                                        address, std::move(cancelled)));
}

}  // namespace kontor::host
