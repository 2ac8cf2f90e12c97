#pragma once

#include <memory>
#include <optional>
#include <string>

#include "connectors/host/child_process.hpp"
#include "connectors/host/connector.hpp"
#include "connectors/host/conversation.hpp"
#include "connectors/host/wire.hpp"

namespace kontor::host {

/// A plugin in a process of its own, which has put on its sandbox (connectors/sandbox). A process
/// that breaks a rule or a limit is killed; from then on every call says why.
class ProcessConnector final : public Connector {
public:
    [[nodiscard]] static Result<std::unique_ptr<Connector>> start(const std::string& plugin,
                                                                  const Isolation& isolation);
    ~ProcessConnector() override;

    [[nodiscard]] const PluginInfo& info() const override { return info_; }
    void serve(const kontor_host& host) override;
    [[nodiscard]] Result<Reply> call(Function function, std::string_view first,
                                     std::string_view second) override;

private:
    ProcessConnector(ChildProcess child, UniqueFd socket, const Isolation& isolation);
    [[nodiscard]] Error end(Error why);

    const Isolation isolation_;
    ChildProcess child_;
    SocketWire wire_;
    Conversation conversation_;
    PluginInfo info_;
    const kontor_host* host_ = nullptr;
    std::optional<Error> ended_;
};

}  // namespace kontor::host
