#include "daemon/cli/api.hpp"

#include <nlohmann/json.hpp>
#include <thread>

#include "daemon/cli/json_view.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

constexpr std::string_view kPrefix = "/api/v1";

messages::Args args_of(const json& problem) {
    messages::Args args;
    const auto found = problem.find("args");
    if (found == problem.end() || !found->is_object()) return args;
    for (const auto& [name, value] : found->items())
        args[name] = value.is_string() ? value.get<std::string>() : value.dump();
    return args;
}

std::string dump(const json& body) {
    return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

Failure Api::unreachable(const Error& error) const {
    const messages::Args path{{"path", http_.socket_path()}};
    switch (error.code) {
        case Errc::kNotFound:
            return failed(language_, Exit::kUnreachable, "unreachable", "cli.unreachable", path,
                          "cli.unreachable.hint");
        case Errc::kPermission:
            return failed(language_, Exit::kUnreachable, "unreachable", "cli.unreachable.denied",
                          path, "cli.unreachable.denied.hint");
        case Errc::kConfig:
            return failed(language_, Exit::kConfig, "config", "cli.unreachable.long", path,
                          "cli.unreachable.long.hint");
        case Errc::kCancelled:
            return failed(language_, Exit::kInterrupted, "cancelled", "cli.interrupted");
        default:
            return failure_of(language_, error);
    }
}

Failure Api::problem(const HttpAnswer& answer) const {
    const auto body = json::parse(answer.body, nullptr, false);
    if (body.is_object() && body.contains("code")) {
        Failure failure;
        failure.code = text_at(body, "code");
        failure.exit = exit_of(failure.code);
        failure.message = text_at(body, "message");
        failure.args = args_of(body);
        failure.hint = text_at(body, "hint");
        if (failure.hint.empty() && messages::find("hint." + failure.code) != nullptr)
            failure.hint = messages::render(language_, "hint." + failure.code, failure.args);
        return failure;
    }
    return failed(language_, Exit::kFailed, "protocol", "cli.bad_answer",
                  {{"status", std::to_string(answer.status)}});
}

Outcome<json> Api::call(HttpRequest request) {
    request.target.insert(0, kPrefix);
    request.headers["Accept-Language"] = std::string(messages::to_string(language_));
    request.headers["Accept"] = "application/json";
    auto answer = http_.send(request);
    if (!answer) return tl::unexpected<Failure>(unreachable(answer.error()));
    if (answer->status < 200 || answer->status > 299)
        return tl::unexpected<Failure>(problem(*answer));
    if (answer->body.empty()) return json::object();
    auto body = json::parse(answer->body, nullptr, false);
    if (body.is_discarded())
        return tl::unexpected<Failure>(failed(language_, Exit::kFailed, "protocol",
                                              "cli.bad_answer",
                                              {{"status", std::to_string(answer->status)}}));
    return body;
}

Outcome<json> Api::get(const std::string& path) {
    return call({.target = path, .body = {}});
}

Outcome<json> Api::get_within(const std::string& path, std::chrono::milliseconds time) {
    return call({.target = path, .body = {}, .timeout = time});
}

Outcome<json> Api::post(const std::string& path, const json& body) {
    return call({.method = "POST", .target = path, .body = dump(body)});
}

Outcome<json> Api::post_and_hear(const std::string& path, const json& body,
                                 const std::function<void(const SseEvent&)>& event) {
    Cancel answered;
    std::jthread hearing([&] {
        HttpClient http(http_.socket_path(), answered);
        Api api(http, language_);
        static_cast<void>(api.events("/events", "", [&](const SseEvent& one) {
            event(one);
            return true;
        }));
    });
    auto answer = post(path, body);
    answered.request();
    hearing.join();
    return answer;
}

Outcome<json> Api::patch(const std::string& path, const json& body) {
    return call({.method = "PATCH", .target = path, .body = dump(body)});
}

Outcome<json> Api::remove(const std::string& path) {
    return call({.method = "DELETE", .target = path, .body = {}});
}

Outcome<> Api::events(const std::string& path, const std::string& after,
                      const std::function<bool(const SseEvent&)>& event) {
    HttpRequest request{.target = path, .body = {}};
    request.headers["Accept"] = "text/event-stream";
    if (!after.empty()) request.headers["Last-Event-ID"] = after;
    SseParser parser;
    return stream(std::move(request),
                  [&](std::string_view piece) { return parser.feed(piece, event); });
}

Outcome<> Api::download(const std::string& path,
                        const std::function<bool(std::string_view)>& piece) {
    return stream({.target = path, .body = {}}, piece);
}

Outcome<> Api::stream(HttpRequest request, const std::function<bool(std::string_view)>& piece) {
    request.target.insert(0, kPrefix);
    request.headers["Accept-Language"] = std::string(messages::to_string(language_));
    const auto answer = http_.stream(request, piece);
    if (!answer) return tl::unexpected<Failure>(unreachable(answer.error()));
    if (answer->status != 200) return tl::unexpected<Failure>(problem(*answer));
    return {};
}

void Api::remove_at_last(const std::string& path) {
    const Cancel never;
    HttpClient client(http_.socket_path(), never);
    static_cast<void>(client.send({.method = "DELETE",
                                   .target = std::string(kPrefix) + path,
                                   .body = {},
                                   .timeout = std::chrono::seconds{2}}));
}

}  // namespace kontor::cli
