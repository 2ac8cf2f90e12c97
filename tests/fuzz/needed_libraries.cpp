// A file that says that it is a plugin: what it names as needed is read before anything of it runs.
#include "connectors/host/needed_libraries.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const int file = ::memfd_create("plugin", MFD_CLOEXEC);
    must_hold(file >= 0 && ::ftruncate(file, 0) == 0);
    must_hold(::pwrite(file, data, size, 0) == static_cast<ssize_t>(size));
    const auto found = kontor::host::needed_libraries("/proc/self/fd/" + std::to_string(file));
    if (!found) {
        must_hold(found.error().code == kontor::Errc::kInvalid);
        return 0;
    }
    must_hold(found->size() <= 64);
    for (const auto& name : *found) {
        must_hold(!name.empty() && name.size() < 256);
        must_hold(name.find('/') == std::string::npos && name.find('\0') == std::string::npos);
    }
    return 0;
}
