#include "daemon/mail/connection.hpp"

#include "connectors/host/curl_client.hpp"
#include "connectors/host/trust.hpp"

namespace kontor::mail {
namespace {

constexpr long kTimeoutSeconds = 120;
constexpr long kConnectSeconds = 20;

bool is_loopback(const std::string& url) {
    const auto host = url.substr(url.find("://") + 3);
    const auto name = host.substr(0, host.starts_with('[') ? host.find(']') + 1 : host.find(':'));
    const bool address = name.find_first_not_of("0123456789.") == std::string::npos;
    return (address && name.starts_with("127.")) || name == "localhost" || name == "[::1]";
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
    return static_cast<const Connection*>(user)->cancelled() ? 1 : 0;
}

Error error_of(CURLcode code, long answer, const char* said) {
    std::string message = said[0] != '\0' ? said : curl_easy_strerror(code);
    if (answer >= 400) message = "the mail server answers " + std::to_string(answer);
    switch (code) {
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_USE_SSL_FAILED:
            return Error{Errc::kTls, message, {}, {}};
        case CURLE_LOGIN_DENIED:
            return Error{Errc::kUnauthenticated, message, {}, {}};
        case CURLE_OPERATION_TIMEDOUT:
            return Error{Errc::kTimeout, message, {}, {}};
        case CURLE_ABORTED_BY_CALLBACK:
            return Error{Errc::kCancelled, "cancelled", {}, {}};
        default: {
            // 4yz may pass, 5yz will not.
            Error out{answer >= 500 ? Errc::kPermission : Errc::kUnavailable, message, {}, {}};
            // As libcurl words it; nothing else tells it from a refused sender.
            if (std::string_view(said).starts_with("RCPT failed")) out.args["at"] = "recipient";
            return out;
        }
    }
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::prepare(const Server& server,
                                                        const std::string& url,
                                                        const char* protocols,
                                                        std::function<bool()> cancelled) {
    auto* c = host::start_curl() ? curl_easy_init() : nullptr;
    if (c == nullptr) return fail(Errc::kInternal, "libcurl does not start");
    std::unique_ptr<Connection> out(new Connection(c, std::move(cancelled)));
    auto authorities = host::read_authorities(host::CurlOptions().ca_bundle, server.ca_file);
    // A machine without certificates may still speak to itself.
    if (!authorities && !is_loopback(server.url)) return pass(authorities);

    curl_easy_setopt(c, CURLOPT_URL, url.c_str());
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, out->said_);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, kTimeoutSeconds);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c, CURLOPT_USE_SSL, is_loopback(server.url) ? CURLUSESSL_TRY : CURLUSESSL_ALL);
    if (authorities) {
        curl_blob trusted{authorities->data(), authorities->size(), CURL_BLOB_COPY};
        curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &trusted);
    }
    if (!server.user.empty()) {
        curl_easy_setopt(c, CURLOPT_USERNAME, server.user.c_str());
        std::string password(server.password.reveal());
        curl_easy_setopt(c, CURLOPT_PASSWORD, password.c_str());
        host::wipe(password);
    }
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, out.get());
    return out;
}

Result<> Connection::perform() const {
    const auto code = curl_easy_perform(curl_);
    if (code == CURLE_OK) return {};
    long answer = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &answer);
    return tl::unexpected<Error>(error_of(code, answer, said_));
}

bool Connection::closed_by_server() const {
    constexpr long kClosing = 421;
    long answer = 0;
    long made = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &answer);
    curl_easy_getinfo(curl_, CURLINFO_NUM_CONNECTS, &made);
    return answer == kClosing && made == 0;
}

}  // namespace kontor::mail
