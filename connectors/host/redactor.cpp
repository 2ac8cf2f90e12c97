#include "connectors/host/redactor.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "connectors/host/url.hpp"

namespace kontor::host {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::size_t kShortestSecret = 4;  // anything shorter would mask ordinary words
constexpr std::size_t kSecretsMax = 1'000;

constexpr std::array<std::string_view, 16> kNames = {
    "access_token",     "refresh_token", "id_token",    "client_secret",
    "client_assertion", "password",      "passwd",      "api_key",
    "apikey",           "authorization", "accesstoken", "permanentcode",
    "bearer",           "basic",         "oauthtoken",  "secret"};

bool same(char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
}

void replace_all(std::string& text, std::string_view what) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 3))
        text.replace(at, what.size(), kMask);
}

// Masks the word after `name` if only punctuation of "name=word", "name": "word" or "Name word"
// lies between.
void mask_after(std::string& text, std::string_view name) {
    auto from = text.begin();
    while (true) {
        from = std::search(from, text.end(), name.begin(), name.end(), same);
        if (from == text.end()) return;
        // "INVALID_TOKEN: …" is an error, and what follows says which.
        const bool within = name == "id_token" && from != text.begin() &&
                            std::isalnum(static_cast<unsigned char>(from[-1])) != 0;
        from += static_cast<std::ptrdiff_t>(name.size());
        const auto is_between = [](char c) {
            return std::string_view(" :=\"'\\").find(c) != std::string_view::npos;
        };
        const auto word = std::find_if_not(from, text.end(), is_between);
        if (word == from || within) continue;
        // The value of an Authorization header has two words.
        const std::string_view ends =
            name == "authorization" ? "\t\r\n&\"',;}])" : " \t\r\n&\"',;}])";
        const auto end = std::find_if(
            word, text.end(), [&](char c) { return ends.find(c) != std::string_view::npos; });
        if (end == word) continue;
        const auto at = word - text.begin();
        text.replace(word, end, kMask);
        from = text.begin() + at + static_cast<std::ptrdiff_t>(kMask.size());
    }
}

std::string base64(std::string_view text) {
    std::string out((text.size() + 2) / 3 * 4 + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

constexpr std::size_t kForms = 3;

// As it is, percent-encoded and in base64. `max`: of texts; the oldest go first.
void remember(const Secret& secret, std::vector<Secret>& known, std::size_t max) {
    if (secret.reveal().size() < kShortestSecret) return;
    std::string encoded;
    encoded.reserve(secret.reveal().size() * 3);
    append_encoded(encoded, secret.reveal());
    if (known.size() + kForms > max) known.erase(known.begin(), known.begin() + kForms);
    known.push_back(secret.copy());
    known.emplace_back(std::move(encoded));
    known.emplace_back(base64(secret.reveal()));
}

bool names_a_secret(std::string_view key) {
    return std::ranges::any_of(kNames, [&](std::string_view name) {
        return std::search(key.begin(), key.end(), name.begin(), name.end(), same) != key.end();
    });
}

// An initializer_list of a length only known at run time cannot be made, hence one call per length.
template <std::size_t... I>
void forward(Logger& to, LogLevel level, std::string_view event, std::vector<LogField>& fields,
             std::index_sequence<I...>) {
    to.log(level, event, {std::move(fields[I])...});
}

template <std::size_t N = 0>
void forward_all(Logger& to, LogLevel level, std::string_view event,
                 std::vector<LogField>& fields) {
    if constexpr (N < RedactingLogger::kFieldsMax) {
        if (fields.size() > N) return forward_all<N + 1>(to, level, event, fields);
    }
    forward(to, level, event, fields, std::make_index_sequence<N>());
}

}  // namespace

Redactor::~Redactor() = default;

void Redactor::add(const Secret& secret) {
    const std::lock_guard lock(mutex_);
    remember(secret, hidden_, kSecretsMax);
}

void Redactor::add_passing(const Secret& secret) {
    const std::lock_guard lock(mutex_);
    remember(secret, passing_, kPassingMax * kForms);
}

std::string Redactor::apply(std::string_view text) const {
    std::string out(text);
    {
        const std::lock_guard lock(mutex_);
        for (const auto* known : {&hidden_, &passing_})
            for (const auto& secret : *known) replace_all(out, secret.reveal());
    }
    for (const auto name : kNames) mask_after(out, name);
    return out;
}

void RedactingLogger::log(LogLevel level, std::string_view event,
                          std::initializer_list<LogField> fields) {
    log_fields(level, event, std::vector<LogField>(fields));
}

void RedactingLogger::log_fields(LogLevel level, std::string_view event,
                                 std::vector<LogField> fields) {
    for (auto& field : fields)
        field.value = names_a_secret(field.key) ? std::string(kMask) : redactor_.apply(field.value);
    forward_all(inner_, level, redactor_.apply(event), fields);
}

}  // namespace kontor::host
