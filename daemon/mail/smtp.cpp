#include "daemon/mail/smtp.hpp"

#include <algorithm>

#include "connectors/host/base64.hpp"
#include "daemon/mail/connection.hpp"
#include "daemon/mail/months.hpp"

namespace kontor::mail {
namespace {

// An encoded word has 75 characters at most, of which these are text.
constexpr std::size_t kWordBytes = 45;
constexpr std::size_t kLineChars = 76;

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

// RFC 5322.
std::string date_header(Instant at) {
    constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const auto text = format_instant(at);
    return std::string(kDays[std::chrono::weekday(day).c_encoding()]) + ", " + text.substr(8, 2) +
           " " + std::string(kMonths[static_cast<unsigned>(date.month()) - 1]) + " " +
           text.substr(0, 4) + " " + text.substr(11, 8) + " +0000";
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
    auto submission = Submission::prepare(server, cancelled);
    if (!submission) return pass(submission);
    return submission->send(message.from, message.to, letter_of(message, all));
}

Submission::Submission(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {}
Submission::Submission(Submission&&) noexcept = default;
Submission& Submission::operator=(Submission&&) noexcept = default;
Submission::~Submission() = default;

Result<Submission> Submission::prepare(const Server& server, std::function<bool()> cancelled) {
    auto connection = Connection::prepare(server, server.url, "smtp,smtps", std::move(cancelled));
    if (!connection) return pass(connection);
    return Submission(std::move(*connection));
}

Result<> Submission::send(const std::string& from, const std::vector<std::string>& to,
                          std::string_view bytes) {
    Lines recipients;
    for (const auto& address : to) recipients.add("<" + address + ">");
    auto* c = connection_->curl();
    curl_easy_setopt(c, CURLOPT_MAIL_FROM, ("<" + from + ">").c_str());
    curl_easy_setopt(c, CURLOPT_MAIL_RCPT, recipients.get());
    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
    // A second time: some servers take so many messages over a connection and then close it with
    // 421. Whatever that answers was not taken. Nothing else is repeated: it might have been.
    for (bool again = false;; again = true) {
        std::string_view rest = bytes;
        curl_easy_setopt(c, CURLOPT_READDATA, &rest);
        auto done = connection_->perform();
        if (done || again || !connection_->closed_by_server()) return done;
    }
}

}  // namespace kontor::mail
