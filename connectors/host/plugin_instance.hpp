#pragma once

#include <memory>
#include <string_view>

#include "connectors/host/function.hpp"
#include "connectors/host/library.hpp"

namespace kontor::host {

/// A plugin's code in this process, and the one instance that is open. One thread at a time.
class PluginInstance {
public:
    explicit PluginInstance(std::shared_ptr<const Library> library);
    ~PluginInstance();  ///< closes
    PluginInstance(const PluginInstance&) = delete;
    PluginInstance& operator=(const PluginInstance&) = delete;

    [[nodiscard]] const PluginInfo& info() const { return info_; }

    /// Calls a function with the arguments that it has in the contract, in order (open: the
    /// configuration). The plugin's exceptions are KONTOR_E_INTERNAL; a function that it lacks is
    /// KONTOR_E_UNSUPPORTED; one that needs an instance and has none, KONTOR_E_INVALID. `host` must
    /// live until kClose.
    [[nodiscard]] Reply call(Function function, const kontor_host& host, std::string_view first,
                             std::string_view second) noexcept;

private:
    [[nodiscard]] Reply run(Function function, const kontor_host& host, kontor_str first,
                            kontor_str second);
    void close() noexcept;

    std::shared_ptr<const Library> library_;
    PluginInfo info_;
    kontor_instance* instance_ = nullptr;
};

}  // namespace kontor::host
