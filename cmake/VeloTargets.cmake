# fmt as a library of ours: see cmake/fmt.cc.
add_library(velo_fmt STATIC ${PROJECT_SOURCE_DIR}/cmake/fmt.cc)

# velo_add_library(NAME SOURCES … [DEPENDS …] [PRIVATE_DEPENDS …])
#   One folder of src/velo: a static library velo_NAME that shares the precompiled header.
# velo_add_test(NAME SOURCES … [DEPENDS …] [LABEL unit])
#   One test program; ctest sees each of its cases. Label: unit unless said.
add_library(velo_pch OBJECT ${PROJECT_SOURCE_DIR}/cmake/pch.cc)
target_precompile_headers(velo_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch.h)
target_link_libraries(velo_pch PRIVATE Velo::arrow velo_fmt velo_flags)
target_include_directories(velo_pch PRIVATE ${PROJECT_SOURCE_DIR}/include
  ${PROJECT_SOURCE_DIR}/src)

function(velo_add_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(velo_${name} STATIC ${ARG_SOURCES})
  target_include_directories(velo_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include
    ${PROJECT_SOURCE_DIR}/src ${PROJECT_BINARY_DIR}/generated)
  target_link_libraries(velo_${name} PUBLIC Velo::arrow velo_fmt ${ARG_DEPENDS}
    PRIVATE velo_flags ${ARG_PRIVATE_DEPENDS})
  target_precompile_headers(velo_${name} REUSE_FROM velo_pch)
  set_property(GLOBAL APPEND PROPERTY VELO_LIBRARIES velo_${name})
  set_property(GLOBAL APPEND PROPERTY VELO_EXTERNALS ${ARG_PRIVATE_DEPENDS})
endfunction()

function(velo_add_test name)
  if(NOT VELO_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;DEPENDS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} velo_flags GTest::gmock_main)
  # As the precompiled header was compiled: GCC refuses one of another kind.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  target_precompile_headers(${name} REUSE_FROM velo_pch)
  # Parameters name their tests; their bytes would only follow.
  gtest_discover_tests(${name} NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${ARG_LABEL}
    ENVIRONMENT "VELO_SOURCE_DIR=${PROJECT_SOURCE_DIR};VELO_BUILD_DIR=${PROJECT_BINARY_DIR}")
endfunction()

# velo_add_conformance_test(CONNECTOR [SERVERS name …])
#   CONNECTOR/conformance_test.cc: what every source and sink does (testing/conformance), as
#   one test, CONNECTOR_conformance. Label: unit; with SERVERS, integration and server.NAME,
#   which dev/test starts.
function(velo_add_conformance_test connector)
  if(NOT VELO_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SERVERS" ${ARGN})
  set(name ${connector}_conformance)
  add_executable(${name} ${connector}/conformance_test.cc)
  target_link_libraries(${name} PRIVATE velo_conformance velo_${connector} velo_flags)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  target_precompile_headers(${name} REUSE_FROM velo_pch)
  set(labels unit)
  if(ARG_SERVERS)
    list(TRANSFORM ARG_SERVERS PREPEND server. OUTPUT_VARIABLE labels)
    list(PREPEND labels integration)
  endif()
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT 300
    ENVIRONMENT "VELO_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
endfunction()

option(VELO_LIBFUZZER "Link the fuzz targets with libFuzzer, which takes Clang" OFF)
if(VELO_LIBFUZZER)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "VELO_LIBFUZZER takes Clang: CC=clang CXX=clang++ cmake …")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# velo_add_fuzz_target(NAME SOURCES … [DEPENDS …])
#   SOURCES define LLVMFuzzerTestOneInput. The test replays fuzz/corpus/NAME and
#   fuzz/regressions/NAME and then seeded changes of them (fuzz/replay_main.cc). With
#   VELO_LIBFUZZER the program is libFuzzer's, to be run by hand; the test only replays.
function(velo_add_fuzz_target name)
  if(NOT VELO_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} velo_flags)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  target_precompile_headers(${name} REUSE_FROM velo_pch)
  if(VELO_LIBFUZZER)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set(runs -runs=0)
  else()
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/replay_main.cc)
  endif()
  foreach(kind corpus regressions)
    set(folder ${PROJECT_SOURCE_DIR}/fuzz/${kind}/${name})
    if(EXISTS ${folder})
      list(APPEND folders ${folder})
    endif()
  endforeach()
  add_test(NAME ${name} COMMAND ${name} ${runs} ${folders})
  set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 120)
endfunction()
