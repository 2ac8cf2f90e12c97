#include "connectors/process/refused_calls.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "connectors/process/last_word.hpp"

namespace kontor::process {
namespace {

// A signal's handler has no other way to be told. One thread; set before any code of a plugin runs.
const char* g_path = nullptr;
int g_fd = -1;

/// The registers of a system call that was not carried out.
class Call {
public:
    explicit Call(void* context) : registers_(static_cast<ucontext_t*>(context)->uc_mcontext) {}
#if defined(__x86_64__)
    [[nodiscard]] long argument(int number) const {
        constexpr int kWhere[] = {REG_RDI, REG_RSI, REG_RDX, REG_R10};
        return registers_.gregs[kWhere[number]];
    }
    void answer(long result) {
        registers_.gregs[REG_RAX] = result;
    }
#elif defined(__aarch64__)
    [[nodiscard]] long argument(int number) const {
        return static_cast<long>(registers_.regs[number]);
    }
    void answer(long result) {
        registers_.regs[0] = static_cast<unsigned long>(result);
    }
#else
#error "a port names its registers here"
#endif
    [[nodiscard]] const char* text(int number) const {
        // NOLINTNEXTLINE(performance-no-int-to-ptr): a register has it as a number
        return reinterpret_cast<const char*>(argument(number));
    }
    [[nodiscard]] const char* path() const {
        return text(1);
    }

private:
    mcontext_t& registers_;
};

// As the kernel returns it: errors are negative.
long result_of(long result) {
    return result < 0 ? -errno : result;
}

bool is_handed_over(const char* path) {
    return g_path != nullptr && std::strcmp(path, g_path) == 0;
}

// By a sanitizer, which goes on without an answer: for a report, and whether what is loaded is a
// link.
bool a_sanitizer_asks([[maybe_unused]] int number, [[maybe_unused]] const Call& call) {
#if defined(KONTOR_SANITIZED) && defined(SYS_open) && defined(SYS_readlink)
    return (number == SYS_open && std::strcmp(call.text(0), "/proc/self/maps") == 0) ||
           (number == SYS_readlink && is_handed_over(call.text(0)));
#else
    return false;
#endif
}

void on_refused(int, siginfo_t* info, void* context) {
    const int error = errno;
    Call call(context);
    if (a_sanitizer_asks(info->si_syscall, call)) {
        call.answer(-EACCES);
    } else if (info->si_syscall == SYS_openat && is_handed_over(call.path())) {
        ::lseek(g_fd, 0, SEEK_SET);
        call.answer(result_of(::dup(g_fd)));
    } else if (info->si_syscall == SYS_newfstatat) {
        const bool open = (call.argument(3) & AT_EMPTY_PATH) != 0 && call.path()[0] == '\0';
        const long fd = open ? call.argument(0) : is_handed_over(call.path()) ? g_fd : -1;
        call.answer(fd >= 0 ? result_of(::syscall(SYS_fstat, fd, call.argument(2))) : -EACCES);
    } else {
        refused(info->si_syscall);
    }
    errno = error;
}

}  // namespace

void end_at_refused_calls() {
    struct sigaction action {};
    action.sa_sigaction = &on_refused;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGSYS, &action, nullptr);
}

void hand_over_file(const char* path, int fd) {
    g_path = path;
    g_fd = fd;
}

}  // namespace kontor::process
