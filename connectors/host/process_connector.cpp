#include "connectors/host/process_connector.hpp"

#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>

#include "connectors/host/atomic_file.hpp"
#include "connectors/host/connector_failure.hpp"
#include "connectors/host/library.hpp"

namespace kontor::host {
namespace {

using namespace std::chrono_literals;

constexpr auto kFarewell = 2s;  // to close its instance
// A page and a batch go through at once instead of in turns. The kernel gives what it allows.
constexpr int kSocketBytes = 1 << 20;

}  // namespace

ProcessConnector::ProcessConnector(ChildProcess child, UniqueFd socket, const Isolation& isolation)
    : isolation_(isolation),
      child_(std::move(child)),
      wire_(std::move(socket), isolation.silence),
      conversation_(wire_, isolation.memory_mb) {
    conversation_.on_batch([this] { child_.limit_processor(isolation_.processor); });
}

Result<std::unique_ptr<Connector>> ProcessConnector::start(const std::string& plugin,
                                                           const Isolation& isolation) {
    // What need not be left to the process to find out.
    if (auto sound = check_plugin_file(plugin); !sound) return pass(sound);
    const int landlock = sandbox::landlock_level(isolation.landlock);
    if (isolation.require_landlock && landlock == 0)
        return fail(Errc::kUnsupported,
                    "this kernel has no Landlock, which the configuration requires",
                    {{"reason", "no_landlock"}});
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return tl::unexpected(system_error("a socket pair", errno));
    UniqueFd ours(pair[0]), theirs(pair[1]);
    for (const int end : pair)
        ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kSocketBytes, sizeof kSocketBytes);
    auto child = ChildProcess::start(
        isolation.program, {plugin, std::to_string(landlock), std::to_string(isolation.memory_mb)},
        theirs);
    if (!child) return pass(child);
    theirs.reset();  // so that the process's end is seen
    std::unique_ptr<ProcessConnector> connector(
        new ProcessConnector(std::move(*child), std::move(ours), isolation));
    connector->child_.limit_processor(isolation.processor);
    auto info = connector->conversation_.greet();
    if (!info) return tl::unexpected(connector->end(std::move(info.error())));
    connector->info_ = std::move(*info);
    return std::unique_ptr<Connector>(std::move(connector));
}

ProcessConnector::~ProcessConnector() {
    if (ended_ || !host_) return;
    wire_.hurry(kFarewell);
    static_cast<void>(call(Function::kClose, {}, {}));
}

void ProcessConnector::serve(const kontor_host& host) {
    host_ = &host;
    wire_.cancel_by([this] { return host_->cancelled(host_->ctx) != 0; });
}

Error ProcessConnector::end(Error why) {
    const int status = child_.end();
    if (is_closed_end(why)) {
        // Killed by us: it closed its socket and went on.
        const bool ours = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        const bool late = WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU;
        if (late)
            why = out_of_time(isolation_.processor);
        else if (!ours)
            why = ended_with(status);
    }
    ended_ = why;
    return why;
}

Result<Reply> ProcessConnector::call(Function function, std::string_view first,
                                     std::string_view second) {
    if (ended_) return tl::unexpected(*ended_);
    if (!host_) return fail(Errc::kInternal, "a connector is called before it is served");
    child_.limit_processor(isolation_.processor);
    auto reply = conversation_.call(function, first, second, *host_);
    if (!reply) return tl::unexpected(end(std::move(reply.error())));
    return reply;
}

}  // namespace kontor::host
