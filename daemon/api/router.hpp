#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/http.hpp"

namespace kontor::api {

/// What a route may cost: decides on which threads it runs.
enum class Cost {
    kLight,  ///< one record: runs on the loop, for handing it over would take longer than doing it
    kBrief,  ///< some records written: on the loop if nobody has to be waited for, else on a pool
    kQuick,  ///< database work
    kSlow,   ///< may wait for a remote, or take as long as a user's SQL
};

using Handler = std::function<Result<ApiResponse>(const ApiRequest&)>;

/// Finds the function for a request. Filled at start, then only read: thread-safe from then on.
class Router {
public:
    /// `pattern`: "/api/v1/records/{entity}/{id}?names&fields", with the names of the query's
    /// parameters; a request with any other is refused, for who misspells a filter would get
    /// everything. A literal segment goes before a {name}.
    void add(std::string_view method, std::string_view pattern, Handler handler,
             Cost cost = Cost::kQuick);

    /// `tell` hears of what any handler that is added from then on fails with.
    void on_failure(std::function<void(const Error&)> tell) { failed_ = std::move(tell); }

    struct Route {
        std::string method;
        std::vector<std::string> segments;
        std::vector<std::string> parameters;  ///< of the query
        Handler handler;
        Cost cost = Cost::kQuick;
    };
    /// The route, with `request.params` filled in; nullptr if there is none. `other_method` is set
    /// if the path exists with another method.
    [[nodiscard]] const Route* find(ApiRequest& request, bool& other_method) const;

    [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

private:
    std::function<void(const Error&)> failed_;
    std::vector<Route> routes_;
};

/// Calls the route's handler. Always gives an answer: errors and exceptions become problems.
[[nodiscard]] ApiResponse answer(const Router::Route& route, const ApiRequest& request);
/// The same; nullopt if `request.may_wait` is false and it would have to.
[[nodiscard]] std::optional<ApiResponse> answer_at_once(const Router::Route& route,
                                                        const ApiRequest& request);

}  // namespace kontor::api
