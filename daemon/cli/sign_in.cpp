#include "daemon/cli/sign_in.hpp"

#include <poll.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ostream>

#include "daemon/cli/files.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/redirect.hpp"
#include "daemon/cli/values.hpp"
#include "daemon/cli/width.hpp"

namespace kontor::cli {

using nlohmann::json;

namespace {

constexpr std::string_view kRedirectUri = "http://localhost:18484/kontor";
constexpr std::chrono::minutes kConsentMax{15};

void wipe_all(json& value) {
    if (auto* text = value.get_ptr<std::string*>(); text != nullptr) wipe(*text);
    if (value.is_object())
        for (auto& member : value) wipe_all(member);
}

Outcome<std::string> read_secret(Context& context, const std::string& path) {
    if (path == "-") {
        auto line = context.io().read_line(true);
        if (context.cancel().requested()) return context.interrupted();
        return line.value_or("");
    }
    auto text = read_small_file(context.language(), path);
    if (text)
        while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
    return text;
}

// Puts a secret's value where the API wants it: the code is exchanged at once, not stored.
void put_secret(json& body, const std::string& name, std::string& value) {
    if (name == "code")
        body["code"] = value;
    else
        body["secrets"][name]["value"] = value;  // kept where a reference says, if there is one
    wipe(value);
}

std::string random_state() {
    unsigned char bytes[16];
    for (std::size_t filled = 0; filled < sizeof bytes;) {
        const auto got = ::getrandom(bytes + filled, sizeof bytes - filled, 0);
        if (got > 0) filled += static_cast<std::size_t>(got);
    }
    std::string out;
    constexpr char kHex[] = "0123456789abcdef";
    for (const auto byte : bytes) out += {kHex[byte >> 4], kHex[byte & 15]};
    return out;
}

// The page in the browser; the texts are ours.
std::string page_of(const Context& context, bool good) {
    return "<!doctype html><meta charset=\"utf-8\"><title>Kontor</title><p>" +
           context.text(good ? "cli.consent.page" : "cli.consent.page.denied") + "</p>\n";
}

class Consent {
public:
    Consent(Context& context, RedirectListener* listener, std::string state)
        : context_(context), listener_(listener), state_(std::move(state)) {}

    // Until the browser comes back here, or its address is pasted.
    Outcome<Redirect> wait() {
        const auto end = std::chrono::steady_clock::now() + kConsentMax;
        bool typing = context_.may_ask();
        while (std::chrono::steady_clock::now() < end) {
            pollfd fds[] = {
                {.fd = context_.cancel().fd(), .events = POLLIN, .revents = 0},
                {.fd = listener_ != nullptr ? listener_->fd() : -1, .events = POLLIN, .revents = 0},
                {.fd = typing ? context_.io().in_fd : -1, .events = POLLIN, .revents = 0}};
            if (::poll(fds, 3, 1'000) < 0 && errno != EINTR) break;
            if (context_.cancel().requested()) return context_.interrupted();
            if (fds[1].revents != 0)
                if (auto came = listener_->answer(
                        state_, [&](bool good) { return page_of(context_, good); }))
                    return std::move(*came);
            if (fds[2].revents == 0) continue;
            auto line = context_.io().read_line(false);
            if (context_.cancel().requested()) return context_.interrupted();
            if (!line) {
                typing = false;
                continue;
            }
            auto pasted = parse_redirect(*line);
            wipe(*line);
            if (pasted && pasted->state == state_) return std::move(*pasted);
            context_.warn(context_.text("cli.consent.not_it"));
        }
        return tl::unexpected<Failure>(
            failed(context_.language(), Exit::kSignIn, "timeout", "cli.consent.timeout"));
    }

private:
    Context& context_;
    RedirectListener* listener_;
    const std::string state_;
};

}  // namespace

SecretBody::~SecretBody() {
    for (const auto* name : {"secrets", "code"})
        if (body.contains(name)) wipe_all(body[name]);
}

Outcome<> take_secret_files(Context& context, json& body) {
    const auto files = parse_pairs(context.language(), context.args().all("secret-file"));
    if (!files) return tl::unexpected<Failure>(files.error());
    for (const auto& [name, path] : *files) {
        auto value = read_secret(context, path);
        if (!value) return tl::unexpected<Failure>(std::move(value.error()));
        put_secret(body, name, *value);
    }
    if (context.args().has("redirect-uri") && body.contains("code"))
        body["redirect_uri"] = context.args().option("redirect-uri");
    return {};
}

Outcome<> ask_secret(Context& context, const std::string& name, const std::string& question,
                     json& body) {
    auto value = context.ask(question, "--secret-file " + name + "=", {}, true);
    if (!value) return tl::unexpected<Failure>(std::move(value.error()));
    if (!value->empty()) put_secret(body, name, *value);
    return {};
}

Outcome<> ask_secrets(Context& context, const json& auth, json& body) {
    for (const auto& secret : list_at(auth, "secrets")) {
        const auto name = cell(secret);
        if (object_at(body, "secrets").contains(name) || object_at(body, "values").contains(name))
            continue;
        auto asked = ask_secret(
            context, name, context.text("cli.connect.secret", {{"name", one_line(name)}}), body);
        if (!asked) return asked;
    }
    return {};
}

bool has_grant(const json& body) {
    return body.contains("code") || object_at(body, "secrets").contains("refresh_token");
}

Outcome<> ask_grant(Context& context, json& body) {
    const auto neither = [&] {
        return usage(context.language(), "cli.ask.either",
                     {{"flag", "--secret-file code="}, {"other", "--secret-file refresh_token="}});
    };
    if (!context.may_ask()) return neither();
    if (auto asked = ask_secret(context, "code", context.text("cli.connect.code"), body); !asked)
        return asked;
    if (body.contains("code")) return {};
    if (auto asked =
            ask_secret(context, "refresh_token", context.text("cli.connect.refresh_token"), body);
        !asked)
        return asked;
    if (has_grant(body)) return {};
    return neither();
}

Outcome<std::string> choose_flow(Context& context, const json& auth, const json& body) {
    if (has_grant(body)) return std::string();
    if (auto wanted = context.args().option("sign-in"); !wanted.empty()) return wanted;
    const auto& flows = list_at(auth, "flows");
    const auto offers = [&](const char* flow) {
        return std::find(flows.begin(), flows.end(), flow) != flows.end();
    };
    if (!offers("authorization_code") || !context.may_ask()) return std::string();
    if (!offers("self_client")) return std::string("browser");
    for (;;) {
        auto answer = context.ask(context.text("cli.consent.flow"), "--sign-in ", "self-client");
        if (!answer || *answer == "self-client" || *answer == "browser") return answer;
        context.warn(context.text("cli.usage.choice", {{"name", "--sign-in"},
                                                       {"value", one_line(*answer)},
                                                       {"choices", "self-client, browser"}}));
    }
}

Outcome<> sign_in_by_browser(Context& context, json client, json& body) {
    auto uri = context.args().option("redirect-uri", std::string(kRedirectUri));
    std::optional<RedirectListener> listener;
    if (RedirectListener::can_listen(uri)) {
        auto opened = RedirectListener::open(uri);
        if (!opened) return tl::unexpected<Failure>(failure_of(context.language(), opened.error()));
        listener.emplace(std::move(*opened));
        uri = listener->uri();
    } else if (!context.may_ask()) {
        return usage(context.language(), "cli.consent.nobody", {{"uri", uri}});
    }
    const auto state = random_state();
    client["redirect_uri"] = uri;
    client["state"] = state;
    const auto page = context.api().post("/consent-url", client);
    if (!page) return tl::unexpected<Failure>(page.error());
    // Not a note: without it nothing can go on, whatever was asked to be quiet.
    auto& err = context.io().err;
    err << context.text("cli.consent.open", {{"uri", one_line(uri)}}) << "\n\n  "
        << one_line(text_at(*page, "url")) << "\n\n";
    if (context.may_ask()) err << context.text("cli.consent.paste") << '\n';
    err.flush();
    auto came = Consent(context, listener ? &*listener : nullptr, state).wait();
    if (!came) return tl::unexpected<Failure>(std::move(came.error()));
    if (!came->error.empty())
        return tl::unexpected<Failure>(failed(context.language(), Exit::kSignIn, "unauthenticated",
                                              "cli.consent.denied",
                                              {{"reason", one_line(came->error)}}));
    body["code"] = came->code;
    wipe(came->code);
    body["redirect_uri"] = uri;
    if (!came->accounts_server.empty()) body["accounts_server"] = came->accounts_server;
    return {};
}

}  // namespace kontor::cli
