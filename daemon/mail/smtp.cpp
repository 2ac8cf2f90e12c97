#include "daemon/mail/smtp.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "connectors/host/base64.hpp"
#include "connectors/host/curl_client.hpp"
#include "connectors/host/trust.hpp"

namespace kontor::mail {
namespace {

constexpr long kTimeoutSeconds = 120;
constexpr long kConnectSeconds = 20;
// An encoded word has 75 characters at most, of which these are text.
constexpr std::size_t kWordBytes = 45;
constexpr std::size_t kLineChars = 76;

using Handle = std::unique_ptr<CURL, decltype([](CURL* c) { curl_easy_cleanup(c); })>;

class Lines {
public:
    Lines() = default;
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;
    ~Lines() { curl_slist_free_all(first_); }
    void add(const std::string& line) { first_ = curl_slist_append(first_, line.c_str()); }
    [[nodiscard]] curl_slist* get() const { return first_; }

private:
    curl_slist* first_ = nullptr;
};

bool is_ascii(const std::string& text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
}

bool is_one_line(const std::string& text) {
    return text.find_first_of(std::string("\r\n\0", 3)) == std::string::npos;
}

bool is_loopback(const std::string& url) {
    const auto host = url.substr(url.find("://") + 3);
    const auto name = host.substr(0, host.starts_with('[') ? host.find(']') + 1 : host.find(':'));
    const bool address = name.find_first_not_of("0123456789.") == std::string::npos;
    return (address && name.starts_with("127.")) || name == "localhost" || name == "[::1]";
}

// RFC 5322. Names of days and months are English whatever the locale.
std::string date_header(Instant at) {
    constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const auto text = format_instant(at);
    return std::string(kDays[std::chrono::weekday(day).c_encoding()]) + ", " + text.substr(8, 2) +
           " " + kMonths[static_cast<unsigned>(date.month()) - 1] + " " + text.substr(0, 4) + " " +
           text.substr(11, 8) + " +0000";
}

/// The message as it is handed in, RFC 5322. Its text is in base64, so that no line is too long and
/// none begins with a dot.
std::string letter_of(const Message& message, const std::string& recipients) {
    std::string out = "Date: " + date_header(message.at) + "\r\nFrom: Kontor <" + message.from +
                      ">\r\nTo: " + recipients + "\r\nSubject: " + encoded_words(message.subject) +
                      "\r\nMessage-ID: <" + message.id +
                      message.from.substr(message.from.find('@')) +
                      ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                      "Content-Type: text/plain; charset=utf-8\r\n"
                      "Content-Transfer-Encoding: base64\r\n\r\n";
    const auto text = host::to_base64(message.text);
    for (std::size_t from = 0; from < text.size(); from += kLineChars)
        out += text.substr(from, kLineChars) + "\r\n";
    return out;
}

std::size_t on_read(char* to, std::size_t, std::size_t room, void* user) noexcept {
    auto& rest = *static_cast<std::string_view*>(user);
    const auto taken = rest.copy(to, room);
    rest.remove_prefix(taken);
    return taken;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
    const auto& cancelled = *static_cast<const std::function<bool()>*>(user);
    return cancelled && cancelled() ? 1 : 0;
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

std::string encoded_words(const std::string& text) {
    if (is_ascii(text)) return text;
    std::string out;
    for (std::size_t from = 0; from < text.size();) {
        auto length = std::min(kWordBytes, text.size() - from);
        // A character is not cut in two.
        while (from + length < text.size() &&
               (static_cast<unsigned char>(text[from + length]) & 0xC0) == 0x80)
            --length;
        out += (out.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?") +
               host::to_base64(text.substr(from, length)) + "?=";
        from += length;
    }
    return out;
}

Result<> send(const Server& server, const Message& message,
              const std::function<bool()>& cancelled) {
    std::string all;
    for (const auto& address : message.to) all += (all.empty() ? "" : ", ") + address;
    if (!is_one_line(message.from + all + message.subject + message.id) || message.to.empty())
        return fail(Errc::kInvalid, "a mail's addresses and subject must be one line each");
    return send_bytes(server, message.from, message.to, letter_of(message, all), cancelled);
}

Result<> send_bytes(const Server& server, const std::string& from,
                    const std::vector<std::string>& to, std::string_view bytes,
                    const std::function<bool()>& cancelled) {
    const Handle curl(host::start_curl() ? curl_easy_init() : nullptr);
    if (!curl) return fail(Errc::kInternal, "libcurl does not start");
    auto authorities = host::read_authorities(host::CurlOptions().ca_bundle, server.ca_file);
    // A machine without certificates may still hand in to itself.
    if (!authorities && !is_loopback(server.url)) return pass(authorities);

    auto* c = curl.get();
    Lines recipients;
    for (const auto& address : to) recipients.add("<" + address + ">");
    std::string_view rest = bytes;

    char said[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(c, CURLOPT_URL, server.url.c_str());
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, said);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, kTimeoutSeconds);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c, CURLOPT_USE_SSL, is_loopback(server.url) ? CURLUSESSL_TRY : CURLUSESSL_ALL);
    curl_blob trusted{};
    if (authorities) {
        trusted = {authorities->data(), authorities->size(), CURL_BLOB_NOCOPY};
        curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &trusted);
    }
    if (!server.user.empty()) {
        curl_easy_setopt(c, CURLOPT_USERNAME, server.user.c_str());
        std::string password(server.password.reveal());
        curl_easy_setopt(c, CURLOPT_PASSWORD, password.c_str());
        host::wipe(password);
    }
    curl_easy_setopt(c, CURLOPT_MAIL_FROM, ("<" + from + ">").c_str());
    curl_easy_setopt(c, CURLOPT_MAIL_RCPT, recipients.get());
    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(c, CURLOPT_READDATA, &rest);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, &cancelled);
    const auto code = curl_easy_perform(c);
    if (code == CURLE_OK) return {};
    long answer = 0;
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &answer);
    return tl::unexpected<Error>(error_of(code, answer, said));
}

}  // namespace kontor::mail
