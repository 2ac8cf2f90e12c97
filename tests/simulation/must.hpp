#pragma once

#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "sync/base/result.hpp"

namespace kontor::simulation {

/// The value of what must work, whatever the scenario.
template <class T>
T must(Result<T> result, const char* doing) {
    if (!result) throw std::runtime_error(std::string(doing) + ": " + result.error().message);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace kontor::simulation
