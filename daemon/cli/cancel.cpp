#include "daemon/cli/cancel.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace kontor::cli {
namespace {

// A signal handler has no argument of ours: this is the only way to reach the object.
std::atomic<Cancel*> watcher{nullptr};

void on_signal(int) {
    const int saved = errno;
    if (Cancel* cancel = watcher.load(); cancel != nullptr) {
        if (cancel->requested()) _exit(130);
        cancel->request();
    }
    errno = saved;
}

}  // namespace

Cancel::Cancel() {
    if (pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) != 0)
        throw std::system_error(errno, std::generic_category(), "pipe2");
}

Cancel::~Cancel() {
    if (watching_) {
        std::signal(SIGINT, SIG_DFL);
        std::signal(SIGTERM, SIG_DFL);
        watcher.store(nullptr);
    }
    close(pipe_[0]);
    close(pipe_[1]);
}

Result<> Cancel::watch_signals() {
    Cancel* nobody = nullptr;
    if (!watcher.compare_exchange_strong(nobody, this))
        return fail(Errc::kInternal, "signals are already watched");
    watching_ = true;
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGINT, &action, nullptr) != 0 || sigaction(SIGTERM, &action, nullptr) != 0)
        return fail(Errc::kInternal, "sigaction failed");
    return {};
}

void Cancel::request() noexcept {
    requested_.store(true);
    const char byte = 1;
    // The pipe is full only if it is readable already.
    [[maybe_unused]] const auto written = write(pipe_[1], &byte, 1);
}

}  // namespace kontor::cli
