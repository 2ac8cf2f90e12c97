#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "connectors/abi/kontor_connector.h"
#include "connectors/abi/record_batch.hpp"
#include "connectors/host/batch_decoder.hpp"
#include "connectors/host/budgets.hpp"
#include "connectors/host/connector.hpp"
#include "connectors/host/services.hpp"
#include "sync/remote/remote.hpp"

namespace kontor::host {

/// The engine's Remote on top of a plugin's functions. Whatever the plugin returns is checked;
/// its errors become ours, with its explanation. What the plugin does not offer is kUnsupported.
class PluginRemote final : public remote::Remote {
public:
    struct Parts {
        std::string connection;  ///< its name, for errors
        std::unique_ptr<Connector> connector;
        Services& services;
        Budgets& budgets;
        const Sleeper& sleeper;
        std::shared_ptr<const void> owner;  ///< of the references; released after the connector
        /// Hears who has answered. May be empty.
        std::function<void(const remote::Identity&)> on_identity = {};
    };
    /// Opens an instance; `config` is what the plugin's open() takes.
    [[nodiscard]] static Result<std::unique_ptr<remote::Remote>> open(Parts parts,
                                                                      const std::string& config);
    ~PluginRemote() override;

    Result<remote::Identity> check() override;
    Result<std::vector<remote::StreamSpec>> describe() override;
    Result<std::string> pull(std::string_view stream, std::span<const std::string> fields,
                             std::string_view cursor, remote::RecordSink& sink) override;
    Result<bool> list_ids(std::string_view stream, remote::RecordSink& sink) override;
    Result<> fetch(std::string_view stream, std::span<const std::string> fields,
                   std::span<const std::string> ids, remote::RecordSink& sink) override;
    Result<> find(std::string_view stream, std::span<const std::string> fields,
                  std::string_view field, std::span<const std::string> values,
                  remote::RecordSink& sink) override;
    Exchange push_and_fetch(std::string_view stream, std::span<const remote::Change> changes,
                            std::span<const std::string> fields, std::span<const std::string> ids,
                            remote::RecordSink& sink) override;
    Result<std::vector<remote::PushResult>> push(std::string_view stream,
                                                 std::span<const remote::Change> changes) override;
    void serve_writes(bool on) override;
    [[nodiscard]] remote::Credits credits() const override;

private:
    explicit PluginRemote(Parts parts) : parts_(std::move(parts)) {}

    /// Runs a function of the plugin, whose records go to `emit` (may be null).
    Result<Reply> enter(Function function, std::string_view first, std::string_view second,
                        const Services::Emit* emit,
                        Services::Refusal refusal = Services::Refusal::kFailsCall) const;
    [[nodiscard]] bool has(Function function) const {
        return parts_.connector->info().has(function);
    }

    Result<remote::Capabilities> capabilities(std::string_view stream);
    /// `fetch`: the request's member of that name, or null.
    Result<std::vector<remote::PushResult>> push_with(std::string_view stream,
                                                      std::span<const remote::Change> changes,
                                                      const nlohmann::json* fetch,
                                                      const Services::Emit* emit);
    Result<> fetch_some(std::string_view stream, std::span<const std::string> fields,
                        std::span<const std::string> ids, remote::RecordSink& sink);

    Parts parts_;
    std::optional<std::vector<remote::StreamSpec>> streams_;
    abi::BatchWriter writer_;
};

}  // namespace kontor::host
