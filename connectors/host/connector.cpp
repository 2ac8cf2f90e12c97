#include "connectors/host/connector.hpp"

#include "connectors/host/loaded_connector.hpp"
#include "connectors/host/process_connector.hpp"

namespace kontor::host {

Result<std::unique_ptr<Connector>> start_connector(const std::string& path,
                                                   const Isolation& isolation) {
    if (isolation.own_process) return ProcessConnector::start(path, isolation);
    auto library = Library::load(path);
    if (!library) return pass(library);
    return std::unique_ptr<Connector>(std::make_unique<LoadedConnector>(std::move(*library)));
}

}  // namespace kontor::host
