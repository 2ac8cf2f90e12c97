#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/abi/kontor_connector.h"
#include "connectors/abi/record_batch.hpp"
#include "connectors/host/batch_decoder.hpp"
#include "connectors/host/budgets.hpp"
#include "connectors/host/library.hpp"
#include "connectors/host/services.hpp"
#include "sync/remote/remote.hpp"

namespace kontor::host {

/// The engine's Remote on top of a plugin's C functions. Whatever the plugin returns is checked;
/// its errors become ours, with its explanation. What the plugin does not offer is kUnsupported.
class PluginRemote final : public remote::Remote {
public:
    struct Parts {
        std::shared_ptr<const Library> library;
        Services& services;
        Budgets& budgets;
        const Sleeper& sleeper;
        std::shared_ptr<const void> owner;  ///< of the references; released after the instance
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
    Result<std::vector<remote::PushResult>> push(std::string_view stream,
                                                 std::span<const remote::Change> changes) override;
    void serve_writes(bool on) override;
    [[nodiscard]] remote::Credits credits() const override;

private:
    PluginRemote(Parts parts, kontor_instance* instance)
        : parts_(std::move(parts)), instance_(instance) {}

    Result<remote::Capabilities> capabilities(std::string_view stream);
    Result<> fetch_some(std::string_view stream, std::span<const std::string> fields,
                        std::span<const std::string> ids, remote::RecordSink& sink);

    Parts parts_;
    kontor_instance* instance_;
    std::optional<std::vector<remote::StreamSpec>> streams_;
    abi::BatchWriter writer_;
};

}  // namespace kontor::host
