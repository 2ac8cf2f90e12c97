# For the sanitizer builds, which are made from nothing for each change: what nearly every file includes
# is parsed once, and the functions of it that clang would put into every object without optimisation
# (-fpch-codegen) are compiled once, with -O1: that is 20 s of processor more for both headers, and a fifth less for
# every test. Saves three tenths of the compiler's time. g++ gains too little from precompiled headers here: 8 %
# of our libraries' units, 4 % of the tests', less 5 s for each set of flags, and they differ each time, so that
# ccache finds nothing. libFuzzer targets are optimised, and live on having those functions inlined.
#
# kontor::precompiled and kontor::precompiled_test are empty in all other builds.
function(kontor_precompile name)
  cmake_parse_arguments(ARG "" "PIC" "HEADERS" ${ARGN})
  add_library(kontor_${name} INTERFACE)
  add_library(kontor::${name} ALIAS kontor_${name})
  if(NOT KONTOR_SANITIZE OR KONTOR_FUZZ OR NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    return()
  endif()
  list(TRANSFORM ARG_HEADERS REPLACE "(.+)" "#include <\\1>" OUTPUT_VARIABLE includes)
  list(JOIN includes "\n" includes)
  set(header ${CMAKE_BINARY_DIR}/precompiled/${name}.hpp)
  set(pch ${header}.pch)
  set(object ${header}.o)
  file(CONFIGURE OUTPUT ${header} CONTENT "${includes}\n" @ONLY)

  # The flags that all files are compiled with; clang refuses a header that was made with others.
  separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_DEBUG}")
  get_directory_property(options COMPILE_OPTIONS)
  list(APPEND flags ${options} -std=c++20 -pthread ${ARG_PIC} -fstack-protector-strong -fvisibility=hidden)
  add_custom_command(OUTPUT ${pch}
    COMMAND ${CMAKE_CXX_COMPILER} ${flags} -x c++-header ${header} -o ${pch}
      -fpch-codegen -fpch-instantiate-templates -Xclang -fno-pch-timestamp
    DEPENDS ${header} VERBATIM)
  add_custom_command(OUTPUT ${object}
    COMMAND ${CMAKE_CXX_COMPILER} ${flags} -O1 -ffunction-sections -c ${pch} -o ${object}
    DEPENDS ${pch} VERBATIM)
  set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  add_library(kontor_${name}_object STATIC ${object} ${pch})
  set_target_properties(kontor_${name}_object PROPERTIES LINKER_LANGUAGE CXX)
  target_compile_options(kontor_${name} INTERFACE
    "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-pthread -include-pch ${pch} -Xclang -fno-pch-timestamp>")
  target_link_libraries(kontor_${name} INTERFACE kontor_${name}_object)
  # Among all functions of those headers are some that nobody calls, of the library's own innards.
  target_link_options(kontor_${name} INTERFACE -Wl,--gc-sections)
endfunction()

set(common algorithm array atomic charconv chrono condition_variable cstdint cstring deque filesystem
  fstream functional map memory mutex optional set span sstream string string_view thread
  unordered_map utility variant vector nlohmann/json.hpp)
kontor_precompile(precompiled PIC -fPIC HEADERS ${common})
kontor_precompile(precompiled_test PIC -fPIE HEADERS ${common} catch2/catch.hpp)
