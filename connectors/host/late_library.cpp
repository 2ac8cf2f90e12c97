#include "connectors/host/late_library.hpp"

#include <dlfcn.h>

#include <stdexcept>

namespace kontor::host {
namespace {

std::string linker_reason() {
    const char* reason = ::dlerror();
    return reason != nullptr ? reason : "unknown reason";
}

}  // namespace

Result<> LateLibrary::open() const {
    if (handle_ != nullptr) return {};
    // Two threads may both get here: the handle is the same.
    void* handle = ::dlopen(name_, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr)
        return fail(Errc::kUnavailable,
                    std::string(name_) + " cannot be opened: " + linker_reason());
    handle_ = handle;
    return {};
}

void* LateLibrary::find(const char* name) const {
    if (auto opened = open(); !opened) throw std::runtime_error(opened.error().message);
    void* found = ::dlsym(handle_, name);
    if (found == nullptr) throw std::runtime_error(std::string(name_) + ": " + linker_reason());
    return found;
}

}  // namespace kontor::host
