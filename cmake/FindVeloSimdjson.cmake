# Makes velo_simdjson, a static library of simdjson that is ours alone.
#
# VELO_SIMDJSON_ROOT, made by dev/bootstrap, holds the single-file release: simdjson.h and
# simdjson.cpp. Arrow's libparquet exports a simdjson of its own version, so ours is compiled
# under another namespace, hidden. It is optimised in every build, as the debug one is 20 times
# slower, and never sanitized, which takes the compiler ten minutes.
set(VELO_SIMDJSON_ROOT "" CACHE PATH "Folder of simdjson.h and simdjson.cpp")
if(NOT EXISTS "${VELO_SIMDJSON_ROOT}/simdjson.cpp")
  message(FATAL_ERROR "simdjson.cpp is not in VELO_SIMDJSON_ROOT (${VELO_SIMDJSON_ROOT}). "
    "Run dev/build, which gets it.")
endif()
add_library(velo_simdjson STATIC "${VELO_SIMDJSON_ROOT}/simdjson.cpp")
target_include_directories(velo_simdjson SYSTEM PUBLIC "${VELO_SIMDJSON_ROOT}")
target_compile_definitions(velo_simdjson PUBLIC simdjson=velo_simdjson SIMDJSON_EXCEPTIONS=0)
target_compile_options(velo_simdjson PRIVATE -O2 -w -fvisibility=hidden
  -fno-sanitize=all)
