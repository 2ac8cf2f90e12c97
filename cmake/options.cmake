# Compiler, sanitizers, linker and where the results go. Nothing here depends on a target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 17)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(KONTOR_TESTS "Build the tests and the simulated peers" ON)
option(KONTOR_BENCH "Build the benchmarks" OFF)
option(KONTOR_FUZZ "Build the fuzz targets (clang only)" OFF)
option(KONTOR_BATCH "Compile 24 files at a time" OFF)
set(KONTOR_SANITIZE "" CACHE STRING "Value for -fsanitize=, empty for none")

# -O3 buys nothing measurable here and costs a fifth of the build time.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(KONTOR_PLUGIN_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/kontor)

# 24 files in one share what their headers cost. Good for a first build; where files change one
# by one, each is compiled alone.
set(CMAKE_UNITY_BUILD ${KONTOR_BATCH})
set(CMAKE_UNITY_BUILD_BATCH_SIZE 24)

find_program(CCACHE ccache)
if(CCACHE)
  # It has to be told that precompiled headers (precompiled.cmake) may be told apart by what they hold.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Our own targets get these through kontor_flags; third-party headers come in as SYSTEM.
add_library(kontor_flags INTERFACE)
target_include_directories(kontor_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(kontor_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor;-Woverloaded-virtual>
  -fstack-protector-strong -fvisibility=hidden)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False positives of g++ 12 on inlined standard containers at -O2.
  target_compile_options(kontor_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict;-Wno-maybe-uninitialized;-Wno-dangling-pointer>
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread>)
  if(KONTOR_BATCH)
    # It takes the files of a batch for headers. And it would look for memory to reuse again and again,
    # which is a tenth of its time: 0.9 instead of 0.7 GB at the largest batch.
    target_compile_options(kontor_flags INTERFACE
      $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage;--param=ggc-min-heapsize=600000>)
  endif()
endif()
if(KONTOR_SANITIZE)
  # -O0: the tests take a little longer and the build half as long as with -O1. Fuzzing lives on
  # inputs a second.
  add_compile_options(-fsanitize=${KONTOR_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all $<IF:$<BOOL:${KONTOR_FUZZ}>,-O1,-O0> -g1)
  add_link_options(-fsanitize=${KONTOR_SANITIZE})
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    # As one file of the Zoho connector needs it: precompiled headers are for one processor.
    add_compile_options(-march=westmere)
  endif()
  if(KONTOR_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # function: coroutines under clang 14. The others check each use of each pointer, which is a
    # fifth of the build's time: a null pointer that is read through ends the program under
    # AddressSanitizer anyhow; our targets allow unaligned access; and where an object is not of the
    # type that vptr expects, reading beyond its end is seen. Calls of members through null that
    # touch nothing, and wrong casts that stay inside, are what is given up.
    add_compile_options(-fno-sanitize=function,null,alignment,vptr)
  endif()
else()
  target_compile_definitions(kontor_flags INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>
    _GLIBCXX_ASSERTIONS)
  add_link_options(-Wl,-z,relro,-z,now)
endif()
