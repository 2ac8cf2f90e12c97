#include "connectors/host/curl_client.hpp"

#include <curl/curl.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>

#include "connectors/host/atomic_file.hpp"
#include "connectors/host/url.hpp"

namespace kontor::host {
namespace {

constexpr std::size_t kHeaderBytesMax = std::size_t{256} << 10;
constexpr std::size_t kCaBytesMax = std::size_t{8} << 20;
constexpr long kIdleConnectionsMax = 8;
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";  // of TLS 1.2

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

bool is_header_text(std::string_view text) {
    return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
        return std::isalnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) !=
                                      std::string_view::npos;
    });
}

// Header lines for libcurl; those with credentials are wiped before they are freed.
class HeaderLines {
public:
    HeaderLines() = default;
    HeaderLines(const HeaderLines&) = delete;
    HeaderLines& operator=(const HeaderLines&) = delete;
    ~HeaderLines() {
        for (auto* line = first_; line; line = line->next)
            OPENSSL_cleanse(line->data, std::strlen(line->data));
        curl_slist_free_all(first_);
    }
    // False if the name or the value would break out of its line.
    bool add(std::string_view name, std::string_view value) {
        if (!is_token(name) || !is_header_text(value)) return false;
        std::string line(name);
        line.reserve(name.size() + value.size() + 3);
        // libcurl drops a header without a value unless it is written with a semicolon.
        line += value.empty() ? ";" : ": ";
        line += value;
        return add_line(line);
    }
    bool add_line(std::string& line) {
        auto* longer = curl_slist_append(first_, line.c_str());
        wipe(line);
        if (longer) first_ = longer;
        return longer != nullptr;
    }
    [[nodiscard]] curl_slist* get() const { return first_; }

private:
    curl_slist* first_ = nullptr;
};

// What one transfer's callbacks write to.
struct Transfer {
    HttpResponse response;
    std::size_t max_body = 0;
    std::size_t body_bytes = 0;
    std::size_t header_bytes = 0;
    bool body_too_large = false;
    bool headers_too_large = false;
    std::optional<Error> spool_error;
};

std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* user) noexcept {
    auto& transfer = *static_cast<Transfer*>(user);
    if (size > transfer.max_body - transfer.body_bytes) {
        transfer.body_too_large = true;
        return 0;
    }
    transfer.body_bytes += size;
    try {
        if (!transfer.response.spool.valid()) {
            transfer.response.body.append(bytes, size);
        } else if (auto wrote = transfer.response.spool.append({bytes, size}); !wrote) {
            transfer.spool_error = wrote.error();
            return 0;
        }
    } catch (...) {
        return 0;
    }
    return size;
}

std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* user) noexcept {
    auto& transfer = *static_cast<Transfer*>(user);
    transfer.header_bytes += size;
    if (transfer.header_bytes > kHeaderBytesMax) {
        transfer.headers_too_large = true;
        return 0;
    }
    try {
        std::string_view line(bytes, size);
        if (line.starts_with("HTTP/")) {  // a new header block, after a 1xx or a proxy's answer
            transfer.response.headers.clear();
            return size;
        }
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return size;
        std::string name(line.substr(0, colon));
        std::ranges::transform(name, name.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        line.remove_prefix(colon + 1);
        while (!line.empty() && (line.front() == ' ' || line.front() == '\t'))
            line.remove_prefix(1);
        while (!line.empty() && static_cast<unsigned char>(line.back()) <= ' ')
            line.remove_suffix(1);
        transfer.response.headers[std::move(name)] = line;
    } catch (...) {
        return 0;
    }
    return size;
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

struct CurlHttpClient::Handles {
    CurlOptions options;
    std::string authorities;  // PEM
    std::string proxy_user, proxy_password;
    std::stop_token stop;
    CURLM* multi = nullptr;
    CURL* easy = nullptr;

    ~Handles() {
        if (easy) curl_easy_cleanup(easy);
        if (multi) curl_multi_cleanup(multi);
        wipe(proxy_user);
        wipe(proxy_password);
    }

    Result<> read_authorities() {
        for (const auto& file : {options.ca_bundle, options.extra_ca_file}) {
            if (file.empty()) continue;
            auto pem = read_file(file, kCaBytesMax);
            const bool found = pem && *pem;
            // A machine without a system bundle may still reach a server of its own authority.
            if (!found && file == options.ca_bundle && !options.extra_ca_file.empty()) continue;
            if (!found || (*pem)->find("-----BEGIN") == std::string::npos)
                return fail(Errc::kConfig, "no certificates can be read from " + file,
                            {{"path", file}});
            authorities += **pem;
            authorities += '\n';
        }
        if (authorities.empty()) return fail(Errc::kConfig, "no certificate authorities are given");
        return {};
    }

    template <class T>
    void set(CURLoption option, T value) {
        curl_easy_setopt(easy, option, value);
    }

    void set_up_tls() {
        curl_blob blob{authorities.data(), authorities.size(), CURL_BLOB_NOCOPY};
        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        set(CURLOPT_SSL_CIPHER_LIST, kCiphers);
        set(CURLOPT_CAINFO_BLOB, &blob);
        set(CURLOPT_CAPATH, static_cast<char*>(nullptr));  // else the compiled-in folder counts too
        set(CURLOPT_PROXY_CAINFO_BLOB, &blob);
        set(CURLOPT_PROXY_CAPATH, static_cast<char*>(nullptr));
        set(CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
        set(CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
        set(CURLOPT_PROXY_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    }

    void set_up_network() {
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_PROTOCOLS_STR, options.allow_http_loopback ? "https,http" : "https");
        set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
        set(CURLOPT_PROXY, options.proxy.c_str());  // "" also overrides the environment
        set(CURLOPT_NOPROXY, "");
        if (!proxy_user.empty()) {
            set(CURLOPT_PROXYUSERNAME, proxy_user.c_str());
            set(CURLOPT_PROXYPASSWORD, proxy_password.c_str());
        }
        set(CURLOPT_HTTP_VERSION,
            static_cast<long>(options.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
        set(CURLOPT_TCP_KEEPALIVE, 1L);
        set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
        set(CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(options.low_speed_bytes));
        set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.low_speed_time.count()));
    }

    void set_up_request(const HttpRequest& request, const HeaderLines& headers,
                        Transfer& transfer) {
        set(CURLOPT_URL, request.url.c_str());
        set(CURLOPT_HTTPHEADER, headers.get());
        set(CURLOPT_USERAGENT, options.user_agent.c_str());
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
        set(CURLOPT_WRITEFUNCTION, &on_body);
        set(CURLOPT_WRITEDATA, &transfer);
        set(CURLOPT_HEADERFUNCTION, &on_header);
        set(CURLOPT_HEADERDATA, &transfer);
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    }

    // Runs the transfer to its end; nullopt if it was cancelled.
    std::optional<CURLcode> perform() {
        // A stop request from another thread wakes the poll at once.
        const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi); });
        if (curl_multi_add_handle(multi, easy) != CURLM_OK) return CURLE_FAILED_INIT;
        std::optional<CURLcode> result;
        while (!stop.stop_requested()) {
            int running = 0;
            if (curl_multi_perform(multi, &running) != CURLM_OK) {
                result = CURLE_FAILED_INIT;
                break;
            }
            if (running == 0) {
                int left = 0;
                const auto* message = curl_multi_info_read(multi, &left);
                result = message ? message->data.result : CURLE_FAILED_INIT;
                break;
            }
            curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
        }
        curl_multi_remove_handle(multi, easy);
        return result;
    }

    // False if only the end of the connection ended the answer. libcurl does not tell a TLS goodbye
    // from a cut there, and a bulk file cut in half must not look whole.
    bool surely_whole(const HttpRequest& request, const HttpResponse& answer) const {
        long version = 0;
        curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
        return version >= CURL_HTTP_VERSION_2_0 || request.method == "HEAD" ||
               answer.status == 204 || answer.status == 304 ||
               answer.headers.contains("content-length") ||
               answer.header("transfer-encoding").find("chunked") != std::string_view::npos;
    }

    tl::unexpected<Error> explain(CURLcode code, const char* detail, const Transfer& transfer,
                                  const HttpRequest& request) const {
        if (transfer.spool_error) return tl::unexpected(*transfer.spool_error);
        if (transfer.body_too_large)
            return fail(Errc::kProtocol,
                        "the answer is larger than " + std::to_string(request.max_body) + " bytes");
        if (transfer.headers_too_large)
            return fail(Errc::kProtocol, "the answer's headers are too large");
        const std::string host = origin_of(request.url);
        Error error{errc_of_curl(code),
                    host + ": " + (*detail ? detail : curl_easy_strerror(code)),
                    {{"host", host}},
                    {}};
        if (error.code == Errc::kTls) {
            error.args["reason"] = *detail ? detail : curl_easy_strerror(code);
            error.args["ca_file"] =
                options.extra_ca_file.empty() ? options.ca_bundle : options.extra_ca_file;
        }
        long sent = 0;
        curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
        if (failed_before_sending(code) || (code == CURLE_OPERATION_TIMEDOUT && sent == 0))
            error.args[kSentArg] = "no";
        return tl::unexpected(std::move(error));
    }
};

CurlHttpClient::CurlHttpClient(std::unique_ptr<Handles> handles) : handles_(std::move(handles)) {}
CurlHttpClient::~CurlHttpClient() = default;

Result<std::unique_ptr<HttpClient>> CurlHttpClient::create(CurlOptions options,
                                                           std::stop_token stop) {
    if (!start_curl()) return fail(Errc::kInternal, "libcurl cannot start");
    auto handles = std::make_unique<Handles>();
    handles->options = std::move(options);
    handles->stop = std::move(stop);
    const auto credentials = handles->options.proxy_credentials.reveal();
    handles->proxy_user = credentials.substr(0, credentials.find(':'));
    if (handles->proxy_user.size() < credentials.size())
        handles->proxy_password = credentials.substr(handles->proxy_user.size() + 1);
    if (auto read = handles->read_authorities(); !read) return pass(read);
    handles->multi = curl_multi_init();
    handles->easy = curl_easy_init();
    if (!handles->multi || !handles->easy) return fail(Errc::kInternal, "libcurl cannot start");
    curl_multi_setopt(handles->multi, CURLMOPT_MAXCONNECTS, kIdleConnectionsMax);
    return std::unique_ptr<HttpClient>(new CurlHttpClient(std::move(handles)));
}

Result<HttpResponse> CurlHttpClient::send(const HttpRequest& request) {
    if (handles_->stop.stop_requested()) return fail(Errc::kCancelled, "cancelled");
    auto url = Url::parse(request.url);
    if (!url) return pass(url);
    if (url->scheme != "https" &&
        !(url->scheme == "http" && url->is_loopback() && handles_->options.allow_http_loopback))
        return fail(Errc::kInvalid, "only https is allowed, not " + url->origin());
    if (!is_token(request.method)) return fail(Errc::kInvalid, "malformed HTTP method");

    HeaderLines headers;
    bool sound = true;
    for (const auto& header : request.headers) sound &= headers.add(header.name, header.value);
    for (const auto& header : request.secret_headers)
        sound &= headers.add(header.name, header.value.reveal());
    std::string no_expect = "Expect:";  // no waiting for a 100 that many servers never send
    sound &= headers.add_line(no_expect);
    if (!sound) return fail(Errc::kInvalid, "malformed HTTP header");

    Transfer transfer;
    transfer.max_body = request.max_body;
    if (request.spool) {
        auto spool = SpoolFile::create(handles_->options.spool_folder);
        if (!spool) return pass(spool);
        transfer.response.spool = std::move(*spool);
    }
    std::array<char, CURL_ERROR_SIZE> detail{};
    curl_easy_reset(handles_->easy);
    handles_->set(CURLOPT_ERRORBUFFER, detail.data());
    handles_->set_up_tls();
    handles_->set_up_network();
    handles_->set_up_request(request, headers, transfer);
    const auto code = handles_->perform();
    Result<HttpResponse> result;
    if (!code) {
        result = fail(Errc::kCancelled, "cancelled");
    } else if (*code != CURLE_OK) {
        result = handles_->explain(*code, detail.data(), transfer, request);
    } else {
        long status = 0;
        curl_easy_getinfo(handles_->easy, CURLINFO_RESPONSE_CODE, &status);
        transfer.response.status = static_cast<int>(status);
        if (handles_->surely_whole(request, transfer.response))
            result = std::move(transfer.response);
        else
            result = fail(Errc::kUnavailable,
                          url->origin() + ": the answer has no length and may be cut off",
                          {{"host", url->origin()}});
    }
    curl_easy_reset(handles_->easy);  // it must not keep pointers into this frame
    return result;
}

}  // namespace kontor::host
