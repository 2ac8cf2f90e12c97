# Two precompiled headers, one for libraries and one for tests, for the sanitizer builds. With clang
# they take a quarter off each file. With g++ 12 they gain nothing, so that the release build does
# without and also proves that each file includes what it needs.
if(NOT KONTOR_PRECOMPILE)
  return()
endif()

# All is compiled alike, programs like libraries, so that one header serves all.
set(CMAKE_CXX_COMPILE_OPTIONS_PIE ${CMAKE_CXX_COMPILE_OPTIONS_PIC})
add_compile_options(-pthread)

# What most files include anyway: other headers would bring names in where nobody expects them
# (<filesystem>, for one, brings std::quoted).
set(headers <algorithm> <array> <chrono> <cstdint> <functional> <map> <memory> <optional> <string>
  <string_view> <utility> <vector> <tl/expected.hpp>)
file(WRITE ${CMAKE_BINARY_DIR}/precompiled.cpp "// Compiled with the precompiled headers.\n")
foreach(kind library test)
  add_library(kontor_${kind}_headers STATIC ${CMAKE_BINARY_DIR}/precompiled.cpp)
  target_link_libraries(kontor_${kind}_headers PRIVATE kontor_flags)
  target_precompile_headers(kontor_${kind}_headers PRIVATE ${headers}
    $<$<STREQUAL:${kind},test>:<catch2/catch.hpp$<ANGLE-R>>)
  # With times in them ccache would take every build's header for another.
  target_compile_options(kontor_${kind}_headers PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
endforeach()
