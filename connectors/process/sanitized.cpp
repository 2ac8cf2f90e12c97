// How the runtime of a sanitizer behaves in a connector's process, which gets no environment: a
// crash ends by its signal, as it does without one, and nothing is started, neither at the end to
// look for leaks nor for a report to name the functions (llvm-symbolizer does it of what is written
// there).
extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier)
const char* __asan_default_options() {
    return "symbolize=0:detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:"
           "handle_sigill=0:handle_abort=0:use_sigaltstack=0";
}
const char* __tsan_default_options() {
    return "symbolize=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:"
           "handle_abort=0:use_sigaltstack=0";
}
const char* __ubsan_default_options() {
    return "symbolize=0";
}
// NOLINTEND(bugprone-reserved-identifier)

}  // extern "C"
