#pragma once

#include <memory>

#include "connectors/host/connector.hpp"
#include "connectors/host/plugin_instance.hpp"

namespace kontor::host {

/// A plugin in this process.
class LoadedConnector final : public Connector {
public:
    explicit LoadedConnector(std::shared_ptr<const Library> library)
        : plugin_(std::move(library)) {}

    [[nodiscard]] const PluginInfo& info() const override { return plugin_.info(); }
    void serve(const kontor_host& host) override { host_ = &host; }
    [[nodiscard]] Result<Reply> call(Function function, std::string_view first,
                                     std::string_view second) override;

private:
    PluginInstance plugin_;
    const kontor_host* host_ = nullptr;
};

}  // namespace kontor::host
