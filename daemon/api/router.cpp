#include "daemon/api/router.hpp"

#include <algorithm>
#include <exception>
#include <new>

namespace kontor::api {
namespace {

// The parts after the first character; a final separator makes an empty one.
std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> out;
    std::size_t at = 1;
    while (at <= text.size()) {
        const auto end = std::min(text.find(separator, at), text.size());
        out.emplace_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

// An empty segment matches nothing.
std::vector<std::string> segments_of(std::string_view path) {
    return split(path, '/');
}

Result<> check_parameters(const Router::Route& route, const ApiRequest& request) {
    for (const auto& [name, value] : request.query)
        if (std::ranges::find(route.parameters, name) == route.parameters.end())
            return fail(Errc::kInvalid, "no such parameter: " + name,
                        {{"reason", "no_parameter"}, {"parameter", name}});
    return {};
}

// What goes wrong with a connection that the path names tells its name, and so does what to do.
Error about_connection(Error error, const Router::Route& route, const ApiRequest& request) {
    for (std::size_t i = 0; i + 1 < route.segments.size(); ++i)
        if (route.segments[i] == "connections" && route.segments[i + 1] == "{name}")
            error.args.emplace("connection", request.param("name"));
    return error;
}

bool is_name(const std::string& segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// Number of literal segments, or -1 if it does not match.
int match(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
    if (pattern.size() != path.size()) return -1;
    int literal = 0;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (path[i].empty()) return -1;
        if (is_name(pattern[i])) continue;
        if (pattern[i] != path[i]) return -1;
        ++literal;
    }
    return literal;
}

}  // namespace

void Router::add(std::string_view method, std::string_view pattern, Handler handler, Cost cost) {
    if (failed_)
        handler = [tell = failed_, handle = std::move(handler)](const ApiRequest& request) {
            auto made = handle(request);
            if (!made) tell(made.error());
            return made;
        };
    const auto query = std::min(pattern.find('?'), pattern.size());
    routes_.push_back(Route{std::string(method), segments_of(pattern.substr(0, query)),
                            split(pattern.substr(query), '&'), std::move(handler), cost});
}

const Router::Route* Router::find(ApiRequest& request, bool& other_method) const {
    const auto path = segments_of(request.path);
    const Route* best = nullptr;
    int best_literal = -1;
    other_method = false;
    for (const auto& route : routes_) {
        const int literal = match(route.segments, path);
        if (literal < 0) continue;
        if (route.method != request.method) {
            other_method = true;
        } else if (literal > best_literal) {
            best = &route;
            best_literal = literal;
        }
    }
    if (best == nullptr) return nullptr;
    for (std::size_t i = 0; i < path.size(); ++i) {
        const auto& segment = best->segments[i];
        if (is_name(segment)) request.params[segment.substr(1, segment.size() - 2)] = path[i];
    }
    return best;
}

std::optional<ApiResponse> answer_at_once(const Router::Route& route, const ApiRequest& request) {
    // The one place where exceptions of libraries that a handler missed become an answer.
    try {
        if (auto known = check_parameters(route, request); !known)
            return problem(known.error(), request.language);
        auto made = route.handler(request);
        if (made) return std::move(*made);
        if (!request.may_wait && made.error().code == Errc::kBusy) return std::nullopt;
        return problem(about_connection(std::move(made.error()), route, request), request.language);
    } catch (const std::bad_alloc&) {
        return problem(Error{Errc::kInternal, "out of memory", {}, std::nullopt}, request.language);
    } catch (const std::exception& error) {
        return problem(Error{Errc::kInternal, error.what(), {}, std::nullopt}, request.language);
    }
}

ApiResponse answer(const Router::Route& route, const ApiRequest& request) {
    return answer_at_once(route, request).value();
}

}  // namespace kontor::api
