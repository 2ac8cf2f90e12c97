#include "connectors/host/curl_client.hpp"

#include <curl/curl.h>
#include <openssl/ssl.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>

#include "connectors/host/curl_transfer.hpp"
#include "connectors/host/proxy_answer.hpp"
#include "connectors/host/trust.hpp"
#include "connectors/host/url.hpp"

namespace kontor::host {

// libcurl would write TLS session keys to the file that this variable names.
bool start_curl() {
    static std::once_flag once;
    static bool started = false;
    std::call_once(once, [] {
        ::unsetenv("SSLKEYLOGFILE");
        started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    });
    return started;
}

namespace {

constexpr long kIdleConnectionsMax = 8;
constexpr long kSpoolPieceBytes = 256L << 10;  // that libcurl hands over at once

std::string size_text(std::size_t bytes) {
    constexpr std::size_t kMiB = std::size_t{1} << 20;
    return bytes % kMiB == 0 && bytes > 0 ? std::to_string(bytes / kMiB) + " MiB"
                                          : std::to_string(bytes) + " bytes";
}

Errc errc_of_curl(CURLcode code) {
    switch (code) {
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
            return Errc::kTls;
        case CURLE_OPERATION_TIMEDOUT:
            return Errc::kTimeout;
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
            return Errc::kInvalid;
        case CURLE_FILESIZE_EXCEEDED:
        case CURLE_BAD_CONTENT_ENCODING:
        case CURLE_WEIRD_SERVER_REPLY:
            return Errc::kProtocol;
        case CURLE_OUT_OF_MEMORY:
        case CURLE_FAILED_INIT:
        case CURLE_BAD_FUNCTION_ARGUMENT:
            return Errc::kInternal;
        default:
            return Errc::kUnavailable;
    }
}

// Which text a person reads of it; "" if there is none but the code's own.
const char* text_of_curl(CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
            return "net_resolve";
        case CURLE_COULDNT_CONNECT:
        case CURLE_PROXY:
            return "net_connect";
        case CURLE_OPERATION_TIMEDOUT:
            return "net_time";
        case CURLE_GOT_NOTHING:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_PARTIAL_FILE:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
            return "net_cut";
        default:
            return "";
    }
}

bool failed_before_sending(CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_CONNECT:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PROXY:
        case CURLE_URL_MALFORMAT:
            return true;
        default:
            return false;
    }
}

}  // namespace

// What all exchanges of one client share.
struct CurlHttpClient::Handles {
    CurlOptions options;
    std::string authorities;  // PEM; until the first connection
    TrustStore trust;         // from then on
    std::string proxy_user, proxy_password;
    std::stop_token stop;
    CURLM* multi = nullptr;

    ~Handles() {
        if (multi) curl_multi_cleanup(multi);
        wipe(proxy_user);
        wipe(proxy_password);
    }

    // Given to libcurl as text, the authorities would be copied and compared at each request and
    // parsed for each connection.
    static CURLcode set_up_trust(CURL*, void* context, void* handles) noexcept {
        auto& self = *static_cast<Handles*>(handles);
        try {
            if (!self.trust)
                self.trust = self.options.trust ? self.options.trust->in(self.authorities)
                                                : trust_in(self.authorities);
        } catch (const std::exception&) {  // nothing is thrown through libcurl
            return CURLE_OUT_OF_MEMORY;
        }
        if (!self.trust) return CURLE_SSL_CACERT_BADFILE;
        self.authorities = {};
        SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(context), self.trust.get());
        return CURLE_OK;
    }

    // Moves all exchanges on as far as they go without waiting. False if libcurl fails.
    bool drive() const;
};

// One request under way on a handle of its own. The settings, the request's body and what the
// handle points to live as long as this does.
class CurlHttpClient::CurlExchange final : public Exchange {
public:
    explicit CurlExchange(std::shared_ptr<Handles> handles) : handles_(std::move(handles)) {}
    ~CurlExchange() override {
        if (added_) curl_multi_remove_handle(handles_->multi, easy_);
        if (easy_) curl_easy_cleanup(easy_);
    }

    Result<> start(const HttpRequest& request) {
        if (auto done = prepare(request); !done) return done;
        set_up_tls();
        set_up_network();
        set_up_request(request);
        added_ = curl_multi_add_handle(handles_->multi, easy_) == CURLM_OK;
        if (!added_ || !handles_->drive()) return fail(Errc::kInternal, "libcurl fails");
        return {};
    }

    bool arrived() override {
        if (!code_ && !handles_->stop.stop_requested() && !handles_->drive())
            code_ = CURLE_FAILED_INIT;
        return code_ || handles_->stop.stop_requested();
    }

    Result<HttpResponse> finish() override {
        // A stop request from another thread wakes the poll at once.
        const std::stop_callback wake(handles_->stop,
                                      [this] { curl_multi_wakeup(handles_->multi); });
        while (!arrived()) curl_multi_poll(handles_->multi, nullptr, 0, 1000, nullptr);
        if (!code_) return fail(Errc::kCancelled, "cancelled");
        if (*code_ != CURLE_OK) return explain(*code_);
        long status = 0;
        curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
        transfer_.response.status = static_cast<int>(status);
        if (!surely_whole())
            return fail(Errc::kUnavailable,
                        origin_ + ": the answer has no length and may be cut off",
                        {{"host", origin_}});
        return std::move(transfer_.response);
    }

    void ended(CURLcode code) { code_ = code; }

private:
    Result<> prepare(const HttpRequest& request) {
        easy_ = curl_easy_init();
        if (!easy_) return fail(Errc::kInternal, "libcurl cannot start");
        origin_ = origin_of(request.url);
        method_ = request.method;
        bool sound = true;
        for (const auto& header : request.headers) sound &= headers_.add(header.name, header.value);
        for (const auto& header : request.secret_headers)
            sound &= headers_.add(header.name, header.value.reveal());
        std::string no_expect = "Expect:";  // no waiting for a 100 that many servers never send
        sound &= headers_.add_line(no_expect);
        if (!sound) return fail(Errc::kInvalid, "malformed HTTP header");
        transfer_.max_body = request.max_body;
        if (!request.spool) return {};
        auto spool = SpoolFile::create(handles_->options.spool_folder);
        if (!spool) return pass(spool);
        transfer_.response.spool = std::move(*spool);
        return {};
    }

    template <class T>
    void set(CURLoption option, T value) {
        curl_easy_setopt(easy_, option, value);
    }

    void set_up_tls() {
        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        set(CURLOPT_SSL_CIPHER_LIST, kTls12Ciphers);
        // Also of a proxy.
        set(CURLOPT_SSL_CTX_FUNCTION, &Handles::set_up_trust);
        set(CURLOPT_SSL_CTX_DATA, handles_.get());
        for (const CURLoption compiled_in :
             {CURLOPT_CAINFO, CURLOPT_CAPATH, CURLOPT_PROXY_CAINFO, CURLOPT_PROXY_CAPATH})
            set(compiled_in, static_cast<char*>(nullptr));
        set(CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
        set(CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
        set(CURLOPT_PROXY_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    }

    void set_up_network() {
        const auto& options = handles_->options;
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_PROTOCOLS_STR, options.allow_http_loopback ? "https,http" : "https");
        set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
        set(CURLOPT_PROXY, options.proxy.c_str());  // "" also overrides the environment
        set(CURLOPT_NOPROXY, "");
        if (!handles_->proxy_user.empty()) {
            set(CURLOPT_PROXYUSERNAME, handles_->proxy_user.c_str());
            set(CURLOPT_PROXYPASSWORD, handles_->proxy_password.c_str());
        }
        set(CURLOPT_HTTP_VERSION,
            static_cast<long>(options.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
        set(CURLOPT_TCP_KEEPALIVE, 1L);
        set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
        set(CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(options.low_speed_bytes));
        set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.low_speed_time.count()));
    }

    void set_up_request(const HttpRequest& request) {
        set(CURLOPT_PRIVATE, this);
        set(CURLOPT_ERRORBUFFER, detail_.data());
        set(CURLOPT_URL, request.url.c_str());
        set(CURLOPT_HTTPHEADER, headers_.get());
        set(CURLOPT_USERAGENT, handles_->options.user_agent.c_str());
        set(CURLOPT_ACCEPT_ENCODING, "");  // all that this libcurl can undo
        set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
        if (request.method == "HEAD") {
            set(CURLOPT_NOBODY, 1L);
        } else if (request.method != "GET" || !request.body.empty()) {
            set(CURLOPT_POST, 1L);
            set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
            set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
            set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
        }
        if (request.spool) set(CURLOPT_BUFFERSIZE, kSpoolPieceBytes);
        set(CURLOPT_WRITEFUNCTION, &on_body);
        set(CURLOPT_WRITEDATA, &transfer_);
        set(CURLOPT_HEADERFUNCTION, &on_header);
        set(CURLOPT_HEADERDATA, &transfer_);
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    }

    // False if only the end of the connection ended the answer. libcurl does not tell a TLS goodbye
    // from a cut there, and a bulk file cut in half must not look whole.
    [[nodiscard]] bool surely_whole() const {
        const auto& answer = transfer_.response;
        long version = 0;
        curl_easy_getinfo(easy_, CURLINFO_HTTP_VERSION, &version);
        return version >= CURL_HTTP_VERSION_2_0 || method_ == "HEAD" || answer.status == 204 ||
               answer.status == 304 || answer.headers.contains("content-length") ||
               answer.header("transfer-encoding").find("chunked") != std::string_view::npos;
    }

    [[nodiscard]] tl::unexpected<Error> explain(CURLcode code) const {
        if (transfer_.spool_error) return tl::unexpected(*transfer_.spool_error);
        if (transfer_.body_too_large)
            return fail(Errc::kProtocol,
                        "the answer is larger than " + size_text(transfer_.max_body));
        if (transfer_.headers_too_large)
            return fail(Errc::kProtocol, "the answer's headers are too large");
        const auto& options = handles_->options;
        if (auto refused = refused_by_proxy(easy_, options.proxy, origin_))
            return tl::unexpected(std::move(*refused));
        const std::string reason = detail_[0] != 0 ? detail_.data() : curl_easy_strerror(code);
        Error error{errc_of_curl(code), origin_ + ": " + reason, {{"host", origin_}}, {}};
        if (const std::string text = text_of_curl(code); !text.empty()) error.args["reason"] = text;
        if (error.code == Errc::kTls) {
            error.args["reason"] = reason;
            error.args["ca_file"] =
                options.extra_ca_file.empty() ? options.ca_bundle : options.extra_ca_file;
        }
        long sent = 0;
        curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &sent);
        if (failed_before_sending(code) || (code == CURLE_OPERATION_TIMEDOUT && sent == 0))
            error.args[kSentArg] = "no";
        return tl::unexpected(std::move(error));
    }

    const std::shared_ptr<Handles> handles_;
    CURL* easy_ = nullptr;
    bool added_ = false;
    std::string origin_, method_;
    HeaderLines headers_;
    Transfer transfer_;
    std::array<char, CURL_ERROR_SIZE> detail_{};
    std::optional<CURLcode> code_;  // once it has ended
};

bool CurlHttpClient::Handles::drive() const {
    int running = 0;
    if (curl_multi_perform(multi, &running) != CURLM_OK) return false;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        CurlExchange* exchange = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        exchange->ended(message->data.result);
    }
    return true;
}

CurlHttpClient::CurlHttpClient(std::shared_ptr<Handles> handles) : handles_(std::move(handles)) {}
CurlHttpClient::~CurlHttpClient() = default;

Result<std::unique_ptr<HttpClient>> CurlHttpClient::create(CurlOptions options,
                                                           std::stop_token stop) {
    if (!start_curl()) return fail(Errc::kInternal, "libcurl cannot start");
    auto handles = std::make_shared<Handles>();
    handles->options = std::move(options);
    handles->stop = std::move(stop);
    const auto credentials = handles->options.proxy_credentials.reveal();
    handles->proxy_user = credentials.substr(0, credentials.find(':'));
    if (handles->proxy_user.size() < credentials.size())
        handles->proxy_password = credentials.substr(handles->proxy_user.size() + 1);
    auto authorities = read_authorities(handles->options.ca_bundle, handles->options.extra_ca_file);
    if (!authorities) return pass(authorities);
    handles->authorities = std::move(*authorities);
    handles->multi = curl_multi_init();
    if (!handles->multi) return fail(Errc::kInternal, "libcurl cannot start");
    curl_multi_setopt(handles->multi, CURLMOPT_MAXCONNECTS, kIdleConnectionsMax);
    return std::unique_ptr<HttpClient>(new CurlHttpClient(std::move(handles)));
}

Result<std::unique_ptr<Exchange>> CurlHttpClient::begin(const HttpRequest& request) {
    if (handles_->stop.stop_requested()) return fail(Errc::kCancelled, "cancelled");
    auto url = Url::parse(request.url);
    if (!url) return pass(url);
    if (url->scheme != "https" &&
        !(url->scheme == "http" && url->is_loopback() && handles_->options.allow_http_loopback))
        return fail(Errc::kInvalid, "only https is allowed, not " + url->origin());
    if (!is_token(request.method)) return fail(Errc::kInvalid, "malformed HTTP method");
    auto exchange = std::make_unique<CurlExchange>(handles_);
    if (auto started = exchange->start(request); !started) return pass(started);
    return std::unique_ptr<Exchange>(std::move(exchange));
}

Result<HttpResponse> CurlHttpClient::send(const HttpRequest& request) {
    auto exchange = begin(request);
    if (!exchange) return pass(exchange);
    return (*exchange)->finish();
}

}  // namespace kontor::host
