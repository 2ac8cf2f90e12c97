#pragma once
// One API request on its way through the handlers.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/peers/base/message.hpp"

namespace kontor::peer::zoho {

struct Call {
    const Request& request;
    Parameters query;
    std::vector<std::string> path;    ///< decoded segments behind /crm/vN
    std::function<void(int)> charge;  ///< takes credits; throws ApiError 429 when there are none

    // What the log shows.
    std::string module;
    int credits = 0;
    int written = 0;

    std::optional<std::string_view> parameter(std::string_view name) const {
        return find_parameter(query, name);
    }
    std::optional<std::string_view> header(std::string_view name) const {
        return find_header(request.headers, name);
    }
};

}  // namespace kontor::peer::zoho
