#include "daemon/backup/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>

#include "connectors/host/atomic_file.hpp"
#include "connectors/host/unique_fd.hpp"

namespace kontor::backup {
namespace {

using host::UniqueFd;

constexpr std::size_t kErrorsMax = 16 * 1024;
constexpr std::size_t kInputMax = 32 * 1024;  // less than a pipe holds: nobody has to wait
constexpr int kFirstInput = 3;
constexpr int kOutOfTheWay = 64;  // descriptors that are free in the child
constexpr int kAskEveryMs = 500;
constexpr std::chrono::seconds kPatience{10};

struct Pipe {
    UniqueFd read, write;
};

Result<Pipe> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return tl::unexpected<Error>(host::system_error("make a pipe", errno));
    Pipe low{UniqueFd(ends[0]), UniqueFd(ends[1])};
    Pipe out{UniqueFd(::fcntl(low.read.get(), F_DUPFD_CLOEXEC, kOutOfTheWay)),
             UniqueFd(::fcntl(low.write.get(), F_DUPFD_CLOEXEC, kOutOfTheWay))};
    if (!out.read || !out.write)
        return tl::unexpected<Error>(host::system_error("make a pipe", errno));
    return out;
}

Result<UniqueFd> input_of(const std::string& text) {
    if (text.size() > kInputMax) return fail(Errc::kInvalid, "an input is too long");
    auto pipe = make_pipe();
    if (!pipe) return pass(pipe);
    if (::write(pipe->write.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        return tl::unexpected<Error>(host::system_error("write to a pipe", errno));
    return std::move(pipe->read);
}

/// What posix_spawn() is told; freed at its end.
class Start {
public:
    Start() {
        ::posix_spawn_file_actions_init(&files_);
        ::posix_spawnattr_init(&attributes_);
        sigset_t none, all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        // A group of its own: Ctrl-C is ours to handle, and its children end with it.
        ::posix_spawnattr_setpgroup(&attributes_, 0);
        ::posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        ::posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    }
    ~Start() {
        ::posix_spawn_file_actions_destroy(&files_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    Start(const Start&) = delete;
    Start& operator=(const Start&) = delete;

    void give(const UniqueFd& from, int as) {
        ::posix_spawn_file_actions_adddup2(&files_, from.get(), as);
    }
    /// Else a child that outlives us would hold our sockets and locks.
    void close_from(int first) { ::posix_spawn_file_actions_addclosefrom_np(&files_, first); }
    void run_in(const std::string& folder) {
        ::posix_spawn_file_actions_addchdir_np(&files_, folder.c_str());
    }
    Result<pid_t> run(const Program& program) {
        std::vector<std::string> words{program.path};
        words.insert(words.end(), program.arguments.begin(), program.arguments.end());
        auto environment = program.environment;
        const auto pointers = [](std::vector<std::string>& texts) {
            std::vector<char*> out;
            out.reserve(texts.size() + 1);
            for (auto& text : texts) out.push_back(text.data());
            out.push_back(nullptr);
            return out;
        };
        pid_t pid = -1;
        const int failed = ::posix_spawnp(&pid, program.path.c_str(), &files_, &attributes_,
                                          pointers(words).data(), pointers(environment).data());
        if (failed == ENOENT)
            return fail(Errc::kNotFound, "the program " + program.path + " is not installed",
                        {{"program", program.path}, {"reason", "backup_program"}});
        if (failed != 0)
            return tl::unexpected<Error>(host::system_error("start " + program.path, failed));
        return pid;
    }

private:
    posix_spawn_file_actions_t files_{};
    posix_spawnattr_t attributes_{};
};

/// Cuts what arrives into lines.
class Lines {
public:
    explicit Lines(const std::function<void(std::string_view)>& line) : line_(line) {}
    void add(std::string_view piece) {
        rest_ += piece;
        std::size_t from = 0;
        for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', from)) {
            if (line_) line_(std::string_view(rest_).substr(from, end - from));
            from = end + 1;
        }
        rest_.erase(0, from);
    }
    void finish() {
        if (!rest_.empty() && line_) line_(rest_);
    }

private:
    const std::function<void(std::string_view)>& line_;
    std::string rest_;
};

/// A running child: ended with this object at the latest.
class Child {
public:
    explicit Child(pid_t pid) : pid_(pid) {}
    ~Child() {
        if (pid_ < 0) return;
        tell(SIGKILL);
        static_cast<void>(wait());
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    void tell(int signal) const { ::kill(-pid_, signal); }
    int wait() {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
        constexpr int kSignalled = 128;
        return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
    }

private:
    pid_t pid_;
};

}  // namespace

Result<Ended> run_program(const Program& program,
                          const std::function<void(std::string_view line)>& line,
                          const std::function<bool()>& cancelled) {
    Start start;
    auto out = make_pipe();
    if (!out) return pass(out);
    auto errors = make_pipe();
    if (!errors) return pass(errors);
    start.give(out->write, STDOUT_FILENO);
    start.give(errors->write, STDERR_FILENO);
    std::vector<UniqueFd> inputs;
    for (const auto& text : program.inputs) {
        auto input = input_of(text);
        if (!input) return pass(input);
        start.give(*input, kFirstInput + static_cast<int>(inputs.size()));
        inputs.push_back(std::move(*input));
    }
    start.close_from(kFirstInput + static_cast<int>(inputs.size()));
    if (!program.folder.empty()) start.run_in(program.folder);
    auto pid = start.run(program);
    if (!pid) return pass(pid);
    Child child(*pid);
    out->write.reset();
    errors->write.reset();
    inputs.clear();

    Ended ended;
    Lines lines(line);
    std::optional<std::chrono::steady_clock::time_point> asked_to_end;
    bool was_cancelled = false;
    const auto ask_to_end = [&] {
        child.tell(SIGINT);
        asked_to_end = std::chrono::steady_clock::now();
    };
    std::array<char, 16 * 1024> piece{};
    std::array<pollfd, 2> ends{pollfd{out->read.get(), POLLIN, 0},
                               pollfd{errors->read.get(), POLLIN, 0}};
    while (ends[0].fd >= 0 || ends[1].fd >= 0) {
        if (::poll(ends.data(), ends.size(), kAskEveryMs) < 0 && errno != EINTR)
            return tl::unexpected<Error>(host::system_error("wait for " + program.path, errno));
        for (auto& end : ends) {
            if (end.fd < 0 || end.revents == 0) continue;
            const auto got = ::read(end.fd, piece.data(), piece.size());
            if (got <= 0) {
                if (got == 0 || errno != EINTR) end.fd = -1;
                continue;
            }
            const std::string_view text(piece.data(), static_cast<std::size_t>(got));
            if (end.fd == out->read.get()) {
                lines.add(text);
                continue;
            }
            if (asked_to_end) continue;  // it tells of the interruption, not of the trouble
            ended.errors += text;
            if (ended.errors.size() > kErrorsMax)
                ended.errors.erase(0, ended.errors.size() - kErrorsMax);
            if (!asked_to_end && program.hopeless && program.hopeless(ended.errors)) ask_to_end();
        }
        if (!asked_to_end && cancelled && cancelled()) {
            ask_to_end();
            was_cancelled = true;
        } else if (asked_to_end && std::chrono::steady_clock::now() - *asked_to_end > kPatience) {
            child.tell(SIGKILL);
        }
    }
    lines.finish();
    ended.code = child.wait();
    if (was_cancelled) return fail(Errc::kCancelled, program.path + " was interrupted");
    return ended;
}

}  // namespace kontor::backup
