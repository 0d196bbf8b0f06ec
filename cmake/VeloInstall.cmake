# What `cmake --install` puts under a prefix: a tree that works wherever it is moved.
#
#   bin/velo  lib/libvelo.so*  include/velo/  lib/cmake/velo/  lib/pkgconfig/velo.pc
#
# Libraries that dev/bootstrap fetched come along, beside libvelo, and so do Arrow's headers
# (include/velo-arrow), which libvelo's own include. Installed ones are left where they are.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

file(RELATIVE_PATH library_from_program "/${CMAKE_INSTALL_BINDIR}" "/${CMAKE_INSTALL_LIBDIR}")
set_target_properties(velo PROPERTIES INSTALL_RPATH "$ORIGIN")
set_target_properties(velo_program PROPERTIES INSTALL_RPATH "$ORIGIN/${library_from_program}")

install(TARGETS velo EXPORT veloTargets FILE_SET HEADERS)
install(TARGETS velo_program)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

if(VELO_ARROW_BUNDLED)
  get_target_property(arrow_library Velo::arrow IMPORTED_LOCATION)
  cmake_path(GET arrow_library FILENAME arrow_file)
  list(TRANSFORM VELO_ARROW_DEFINITIONS PREPEND "-D" OUTPUT_VARIABLE arrow_definitions)
  list(JOIN arrow_definitions " " arrow_definitions)
  set(pc_requires "")
  set(pc_libs " -l:${arrow_file}")
  set(pc_cflags " -I\${includedir}/velo-arrow ${arrow_definitions}")
else()
  set(pc_requires "Requires: arrow >= ${ARROW_MAJOR}\n")
endif()

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/velo)
install(EXPORT veloTargets NAMESPACE velo:: DESTINATION ${package})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/veloConfig.cmake.in
  ${PROJECT_BINARY_DIR}/generated/veloConfig.cmake INSTALL_DESTINATION ${package}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/generated/veloConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/generated/veloConfig.cmake
  ${PROJECT_BINARY_DIR}/generated/veloConfigVersion.cmake DESTINATION ${package})

file(RELATIVE_PATH prefix_from_pc "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" prefix_from_pc "${prefix_from_pc}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/velo.pc.in ${PROJECT_BINARY_DIR}/generated/velo.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/generated/velo.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(VELO_ARROW_BUNDLED)
  foreach(name arrow arrow_compute parquet)
    get_target_property(library Velo::${name} IMPORTED_LOCATION)
    list(APPEND bundled ${library})
  endforeach()
  # Without the parts whose libraries do not come along.
  install(DIRECTORY ${VELO_ARROW_ROOT}/include/arrow
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/velo-arrow
    FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp"
    PATTERN acero EXCLUDE PATTERN dataset EXCLUDE PATTERN engine EXCLUDE
    PATTERN flight EXCLUDE PATTERN python EXCLUDE PATTERN testing EXCLUDE)
endif()
if(VELO_DUCKDB_ROOT)
  list(APPEND bundled ${VELO_DUCKDB_ROOT}/lib/libduckdb.so)
endif()
foreach(library IN LISTS bundled)
  cmake_path(GET library FILENAME file)
  install(PROGRAMS ${library} DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(CODE "if(CMAKE_INSTALL_DO_STRIP)
    execute_process(COMMAND \"${CMAKE_STRIP}\" --strip-unneeded
      \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/${file}\" COMMAND_ERROR_IS_FATAL ANY)
  endif()")
endforeach()
