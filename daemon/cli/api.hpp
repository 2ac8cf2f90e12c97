#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "daemon/cli/failure.hpp"
#include "daemon/cli/http.hpp"
#include "daemon/cli/sse.hpp"

namespace kontor::cli {

/// kontord's HTTP API, as commands use it: paths are given below /api/v1, bodies are JSON, and an
/// answer that is not a success is a Failure with the text and the exit code that belong to it.
class Api {
public:
    Api(HttpClient& http, messages::Language language) : http_(http), language_(language) {}

    [[nodiscard]] Outcome<nlohmann::json> get(const std::string& path);
    [[nodiscard]] Outcome<nlohmann::json> post(const std::string& path, const nlohmann::json& body);
    /// The same; meanwhile `event` is called for each event from now on, on a thread of its own
    /// that has ended when this returns. What is wrong with the events takes nothing from the
    /// answer.
    [[nodiscard]] Outcome<nlohmann::json> post_and_hear(
        const std::string& path, const nlohmann::json& body,
        const std::function<void(const SseEvent&)>& event);
    [[nodiscard]] Outcome<nlohmann::json> patch(const std::string& path,
                                                const nlohmann::json& body);
    [[nodiscard]] Outcome<nlohmann::json> remove(const std::string& path);

    /// A DELETE that is sent even after Ctrl-C, to stop what kontord does for us; nobody waits long
    /// for its answer.
    void remove_at_last(const std::string& path);

    /// The same with a bound on the whole answer, for completions.
    [[nodiscard]] Outcome<nlohmann::json> get_within(const std::string& path,
                                                     std::chrono::milliseconds time);

    /// Receives events until `event` returns false (success), Ctrl-C or a failure. The daemon's
    /// end of the stream is a success too. `after` = id of the last event seen, "" = from now on.
    [[nodiscard]] Outcome<> events(const std::string& path, const std::string& after,
                                   const std::function<bool(const SseEvent&)>& event);

    /// Receives a large body piece by piece; false from `piece` ends it (success).
    [[nodiscard]] Outcome<> download(const std::string& path,
                                     const std::function<bool(std::string_view)>& piece);

    /// The failure that stands for an error of the transport.
    [[nodiscard]] Failure unreachable(const Error& error) const;

private:
    Outcome<nlohmann::json> call(HttpRequest request);
    Outcome<> stream(HttpRequest request, const std::function<bool(std::string_view)>& piece);
    Failure problem(const HttpAnswer& answer) const;

    HttpClient& http_;
    messages::Language language_;
};

}  // namespace kontor::cli
