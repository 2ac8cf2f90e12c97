// kontor-connector: loads one plugin, puts on its sandbox, and does what kontord asks of it over a
// socket (connectors/frames). Started by kontord; never by a person.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>

#include "connectors/frames/frame.hpp"
#include "connectors/host/needed_libraries.hpp"
#include "connectors/host/plugin_instance.hpp"
#include "connectors/host/unique_fd.hpp"
#include "connectors/process/host_stub.hpp"
#include "connectors/process/last_word.hpp"
#include "connectors/process/pipe.hpp"
#include "connectors/process/refused_calls.hpp"
#include "connectors/sandbox/landlock.hpp"
#include "connectors/sandbox/resource_limits.hpp"
#include "connectors/sandbox/syscall_filter.hpp"

namespace kontor::process {
namespace {

using frames::Kind;
using host::Function;

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;

#ifdef KONTOR_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

struct Arguments {
    std::string plugin;
    int landlock = 0;  ///< the level to use
    std::uint64_t memory_mb = 0;
};

template <class Number>
bool read_number(const char* text, Number& out) {
    const char* end = text + std::strlen(text);
    return std::from_chars(text, end, out).ptr == end;
}

std::optional<Arguments> read_arguments(int count, char** texts) {
    Arguments out;
    struct stat status {};
    if (count != 4 || !read_number(texts[2], out.landlock) ||
        !read_number(texts[3], out.memory_mb) || ::fstat(frames::kProcessFd, &status) != 0 ||
        !S_ISSOCK(status.st_mode))
        return std::nullopt;
    out.plugin = texts[1];
    return out;
}

void require(const Result<>& done) {
    if (!done) not_secured(done.error());
}

void require_call(int result, const char* what) {
    if (result != 0) not_secured({Errc::kInternal, std::string(what) + " failed", {}, {}});
}

// What a plugin never has, whatever is loaded.
void give_up_the_usual(const Arguments& arguments) {
    require_call(::prctl(PR_SET_PDEATHSIG, SIGKILL), "PR_SET_PDEATHSIG");
    require_call(::prctl(PR_SET_DUMPABLE, 0), "PR_SET_DUMPABLE");
    require_call(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
    require_call(::close_range(frames::kProcessFd + 1, ~0U, 0), "close_range");
    // Words of the C library about a crash may hold customer data. A sanitizer's are wanted.
    if (!kSanitized) ::dup2(STDOUT_FILENO, STDERR_FILENO);
    require(sandbox::limit_resources(arguments.memory_mb * kMebibyte, kSanitized));
}

// What the dynamic loader reads, and nothing else.
std::vector<std::string> code_folders(const std::string& plugin) {
    std::error_code failed;
    const auto real = std::filesystem::canonical(plugin, failed);
    return {plugin,     real.string(), "/lib",           "/lib64",
            "/usr/lib", "/usr/lib64",  "/usr/local/lib", "/etc/ld.so.cache"};
}

// What the plugin needs of the system, before any of the plugin's code runs.
void load_libraries(const std::string& plugin) {
    const auto names = host::needed_libraries(plugin);
    if (!names) not_loaded(names.error());
    for (const auto& name : *names)
        if (::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) {
            const char* const reason = ::dlerror();
            not_loaded({Errc::kInvalid,
                        "plugin " + plugin + " cannot be loaded: " + (reason ? reason : name),
                        {{"path", plugin}},
                        {}});
        }
}

// A plugin's constructors run while it is loaded: when no file can be opened any more. Its own is
// open by then.
std::shared_ptr<const host::Library> load(const Arguments& arguments) {
    const auto plugin = std::filesystem::absolute(arguments.plugin).string();
    // Later no file can be read: what libraries ask of the machine is settled now. mktime() looks
    // at the machine's time zone each time unless it is told one.
    ::setenv("TZ", "UTC0", 1);
    ::tzset();
    ::setlocale(LC_CTYPE, "C.UTF-8");
    end_at_refused_calls();
    require(sandbox::restrict_files(arguments.landlock, code_folders(plugin)));
    require(sandbox::filter_syscalls(sandbox::Allowed::kLibraries, frames::kProcessFd));
    load_libraries(plugin);
    const host::UniqueFd file(::open(plugin.c_str(), O_RDONLY | O_CLOEXEC));
    require(sandbox::restrict_files(arguments.landlock, {}));
    require(sandbox::filter_syscalls(sandbox::Allowed::kPlugin, frames::kProcessFd));
    hand_over_file(plugin.c_str(), file.get());
    auto library = host::Library::load(plugin);
    hand_over_file(nullptr, -1);
    if (!library) not_loaded(library.error());
    require(sandbox::filter_syscalls(sandbox::Allowed::kComputing, frames::kProcessFd));
    return std::move(*library);
}

[[noreturn]] void serve(host::PluginInstance& plugin, Pipe& pipe) {
    HostStub host(pipe);
    const auto& info = plugin.info();
    pipe.send({.kind = Kind::kHello,
               .numbers = {KONTOR_ABI_VERSION, info.functions},
               .texts = {info.name, info.version, info.spec_json}});
    while (true) {
        const auto call = pipe.receive();
        if (call.kind != Kind::kCall || call.code >= host::kFunctions) ::_exit(1);
        host.in_call(call.call);
        // The plugin's calls of the host reuse the buffer that these lie in.
        const std::string first(call.texts[0]), second(call.texts[1]);
        auto reply = plugin.call(static_cast<Function>(call.code), host.table(), first, second);
        const auto refused = host.settle();
        if (reply.status == KONTOR_OK) reply.status = refused;
        const auto& out = reply.out;
        pipe.send(
            {.kind = Kind::kReturn,
             .call = call.call,
             .numbers = {reply.status, reply.complete ? 1 : 0},
             .texts = {out.data ? std::string_view(out.data, out.size) : std::string_view()}});
        pipe.trim();
    }
}

}  // namespace
}  // namespace kontor::process

int main(int count, char** texts) {
    using namespace kontor::process;
    const auto arguments = read_arguments(count, texts);
    if (!arguments) {
        std::fputs("kontor-connector is started by kontord, not by hand. See kontord(8).\n",
                   stderr);
        return 2;
    }
    give_up_the_usual(*arguments);
    kontor::host::PluginInstance plugin(load(*arguments));
    Pipe pipe(kontor::frames::kProcessFd);
    serve(plugin, pipe);
}
