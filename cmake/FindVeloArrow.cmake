# Finds Arrow C++ with Parquet, as the imported targets Velo::arrow, Velo::arrow_compute, Velo::parquet.
#
# An installed Arrow of the pinned major is used when find_package(Arrow) sees one. Else
# VELO_ARROW_ROOT, made by dev/bootstrap, holds private copies of the libraries of the pinned
# pyarrow wheel, lib/libvelo_*.so.<major>00, and its headers, include/. In the copies namespace
# arrow is velo_arrow, so that another Arrow can live in the same process
# (docs/adr/0002-arrow-in-the-process.md); VELO_ARROW_DEFINITIONS tells the compiler.
if(NOT VELO_ARROW_ROOT)
  find_package(Arrow ${ARROW_VERSION_PINNED} CONFIG QUIET)
  find_package(Parquet CONFIG QUIET)
endif()
if(Arrow_FOUND AND Parquet_FOUND AND Arrow_VERSION_MAJOR EQUAL ARROW_MAJOR)
  message(STATUS "Arrow ${Arrow_VERSION}: installed")
  foreach(name arrow arrow_compute parquet)
    add_library(Velo::${name} INTERFACE IMPORTED)
  endforeach()
  target_link_libraries(Velo::arrow INTERFACE Arrow::arrow_shared)
  target_link_libraries(Velo::arrow_compute INTERFACE ArrowCompute::arrow_compute_shared)
  target_link_libraries(Velo::parquet INTERFACE Parquet::parquet_shared)
  set(VELO_ARROW_BUNDLED FALSE)
else()
  set(VELO_ARROW_DEFINITIONS arrow=velo_arrow arrow_vendored=velo_arrow_vendored
    parquet=velo_parquet)
  foreach(name arrow arrow_compute parquet)
    file(GLOB library "${VELO_ARROW_ROOT}/lib/libvelo_${name}.so.${ARROW_MAJOR}[0-9]*")
    if(NOT library)
      message(FATAL_ERROR "Arrow C++ ${ARROW_MAJOR} is neither installed nor in "
        "VELO_ARROW_ROOT (${VELO_ARROW_ROOT}). Run dev/build, which gets it.")
    endif()
    add_library(Velo::${name} SHARED IMPORTED)
    set_target_properties(Velo::${name} PROPERTIES IMPORTED_LOCATION "${library}")
    target_include_directories(Velo::${name} SYSTEM INTERFACE "${VELO_ARROW_ROOT}/include")
    target_compile_definitions(Velo::${name} INTERFACE ${VELO_ARROW_DEFINITIONS})
  endforeach()
  target_link_libraries(Velo::arrow_compute INTERFACE Velo::arrow)
  target_link_libraries(Velo::parquet INTERFACE Velo::arrow)
  message(STATUS "Arrow ${ARROW_VERSION_PINNED}: from ${VELO_ARROW_ROOT}")
  set(VELO_ARROW_BUNDLED TRUE)
endif()
