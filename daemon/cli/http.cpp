#include "daemon/cli/http.hpp"

#include <curl/curl.h>

#include <cerrno>
#include <mutex>

namespace kontor::cli {
namespace {

struct EasyDelete {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct MultiDelete {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
struct ListDelete {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, ListDelete>;

constexpr int kPollMs = 1000;
constexpr long kConnectTimeoutMs = 5000;
// sun_path has 108 bytes with the zero.
constexpr std::size_t kSocketPathMax = 107;

void add_header(Headers& headers, const std::string& line) {
    auto* longer = curl_slist_append(headers.get(), line.c_str());
    if (longer == nullptr) return;
    (void)headers.release();
    headers.reset(longer);
}

Result<> failure_of_code(CURLcode code, CURL* easy, const std::string& path) {
    long system_error = 0;
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &system_error);
    switch (code) {
        case CURLE_OK:
            return {};
        case CURLE_COULDNT_CONNECT:
            if (system_error == EACCES || system_error == EPERM)
                return fail(Errc::kPermission, path, {{"path", path}});
            return fail(Errc::kNotFound, path, {{"path", path}});
        case CURLE_OPERATION_TIMEDOUT:
            return fail(Errc::kTimeout, "kontord");
        default:
            return fail(Errc::kProtocol, std::string("kontord: ") + curl_easy_strerror(code));
    }
}

}  // namespace

struct HttpClient::Transfer {
    std::unique_ptr<CURL, EasyDelete> easy{curl_easy_init()};
    Headers headers;
    HttpAnswer answer;
    const std::function<bool(std::string_view)>* piece = nullptr;
    bool ended = false;  ///< `piece` wants no more
    bool too_large = false;

    int status() const {
        long status = 0;
        curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
        return static_cast<int>(status);
    }

    static std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* self) {
        auto& transfer = *static_cast<Transfer*>(self);
        const std::string_view came(bytes, size);
        if (transfer.piece != nullptr && transfer.status() == 200) {
            transfer.ended = !(*transfer.piece)(came);
            return transfer.ended ? 0 : size;
        }
        transfer.too_large = transfer.answer.body.size() + size > kAnswerMax;
        if (transfer.too_large) return 0;
        transfer.answer.body.append(came);
        return size;
    }

    static std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* self) {
        constexpr std::string_view kName = "etag:";
        std::string_view line(bytes, size);
        if (line.size() > kName.size() &&
            curl_strnequal(line.data(), kName.data(), kName.size()) != 0) {
            line.remove_prefix(kName.size());
            const auto from = line.find_first_not_of(" \t");
            const auto to = line.find_last_not_of(" \t\r\n");
            if (from != std::string_view::npos)
                static_cast<Transfer*>(self)->answer.etag = line.substr(from, to - from + 1);
        }
        return size;
    }

    void prepare(const HttpRequest& request, const std::string& socket_path) {
        auto* handle = easy.get();
        curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, socket_path.c_str());
        // The host's name is of no importance on a Unix socket; the daemon checks it all the same.
        curl_easy_setopt(handle, CURLOPT_URL, ("http://localhost" + request.target).c_str());
        curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http");
        curl_easy_setopt(handle, CURLOPT_PROXY, "");  // whatever http_proxy says
        curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
        curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
        curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
        curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
        curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
        if (!request.body.empty()) {
            curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                             static_cast<curl_off_t>(request.body.size()));
            curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, request.body.c_str());
            add_header(headers, "Content-Type: application/json");
        } else if (request.method == "POST" || request.method == "PATCH") {
            curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, "");
            add_header(headers, "Content-Type: application/json");
        }
        add_header(headers, "Expect:");  // no 100-continue: the peer is local
        for (const auto& [name, value] : request.headers) add_header(headers, name + ": " + value);
        curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    }
};

HttpClient::HttpClient(std::string socket_path, const Cancel& cancel)
    : socket_path_(std::move(socket_path)), cancel_(cancel) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

HttpClient::~HttpClient() = default;

Result<HttpAnswer> HttpClient::perform(Transfer& transfer) {
    // Of one that is too long, libcurl says that a host's name could not be resolved.
    if (socket_path_.size() > kSocketPathMax)
        return fail(Errc::kConfig, "the path is longer than 107 bytes, the limit of sockets",
                    {{"path", socket_path_}});
    // The multi interface, because its wait can also watch the cancellation pipe.
    const std::unique_ptr<CURLM, MultiDelete> multi(curl_multi_init());
    auto* easy = transfer.easy.get();
    if (multi == nullptr || easy == nullptr) return fail(Errc::kInternal, "libcurl");
    curl_multi_add_handle(multi.get(), easy);
    CURLcode code = CURLE_OK;
    for (int running = 1; running > 0;) {
        if (cancel_.requested()) {
            curl_multi_remove_handle(multi.get(), easy);
            return fail(Errc::kCancelled, "Ctrl-C");
        }
        curl_multi_perform(multi.get(), &running);
        if (running == 0) break;
        curl_waitfd cancelled{.fd = cancel_.fd(), .events = CURL_WAIT_POLLIN, .revents = 0};
        curl_multi_poll(multi.get(), &cancelled, 1, kPollMs, nullptr);
    }
    int left = 0;
    if (const CURLMsg* message = curl_multi_info_read(multi.get(), &left); message != nullptr)
        code = message->data.result;
    curl_multi_remove_handle(multi.get(), easy);

    if (transfer.too_large) return fail(Errc::kProtocol, "kontord: answer too large");
    if (!transfer.ended)
        if (auto fine = failure_of_code(code, easy, socket_path_); !fine) return pass(fine);
    transfer.answer.status = transfer.status();
    const char* type = nullptr;
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    if (type != nullptr) transfer.answer.content_type = type;
    return std::move(transfer.answer);
}

Result<HttpAnswer> HttpClient::send(const HttpRequest& request) {
    Transfer transfer;
    transfer.prepare(request, socket_path_);
    return perform(transfer);
}

Result<HttpAnswer> HttpClient::stream(const HttpRequest& request,
                                      const std::function<bool(std::string_view)>& piece) {
    Transfer transfer;
    transfer.piece = &piece;
    transfer.prepare(request, socket_path_);
    return perform(transfer);
}

std::string url_encode(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain)
            out += c;
        else
            out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
    return out;
}

}  // namespace kontor::cli
