#include "connectors/host/connector_failure.hpp"

#include <sys/wait.h>

#include <csignal>
#include <cstring>

namespace kontor::host {

Error connector_failure(const char* reason, std::string message,
                        std::map<std::string, std::string> what) {
    what.emplace("reason", reason);
    return {Errc::kConnector, std::move(message), std::move(what), {}};
}

Error broken_protocol(const std::string& how) {
    return connector_failure("connector_frames", "the connector broke the protocol: " + how,
                             {{"how", how}});
}

Error refused_call(const std::string& call) {
    return connector_failure("connector_sandbox", "the connector was ended by the sandbox: " + call,
                             {{"call", call}});
}

Error out_of_memory(std::uint64_t limit_mb) {
    const auto limit = std::to_string(limit_mb);
    return connector_failure("connector_memory",
                             "the connector used more than " + limit + " MiB of memory",
                             {{"limit", limit}});
}

Error out_of_time(std::chrono::seconds limit) {
    const auto seconds = std::to_string(limit.count());
    return connector_failure(
        "connector_processor",
        "the connector used more than " + seconds + " s of processor time and handed nothing over",
        {{"limit", seconds}});
}

Error fell_silent(std::chrono::milliseconds limit) {
    const auto seconds = std::to_string(std::chrono::ceil<std::chrono::seconds>(limit).count());
    return connector_failure("connector_silent",
                             "the connector gave no sign of life for " + seconds + " s",
                             {{"limit", seconds}});
}

Error closed_its_end() {
    return connector_failure("connector_closed",
                             "the connector was killed, or closed its connection to kontord");
}

bool is_closed_end(const Error& error) {
    const auto reason = error.args.find("reason");
    return reason != error.args.end() && reason->second == "connector_closed";
}

Error ended_with(int wait_status) {
    if (WIFSIGNALED(wait_status)) {
        const int number = WTERMSIG(wait_status);
        const char* name = ::sigabbrev_np(number);
        const auto signal =
            std::to_string(number) + (name ? " (SIG" + std::string(name) + ")" : std::string());
        return connector_failure("connector_signal", "the connector was ended by signal " + signal,
                                 {{"signal", signal}});
    }
    const auto code = std::to_string(WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1);
    return connector_failure("connector_exit", "the connector ended by itself, with code " + code,
                             {{"status", code}});
}

}  // namespace kontor::host
