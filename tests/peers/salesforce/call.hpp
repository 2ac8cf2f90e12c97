#pragma once
// One request of the API, taken apart.

#include <string>
#include <vector>

#include "tests/peers/base/message.hpp"
#include "tests/peers/salesforce/org.hpp"

namespace kontor::peer::salesforce {

struct Call {
    const Request& request;
    std::vector<std::string> path;  ///< behind /services/data/v60.0/
    Parameters query;
    Json body;  ///< null if there is none
    std::string user;
    std::string kind, object;  ///< for the log
    int written = 0;

    [[nodiscard]] bool is(const char* method) const { return request.method == method; }
    [[nodiscard]] std::string parameter(const char* name) const {
        return std::string(find_parameter(query, name).value_or(""));
    }
    [[nodiscard]] std::string part(std::size_t at) const {
        return at < path.size() ? path[at] : std::string();
    }
};

inline Response answer(int status, const Json& body) {
    Response out;
    out.status = status;
    out.headers.emplace_back("Content-Type", "application/json;charset=UTF-8");
    if (!body.is_null()) out.body = body.dump();
    return out;
}

inline ApiError not_found() {
    return {404, "NOT_FOUND", "The requested resource does not exist"};
}

inline constexpr const char* kRoot = "/services/data/v60.0";

}  // namespace kontor::peer::salesforce
