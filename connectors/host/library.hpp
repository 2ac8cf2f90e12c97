#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "connectors/abi/kontor_connector.h"
#include "sync/base/result.hpp"

namespace kontor::host {

/// Whether the file may be run: kNotFound, kInvalid, kPermission (others could change it).
[[nodiscard]] Result<> check_plugin_file(const std::string& path);

/// A loaded plugin. Whoever holds an instance of it must hold the library too; it is unloaded when
/// the last holder goes.
class Library {
public:
    /// kNotFound, kPermission (others could change the file), kInvalid (no plugin at all),
    /// kUnsupported (built for another ABI: both versions and the file are named).
    [[nodiscard]] static Result<std::shared_ptr<const Library>> load(const std::string& path);
    ~Library();
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string name() const;
    [[nodiscard]] std::string version() const;
    [[nodiscard]] std::string spec_json() const;

    /// A function of the plugin; nullptr if it has none, or is older than that member.
    template <class F>
    [[nodiscard]] F function(F kontor_connector::*member) const {
        const auto offset =
            static_cast<std::size_t>(reinterpret_cast<const char*>(&(connector_->*member)) -
                                     reinterpret_cast<const char*>(connector_));
        return offset + sizeof(F) <= connector_->size ? connector_->*member : nullptr;
    }

private:
    Library(void* handle, const kontor_connector* connector, std::string path)
        : handle_(handle), connector_(connector), path_(std::move(path)) {}

    void* handle_;
    const kontor_connector* connector_;
    std::string path_;
};

}  // namespace kontor::host
