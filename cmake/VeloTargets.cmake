# fmt as a library of ours: see cmake/fmt.cc.
add_library(velo_fmt STATIC ${PROJECT_SOURCE_DIR}/cmake/fmt.cc)

# velo_add_library(NAME SOURCES … [DEPENDS …] [PRIVATE_DEPENDS …])
#   One folder of src/velo: a static library velo_NAME that shares the precompiled header.
# velo_add_test(NAME SOURCES … [DEPENDS …] [LABEL unit])
#   One test program; ctest sees each of its cases. Label: unit unless said.
set(VELO_UNIT_TESTS_OF "" CACHE STRING "Folders of src/velo whose tests are built, instead of all of them")
set(VELO_FUZZ_TARGETS_OF "" CACHE STRING "Folders of src/velo whose fuzz targets are built, where not all tests are")
add_library(velo_pch OBJECT ${PROJECT_SOURCE_DIR}/cmake/pch.cc)
target_precompile_headers(velo_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch.h)
target_link_libraries(velo_pch PRIVATE Velo::arrow velo_fmt velo_flags)
target_include_directories(velo_pch PRIVATE ${PROJECT_SOURCE_DIR}/include
  ${PROJECT_SOURCE_DIR}/src)

# Tests are compiled as far as their speed matters, which is half of what the library takes.
add_library(velo_test_pch OBJECT EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/cmake/pch.cc)
target_precompile_headers(velo_test_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/test_pch.h)
target_compile_options(velo_test_pch PRIVATE $<$<CONFIG:Release>:-O1>)
if(VELO_BUILD_TESTS)
  target_link_libraries(velo_test_pch PRIVATE Velo::arrow velo_fmt velo_flags GTest::gmock)
endif()

# velo_use_test_pch(TARGET): compile a target of tests as the header above was compiled.
function(velo_use_test_pch name)
  # GCC refuses a header of another kind.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC $<$<CONFIG:Release>:-O1>)
  target_precompile_headers(${name} REUSE_FROM velo_test_pch)
endfunction()

# velo_is_chosen(RESULT FOLDERS): whether the tests of this folder are built, where only those of FOLDERS are.
function(velo_is_chosen result folders)
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/src/velo OUTPUT_VARIABLE path)
  string(REGEX REPLACE "/.*" "" folder "${path}")
  set(is_chosen ${VELO_BUILD_TESTS})
  if(VELO_UNIT_TESTS_OF AND NOT folder IN_LIST folders)
    set(is_chosen OFF)
  endif()
  set(${result} ${is_chosen} PARENT_SCOPE)
endfunction()

# All test programs and fuzz targets.
add_custom_target(velo_tests)

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
  velo_is_chosen(is_chosen "${VELO_UNIT_TESTS_OF}")
  if(NOT is_chosen)
    return()
  endif()
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;DEPENDS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  add_dependencies(velo_tests ${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} velo_flags GTest::gmock_main)
  velo_use_test_pch(${name})
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
  if(NOT VELO_BUILD_TESTS OR VELO_UNIT_TESTS_OF)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SERVERS" ${ARGN})
  set(name ${connector}_conformance)
  add_executable(${name} ${connector}/conformance_test.cc)
  add_dependencies(velo_tests ${name})
  target_link_libraries(${name} PRIVATE velo_conformance velo_${connector} velo_flags)
  velo_use_test_pch(${name})
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
  velo_is_chosen(is_chosen "${VELO_FUZZ_TARGETS_OF}")
  if(NOT is_chosen)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  add_dependencies(velo_tests ${name})
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
