#include "connectors/sandbox/syscall_filter.hpp"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <system_error>
#include <type_traits>

namespace kontor::sandbox {
namespace {

struct Release {
    void operator()(void* filter) const noexcept { seccomp_release(filter); }
};

/// Collects rules; the first failure counts.
class Filter {
public:
    Filter() : raw_(seccomp_init(SCMP_ACT_TRAP)) {
        if (!raw_) error_ = -ENOMEM;
        keep(seccomp_attr_set(raw_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
        keep(seccomp_attr_set(raw_.get(), SCMP_FLTATR_CTL_NNP, 0));  // it is set already
        // A tree rather than a list: each system call costs less.
        keep(seccomp_attr_set(raw_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));
    }
    void allow(std::initializer_list<int> calls) {
        for (const int call : calls)
            keep(seccomp_rule_add_array(raw_.get(), SCMP_ACT_ALLOW, call, 0, nullptr));
    }
    void allow(int call, std::initializer_list<scmp_arg_cmp> where) {
        keep(seccomp_rule_add_array(raw_.get(), SCMP_ACT_ALLOW, call,
                                    static_cast<unsigned>(where.size()), where.begin()));
    }
    void refuse(int error, std::initializer_list<int> calls) {
        for (const int call : calls)
            keep(seccomp_rule_add_array(raw_.get(), SCMP_ACT_ERRNO(static_cast<unsigned>(error)),
                                        call, 0, nullptr));
    }
    int load() {
        if (error_ == 0) keep(seccomp_load(raw_.get()));
        return error_;
    }

private:
    void keep(int result) {
        if (error_ == 0 && result < 0) error_ = result;
    }
    std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, Release> raw_;
    int error_ = 0;
};

scmp_arg_cmp equal(unsigned argument, std::uint64_t value) {
    return {argument, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp masked(unsigned argument, std::uint64_t mask, std::uint64_t value) {
    return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

void allow_computing(Filter& filter, int frames_fd) {
    const auto frames = static_cast<std::uint64_t>(frames_fd);
    filter.allow(SCMP_SYS(read), {equal(0, frames)});
    for (const std::uint64_t fd :
         {std::uint64_t{STDOUT_FILENO}, std::uint64_t{STDERR_FILENO}, frames})
        for (const int call : {SCMP_SYS(write), SCMP_SYS(writev)})
            filter.allow(call, {equal(0, fd)});
    // The heap, but neither code nor memory shared with anybody.
    filter.allow(SCMP_SYS(mmap),
                 {masked(2, PROT_EXEC, 0), masked(3, MAP_ANONYMOUS | MAP_SHARED, MAP_ANONYMOUS)});
    filter.allow(SCMP_SYS(mprotect), {masked(2, PROT_EXEC, 0)});
    filter.allow({SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise)});
    filter.allow({SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday),
                  SCMP_SYS(time),          SCMP_SYS(nanosleep),    SCMP_SYS(clock_nanosleep),
                  SCMP_SYS(getrandom),     SCMP_SYS(sysinfo),      SCMP_SYS(futex),
                  SCMP_SYS(sched_yield),   SCMP_SYS(getpid),       SCMP_SYS(gettid),
                  SCMP_SYS(close),         SCMP_SYS(lseek),        SCMP_SYS(fstat),
                  SCMP_SYS(rt_sigreturn),  SCMP_SYS(sigaltstack),  SCMP_SYS(restart_syscall),
                  SCMP_SYS(exit),          SCMP_SYS(exit_group)});
    // abort() and raise(): signals to itself.
    filter.allow(SCMP_SYS(tgkill), {equal(0, static_cast<std::uint64_t>(::getpid()))});
    // What the C library asks in passing and can do without. Signals stay as they are: the limit of
    // processor time is one, and so is the answer to a refused call.
    filter.refuse(EPERM, {SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(prlimit64),
                          SCMP_SYS(sched_getaffinity), SCMP_SYS(uname)});
    filter.refuse(ENOTTY, {SCMP_SYS(ioctl)});
}

// By the dynamic loader once a file is open, and by what puts on the rest of the filter.
void allow_code(Filter& filter) {
    filter.allow({SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(dup), SCMP_SYS(seccomp)});
    // Never memory that can be written and run.
    filter.allow(SCMP_SYS(mmap), {masked(2, PROT_EXEC | PROT_WRITE, PROT_EXEC)});
    filter.allow(SCMP_SYS(mmap), {masked(2, PROT_EXEC, 0)});
    filter.allow(SCMP_SYS(mprotect), {masked(2, PROT_EXEC | PROT_WRITE, PROT_EXEC)});
    filter.allow(SCMP_SYS(prctl), {equal(0, /*PR_SET_SECCOMP*/ 22)});
    filter.allow(SCMP_SYS(prctl), {equal(0, /*PR_GET_SECCOMP*/ 21)});
}

// By the dynamic loader that looks for libraries. A path cannot be told from another here: that is
// Landlock's part, and why a plugin's own code does not run yet.
void allow_files(Filter& filter) {
    constexpr std::uint64_t kReadOnly = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
    filter.allow(SCMP_SYS(openat), {masked(2, kReadOnly, O_RDONLY)});
    filter.allow(SCMP_SYS(open), {masked(1, kReadOnly, O_RDONLY)});
    filter.allow({SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(stat), SCMP_SYS(lstat),
                  SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
                  SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(getcwd), SCMP_SYS(fcntl),
                  SCMP_SYS(geteuid), SCMP_SYS(getuid), SCMP_SYS(arch_prctl),
                  SCMP_SYS(landlock_create_ruleset), SCMP_SYS(landlock_add_rule),
                  SCMP_SYS(landlock_restrict_self)});
}

}  // namespace

Result<> filter_syscalls(Allowed allowed, int frames_fd) {
    Filter filter;
    allow_computing(filter, frames_fd);
    if (allowed != Allowed::kComputing) allow_code(filter);
    if (allowed == Allowed::kLibraries) allow_files(filter);
    if (const int failed = filter.load(); failed < 0)
        return fail(Errc::kUnsupported, "the kernel cannot filter system calls (seccomp): " +
                                            std::generic_category().message(-failed));
    return {};
}

std::string syscall_name(int number) {
    const std::unique_ptr<char, decltype(&std::free)> name(
        seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number), &std::free);
    return name ? name.get() : "system call " + std::to_string(number);
}

}  // namespace kontor::sandbox
