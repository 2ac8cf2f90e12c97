#include "connectors/host/library.hpp"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "connectors/host/atomic_file.hpp"

namespace kontor::host {
namespace {

std::string text(kontor_str value) {
    constexpr std::size_t kMax = std::size_t{1} << 20;
    return value.data && value.size <= kMax ? std::string(value.data, value.size) : std::string();
}

struct CloseLibrary {
    void operator()(void* handle) const { ::dlclose(handle); }
};

}  // namespace

// Code that others could replace is not run.
Result<> check_plugin_file(const std::string& path) {
    struct stat st {};
    if (::stat(path.c_str(), &st) != 0)
        return tl::unexpected(system_error("plugin " + path, errno));
    if (!S_ISREG(st.st_mode))
        return fail(Errc::kInvalid, "plugin " + path + " is not a file", {{"path", path}});
    if ((st.st_uid != 0 && st.st_uid != ::geteuid()) || (st.st_mode & S_IWOTH) != 0)
        return fail(Errc::kPermission, "plugin " + path + " can be changed by other users",
                    {{"path", path}});
    return {};
}

Result<std::shared_ptr<const Library>> Library::load(const std::string& path) {
    if (auto sound = check_plugin_file(path); !sound) return pass(sound);
    // A path without a slash would be searched for.
    const std::string exact = path.find('/') == std::string::npos ? "./" + path : path;
    std::unique_ptr<void, CloseLibrary> handle(::dlopen(exact.c_str(), RTLD_NOW | RTLD_LOCAL));
    if (!handle) {
        const char* reason = ::dlerror();
        return fail(Errc::kInvalid,
                    "plugin " + path + " cannot be loaded: " + (reason ? reason : "unknown reason"),
                    {{"path", path}});
    }
    const auto entry =
        reinterpret_cast<kontor_connector_entry_fn>(::dlsym(handle.get(), KONTOR_CONNECTOR_ENTRY));
    const kontor_connector* connector = entry ? entry() : nullptr;
    if (!connector || connector->size < offsetof(kontor_connector, spec))
        return fail(Errc::kInvalid, path + " is not a Kontor plugin", {{"path", path}});
    if (connector->abi_version != KONTOR_ABI_VERSION) {
        const auto theirs = std::to_string(connector->abi_version);
        const auto ours = std::to_string(KONTOR_ABI_VERSION);
        return fail(
            Errc::kUnsupported,
            "plugin " + path + " is built for ABI " + theirs + ", this program has ABI " + ours,
            {{"path", path}, {"plugin_abi", theirs}, {"host_abi", ours}});
    }
    std::shared_ptr<const Library> library(new Library(handle.get(), connector, path));
    handle.release();
    if (!library->function(&kontor_connector::spec) ||
        !library->function(&kontor_connector::open) ||
        !library->function(&kontor_connector::close) ||
        !library->function(&kontor_connector::describe))
        return fail(Errc::kInvalid, "plugin " + path + " lacks functions that every one must have",
                    {{"path", path}});
    return library;
}

Library::~Library() {
    ::dlclose(handle_);
}

std::string Library::name() const {
    return text(connector_->name);
}
std::string Library::version() const {
    return text(connector_->version);
}
std::string Library::spec_json() const {
    try {
        return text(connector_->spec());
    } catch (...) {  // against the contract
        return {};
    }
}

}  // namespace kontor::host
