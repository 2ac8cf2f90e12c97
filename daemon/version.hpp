#pragma once

namespace kontor {

/// As in the project's CMakeLists.txt.
inline constexpr const char* kVersion = KONTOR_VERSION;

}  // namespace kontor
