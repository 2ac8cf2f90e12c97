#include "daemon/api/router.hpp"

#include <exception>
#include <new>

namespace kontor::api {
namespace {

// Segments between the slashes; a final slash makes an empty one, which nothing matches.
std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> out;
    std::size_t at = 1;
    while (at <= path.size()) {
        const auto end = std::min(path.find('/', at), path.size());
        out.emplace_back(path.substr(at, end - at));
        at = end + 1;
    }
    return out;
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
    routes_.push_back(Route{std::string(method), split(pattern), std::move(handler), cost});
}

const Router::Route* Router::find(ApiRequest& request, bool& other_method) const {
    const auto path = split(request.path);
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
        auto made = route.handler(request);
        if (made) return std::move(*made);
        if (!request.may_wait && made.error().code == Errc::kBusy) return std::nullopt;
        return problem(made.error(), request.language);
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
