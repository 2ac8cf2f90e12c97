# Kontor's SDK for authors of connectors: find_package(kontor-sdk). It comes as sources, so that no
# library has to fit a compiler.
include(CMakeFindDependencyMacro)
find_dependency(nlohmann_json 3.11)

if(NOT TARGET kontor::sdk)
  file(GLOB kontor_sdk_sources ${CMAKE_CURRENT_LIST_DIR}/connectors/sdk/*.cpp)
  add_library(kontor_sdk STATIC ${kontor_sdk_sources})
  add_library(kontor::sdk ALIAS kontor_sdk)
  target_include_directories(kontor_sdk PUBLIC ${CMAKE_CURRENT_LIST_DIR})
  target_compile_features(kontor_sdk PUBLIC cxx_std_20)
  target_link_libraries(kontor_sdk PUBLIC nlohmann_json::nlohmann_json)
  set_target_properties(kontor_sdk PROPERTIES POSITION_INDEPENDENT_CODE ON
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endif()

# kontor_sdk_add_connector(name SOURCES...)
# NAME.so, which exports nothing but its entry.
set(KONTOR_SDK_EXPORTS ${CMAKE_CURRENT_LIST_DIR}/connectors/sdk/exports.map)
function(kontor_sdk_add_connector name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE kontor::sdk)
  # The standard library's templates are visible by default.
  target_link_options(${name} PRIVATE -Wl,--version-script=${KONTOR_SDK_EXPORTS})
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".so"
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()
