#include "tests/connectors/host/tls_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <stdexcept>

#include "tests/connectors/host/h2_session.hpp"

namespace kontor::host::test {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Cert = std::unique_ptr<X509, decltype(&X509_free)>;

void extend(X509* cert, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
    auto* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    if (!extension) throw std::runtime_error("certificate extension");
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
}

Cert make_certificate(const char* name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                      const char* alternative, bool expired) {
    Cert cert(X509_new(), &X509_free);
    X509_set_version(cert.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), issuer ? 2 : 1);
    X509_gmtime_adj(X509_getm_notBefore(cert.get()), -3 * 86'400);
    X509_gmtime_adj(X509_getm_notAfter(cert.get()), expired ? -86'400 : 30 * 86'400);
    X509_set_pubkey(cert.get(), key);
    auto* subject = X509_get_subject_name(cert.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(cert.get(), issuer ? X509_get_subject_name(issuer) : subject);
    X509* signer = issuer ? issuer : cert.get();
    if (!issuer) {
        extend(cert.get(), signer, NID_basic_constraints, "critical,CA:TRUE");
        extend(cert.get(), signer, NID_key_usage, "critical,keyCertSign");
    }
    extend(cert.get(), signer, NID_subject_key_identifier, "hash");
    if (alternative) extend(cert.get(), signer, NID_subject_alt_name, alternative);
    X509_sign(cert.get(), issuer_key, EVP_sha256());
    return cert;
}

int choose_http2(SSL*, const unsigned char** out, unsigned char* out_size,
                 const unsigned char* offered, unsigned offered_size, void*) {
    static constexpr unsigned char kOurs[] = "\x02h2";
    return SSL_select_next_proto(const_cast<unsigned char**>(out), out_size, kOurs, 3, offered,
                                 offered_size) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

bool speaks_http2(SSL* ssl) {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &name, &size);
    return size == 2 && name[0] == 'h' && name[1] == '2';
}

}  // namespace

struct TlsServer::Tls {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    ~Tls() { SSL_CTX_free(context); }
};

ServerReply reply(int status, const std::string& body, const std::vector<std::string>& headers) {
    ServerReply out;
    out.bytes = "HTTP/1.1 " + std::to_string(status) + " Text\r\n";
    for (const auto& header : headers) out.bytes += header + "\r\n";
    out.bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    return out;
}

std::string gzip(const std::string& text) {
    z_stream stream{};
    if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::runtime_error("zlib");
    std::string out(deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

TlsServer::TlsServer(const std::string& folder, Handler handler, Certificate certificate,
                     Protocol protocol)
    : handler_(std::move(handler)), protocol_(protocol), ca_file_(folder + "/ca.pem") {
    const Key ca_key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const auto ca =
        make_certificate("Throw-away CA", ca_key.get(), nullptr, ca_key.get(), nullptr, false);
    const bool other = certificate == Certificate::kOtherHost;
    const auto cert = make_certificate("peer", key.get(), ca.get(), ca_key.get(),
                                       other ? "DNS:elsewhere.example" : "IP:127.0.0.1",
                                       certificate == Certificate::kExpired);
    std::FILE* file = std::fopen(ca_file_.c_str(), "w");
    if (!file) throw std::runtime_error("ca file");
    PEM_write_X509(file, ca.get());
    std::fclose(file);
    tls_ = std::make_unique<Tls>();
    SSL_CTX_use_certificate(tls_->context, cert.get());
    SSL_CTX_use_PrivateKey(tls_->context, key.get());
    if (protocol_ == Protocol::kHttp2)
        SSL_CTX_set_alpn_select_cb(tls_->context, choose_http2, nullptr);

    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that the client may have closed
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("listen");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

TlsServer::~TlsServer() {
    stop_ = true;
    acceptor_.join();
    for (auto& thread : threads_) thread.join();
    ::close(listener_);
}

std::string TlsServer::url(const std::string& target) const {
    return (protocol_ == Protocol::kPlain ? "http://127.0.0.1:" : "https://127.0.0.1:") +
           std::to_string(port_) + target;
}

void TlsServer::accept_all() {
    while (!stop_) {
        pollfd poll{listener_, POLLIN, 0};
        if (::poll(&poll, 1, 20) <= 0) continue;
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        const int number = ++connections_;
        threads_.emplace_back([this, fd, number] { serve(fd, number); });
    }
}

void TlsServer::serve(int fd, int number) {
    const timeval slice{0, 20'000};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof slice);
    SSL* ssl = protocol_ == Protocol::kPlain ? nullptr : SSL_new(tls_->context);
    const auto again = [&](int got) {
        return ssl ? SSL_get_error(ssl, got) == SSL_ERROR_WANT_READ : errno == EAGAIN;
    };
    bool alive = true;
    if (ssl) {
        SSL_set_fd(ssl, fd);
        int done = 0;
        while ((done = SSL_accept(ssl)) != 1 && again(done) && !stop_) {
        }
        alive = done == 1;
        if (alive && speaks_http2(ssl)) {
            serve_http2(ssl, number);
            alive = false;
        }
    }
    std::string in;
    const auto read_more = [&] {
        char buffer[8192];
        while (!stop_) {
            const int got = ssl ? SSL_read(ssl, buffer, sizeof buffer)
                                : static_cast<int>(::recv(fd, buffer, sizeof buffer, 0));
            if (got > 0) {
                in.append(buffer, static_cast<std::size_t>(got));
                return true;
            }
            if (got == 0 || !again(got)) return false;
        }
        return false;
    };
    const auto send_all = [&](const char* data, std::size_t size) {
        while (size > 0 && !stop_) {
            const int sent = ssl ? SSL_write(ssl, data, static_cast<int>(size))
                                 : static_cast<int>(::send(fd, data, size, MSG_NOSIGNAL));
            if (sent <= 0) return false;
            data += sent;
            size -= static_cast<std::size_t>(sent);
        }
        return true;
    };
    while (alive && !stop_) {
        std::size_t end = 0;
        while ((end = in.find("\r\n\r\n")) == std::string::npos && (alive = read_more())) {
        }
        if (!alive) break;
        ServerRequest request;
        request.connection = number;
        std::string head = in.substr(0, end + 2);
        in.erase(0, end + 4);
        const auto line = head.find("\r\n");
        const auto space = head.find(' ');
        request.method = head.substr(0, space);
        request.target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
        for (std::size_t at = line + 2; at < head.size();) {
            const auto stop = head.find("\r\n", at);
            const auto colon = head.find(':', at);
            std::string name = head.substr(at, colon - at);
            std::transform(name.begin(), name.end(), name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
            request.headers[name] = head.substr(colon + 2, stop - colon - 2);
            at = stop + 2;
        }
        const auto length = request.headers.count("content-length")
                                ? std::stoul(request.headers["content-length"])
                                : 0;
        while (in.size() < length && (alive = read_more())) {
        }
        if (!alive) break;
        request.body = in.substr(0, length);
        in.erase(0, length);
        ServerReply out;
        {
            const std::lock_guard lock(mutex_);
            out = handler_(request);
        }
        if (out.hang) {
            while (!stop_) std::this_thread::sleep_for(std::chrono::milliseconds(5));
            break;
        }
        if (out.pause_between_bytes_ms > 0) {
            for (std::size_t i = 0; i < out.bytes.size() && !stop_; ++i) {
                if (!send_all(&out.bytes[i], 1)) break;
                std::this_thread::sleep_for(std::chrono::milliseconds(out.pause_between_bytes_ms));
            }
        } else if (!send_all(out.bytes.data(), out.bytes.size())) {
            break;
        }
        if (out.close) break;
    }
    if (ssl) SSL_free(ssl);
    ::close(fd);
}

void TlsServer::serve_http2(void* opaque, int number) {
    auto* ssl = static_cast<SSL*>(opaque);
    H2Session session(
        [this](const ServerRequest& request) {
            const std::lock_guard lock(mutex_);
            return handler_(request);
        },
        number);
    char buffer[8192];
    while (!stop_ && !session.ended()) {
        const std::string out = session.output();
        if (!out.empty() && SSL_write(ssl, out.data(), static_cast<int>(out.size())) <= 0) return;
        const int got = SSL_read(ssl, buffer, sizeof buffer);
        if (got > 0) {
            if (!session.feed({buffer, static_cast<std::size_t>(got)})) return;
        } else if (SSL_get_error(ssl, got) != SSL_ERROR_WANT_READ) {
            return;
        }
    }
}

}  // namespace kontor::host::test
