#include "tests/simulation/under_way.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string_view>

// Of the sanitizers, where there is one: what they report ends a process without a signal.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace kontor::simulation {
namespace {

constexpr std::array kFaults{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr std::array kOrders{SIGTERM, SIGINT, SIGHUP, SIGQUIT};  ///< the seed may be a good one

UnderWay* g_under_way = nullptr;
std::string g_repeat;  // made before any signal comes
std::array<struct sigaction, 65> g_before;

// Nothing but write() may be called where a signal has come.
void say(std::string_view text) {
    while (!text.empty()) {
        const auto written = write(STDOUT_FILENO, text.data(), text.size());
        if (written <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

void say(std::uint64_t number) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    say(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
}

void say_where(std::string_view what, std::string_view why, int signal) {
    if (g_under_way == nullptr || !g_under_way->busy || g_under_way->told.exchange(true)) return;
    const std::uint64_t seed = g_under_way->seed;
    say("\nseed ");
    say(seed);
    say(what);
    say("\n  ");
    say(why);
    if (signal > 0) say(static_cast<std::uint64_t>(signal));
    say("\n  repeat: ");
    say(g_repeat);
    say(seed);
    say("\n");
}

void on_signal(int signal, siginfo_t* info, void* /*context*/) {
    if (is_order(signal))
        say_where(" was under way", "ended by signal ", signal);
    else if (signal == SIGALRM)
        say_where(" FAILED", "hangs: it does not end", 0);
    else
        say_where(" FAILED", "crash: signal ", signal);
    // Then what would have come of it, a sanitizer's report too: a fault comes again by itself.
    sigaction(signal, &g_before[static_cast<std::size_t>(signal)], nullptr);
    if (info->si_code <= 0 || signal == SIGALRM || is_order(signal)) raise(signal);
}

void on_death() {
    say_where(" FAILED", "crash: a sanitizer has ended it", 0);
}

}  // namespace

bool is_order(int signal) {
    for (const int one : kOrders)
        if (one == signal) return true;
    return false;
}

UnderWay* share_under_way() {
    void* memory =
        mmap(nullptr, sizeof(UnderWay), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("no memory to share");
    return new (memory) UnderWay;
}

void name_seed_at_end(UnderWay& under_way, const std::string& repeat) {
    g_under_way = &under_way;
    g_repeat = repeat;
    // A stack that has overflown cannot tell.
    static std::array<char, 64 * 1024> room;
    stack_t stack{};
    if (sigaltstack(nullptr, &stack) == 0 && (stack.ss_flags & SS_DISABLE) != 0) {
        stack = {};
        stack.ss_sp = room.data();
        stack.ss_size = room.size();
        sigaltstack(&stack, nullptr);
    }
    struct sigaction action {};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    const auto take = [&](int signal) {
        sigaction(signal, &action, &g_before[static_cast<std::size_t>(signal)]);
    };
    for (const int signal : kFaults) take(signal);
    for (const int signal : kOrders) take(signal);
    take(SIGALRM);
    if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(on_death);
}

void name_no_seed() {
    g_under_way = nullptr;
}

std::string told_of_crash(std::uint64_t seed, const std::string& why, const std::string& repeat) {
    return "\nseed " + std::to_string(seed) + " FAILED\n  " + why + "\n  repeat: " + repeat +
           std::to_string(seed) + "\n";
}

AtSeed::AtSeed(UnderWay& under_way, std::uint64_t seed, unsigned seconds) : under_way_(under_way) {
    under_way_.seed = seed;
    under_way_.busy = true;
    alarm(seconds);
}

void AtSeed::take_time() {
    alarm(0);
}

AtSeed::~AtSeed() {
    alarm(0);
    under_way_.busy = false;
}

}  // namespace kontor::simulation
