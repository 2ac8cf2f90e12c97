#include "connectors/host/child_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "connectors/host/atomic_file.hpp"

namespace kontor::host {
namespace {

/// What the child starts with, for posix_spawn().
class Start {
public:
    explicit Start(int socket) {
        keep(::posix_spawn_file_actions_init(&files_));
        keep(::posix_spawnattr_init(&attributes_));
        keep(::posix_spawn_file_actions_adddup2(&files_, socket, frames::kProcessFd));
        keep(::posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0));
        keep(::posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0));
        // Signals as a new program expects them, and Ctrl-C is the daemon's alone.
        sigset_t none, all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        keep(::posix_spawnattr_setsigmask(&attributes_, &none));
        keep(::posix_spawnattr_setsigdefault(&attributes_, &all));
        keep(::posix_spawnattr_setpgroup(&attributes_, 0));
        keep(::posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));
    }
    Start(const Start&) = delete;
    Start& operator=(const Start&) = delete;
    ~Start() {
        ::posix_spawn_file_actions_destroy(&files_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    int run(pid_t& pid, char** arguments) {
        char* no_environment[] = {nullptr};
        if (error_ == 0)
            keep(::posix_spawn(&pid, arguments[0], &files_, &attributes_, arguments,
                               no_environment));
        return error_;
    }

private:
    void keep(int error) {
        if (error_ == 0) error_ = error;
    }
    posix_spawn_file_actions_t files_{};
    posix_spawnattr_t attributes_{};
    int error_ = 0;
};

}  // namespace

Result<ChildProcess> ChildProcess::start(const std::string& program,
                                         const std::vector<std::string>& arguments,
                                         const UniqueFd& socket) {
    std::vector<std::string> texts{program};
    texts.insert(texts.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (auto& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    pid_t pid = -1;
    if (const int failed = Start(socket.get()).run(pid, pointers.data()); failed != 0)
        return tl::unexpected(system_error("start " + program, failed));
    return ChildProcess(pid);
}

void ChildProcess::limit_processor(std::chrono::seconds more) const {
    clockid_t clock{};
    timespec used{};
    struct rlimit limit {};
    // A process that has just ended has no clock, and needs no limit.
    if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &used) != 0 ||
        ::prlimit(pid_, RLIMIT_CPU, nullptr, &limit) != 0)
        return;
    // The kernel counts whole seconds.
    const auto so_far = static_cast<rlim_t>(used.tv_sec + (used.tv_nsec >= 500'000'000 ? 1 : 0));
    limit.rlim_cur = std::min(limit.rlim_max, so_far + static_cast<rlim_t>(more.count()));
    static_cast<void>(::prlimit(pid_, RLIMIT_CPU, &limit, nullptr));
}

int ChildProcess::end() {
    if (pid_ < 0) return 0;
    // Changes nothing of how it ended, if it has.
    ::kill(pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
}

}  // namespace kontor::host
