#include "connectors/host/loaded_connector.hpp"

namespace kontor::host {

Result<Reply> LoadedConnector::call(Function function, std::string_view first,
                                    std::string_view second) {
    if (!host_) return fail(Errc::kInternal, "a connector is called before it is served");
    return plugin_.call(function, *host_, first, second);
}

}  // namespace kontor::host
