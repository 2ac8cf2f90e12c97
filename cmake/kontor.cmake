# kontor_compile_alone(FILES...)
# Keeps files of the current folder out of batches (KONTOR_BATCH): they have file-local names that
# others of their target have too.
function(kontor_compile_alone)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# kontor_small_batches(TARGETS...)
# Eight files a batch and no more: others of these targets share a file-local name.
function(kontor_small_batches)
  set_target_properties(${ARGN} PROPERTIES UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# kontor_seldom_run(TARGETS...)
# -O1: their speed is nobody's matter, for they wait for people or a network, or run once. It takes the
# compiler little more than half as long as -O2.
function(kontor_seldom_run)
  foreach(target ${ARGN})
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  endforeach()
endfunction()

# kontor_add_library(name SOURCES... [PUBLIC libs...] [PRIVATE libs...])
# A static library kontor_NAME with the alias kontor::NAME and the project's flags.
function(kontor_add_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(kontor_${name} STATIC ${ARG_SOURCES})
  add_library(kontor::${name} ALIAS kontor_${name})
  target_include_directories(kontor_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(kontor_${name} PUBLIC ${ARG_PUBLIC}
    PRIVATE $<BUILD_INTERFACE:kontor_flags> $<BUILD_INTERFACE:kontor::precompiled> ${ARG_PRIVATE})
endfunction()

# kontor_add_connector(name SOURCES... [PRIVATE libs...])
# A loadable plugin lib/kontor/NAME.so that sees the SDK and nothing else of ours.
function(kontor_add_connector name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PRIVATE" ${ARGN})
  add_library(kontor_plugin_${name} MODULE ${ARG_SOURCES})
  set_target_properties(kontor_plugin_${name} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name}
    LIBRARY_OUTPUT_DIRECTORY ${KONTOR_PLUGIN_OUTPUT_DIRECTORY}
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_link_libraries(kontor_plugin_${name} PRIVATE
    kontor::connector_sdk kontor_flags kontor::precompiled ${ARG_PRIVATE})
  install(TARGETS kontor_plugin_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/kontor)
endfunction()

# kontor_heed_reports(TESTS...)
# A sanitizer's report on stderr fails them, also that of a process which they have started and whose
# end they take for an ordinary one.
function(kontor_heed_reports)
  if(KONTOR_SANITIZE)
    set_tests_properties(${ARGN} PROPERTIES
      FAIL_REGULAR_EXPRESSION "(ERROR|WARNING|FATAL): [A-Za-z]+Sanitizer: ;Sanitizer: CHECK failed;: runtime error: ")
  endif()
endfunction()

# kontor_add_test(name SOURCES... [PRIVATE libs...] [LABELS ...] [APART files...])
# A Catch2 program NAME_test, one ctest entry; cases of the sources APART are a second one, NAME_apart,
# so that a long program keeps two processors busy. The Catch2 main is compiled once. For each label L
# there is a target L_tests that builds what `ctest -L L` runs.
function(kontor_add_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PRIVATE;LABELS;APART" ${ARGN})
  add_executable(${name}_test ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE kontor_flags kontor::precompiled_test ${ARG_PRIVATE}
    kontor_test_main)
  set(tests ${name})
  if(ARG_APART)
    # Catch2 tags each case with its file's name: one entry has those with a tag, the other all else.
    list(TRANSFORM ARG_APART REPLACE "(.+)\\.cpp" "[#\\1]")
    list(JOIN ARG_APART "," apart)
    list(TRANSFORM ARG_APART PREPEND "~")
    list(JOIN ARG_APART "" others)
    add_test(NAME ${name} COMMAND ${name}_test --filenames-as-tags ${others})
    add_test(NAME ${name}_apart COMMAND ${name}_test --filenames-as-tags ${apart})
    list(APPEND tests ${name}_apart)
  else()
    add_test(NAME ${name} COMMAND ${name}_test)
  endif()
  set_tests_properties(${tests} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 1200
    ENVIRONMENT "TSAN_OPTIONS=print_suppressions=0:suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp")
  kontor_heed_reports(${tests})
  foreach(label ${ARG_LABELS})
    if(NOT TARGET ${label}_tests)
      add_custom_target(${label}_tests)
    endif()
    add_dependencies(${label}_tests ${name}_test)
  endforeach()
endfunction()

# kontor_add_postgres_test(name SOURCES... [PRIVATE libs...])
# The same, run beside a real PostgreSQL that is its own (tests/support/postgres_server.py).
function(kontor_add_postgres_test name)
  find_package(Python3 COMPONENTS Interpreter REQUIRED)
  cmake_parse_arguments(ARG "" "" "SOURCES;PRIVATE" ${ARGN})
  add_executable(${name}_test ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE kontor_flags kontor::precompiled_test ${ARG_PRIVATE}
    kontor_test_main)
  add_test(NAME ${name} COMMAND Python3::Interpreter
    ${CMAKE_SOURCE_DIR}/tests/support/postgres_server.py $<TARGET_FILE:${name}_test>)
  set_tests_properties(${name} PROPERTIES LABELS "postgres" TIMEOUT 600)
  kontor_heed_reports(${name})
  if(NOT TARGET postgres_tests)
    add_custom_target(postgres_tests)
  endif()
  add_dependencies(postgres_tests ${name}_test)
endfunction()
