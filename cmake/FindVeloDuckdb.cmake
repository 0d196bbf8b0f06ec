# Finds DuckDB's C header, as the imported target Velo::duckdb_header, and its shared library, as
# VELO_DUCKDB_LIBRARY: a path, or "" where the loader finds it by its name.
#
# VELO_DUCKDB_ROOT, made by dev/bootstrap, holds both; without it an installed DuckDB is used.
# Nothing links the library: it is opened on first use.
if(VELO_DUCKDB_ROOT)
  set(header "${VELO_DUCKDB_ROOT}/include")
  set(VELO_DUCKDB_LIBRARY "${VELO_DUCKDB_ROOT}/lib/libduckdb.so")
else()
  find_path(VELO_DUCKDB_INCLUDE duckdb.h)
  set(header "${VELO_DUCKDB_INCLUDE}")
  set(VELO_DUCKDB_LIBRARY "")
endif()
if(NOT EXISTS "${header}/duckdb.h")
  message(FATAL_ERROR "DuckDB's duckdb.h is neither installed nor in VELO_DUCKDB_ROOT "
    "(${VELO_DUCKDB_ROOT}). Run dev/build, which gets it.")
endif()
add_library(Velo::duckdb_header INTERFACE IMPORTED)
target_include_directories(Velo::duckdb_header SYSTEM INTERFACE "${header}")
message(STATUS "DuckDB: header in ${header}")
