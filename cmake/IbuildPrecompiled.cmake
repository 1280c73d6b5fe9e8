# The standard headers that nearly every file reads, precompiled: about half of the compile time of an unoptimised build.
option(IBUILD_PCH "Precompile the standard headers" OFF)

# Large headers of some files. Clang takes from a precompiled header what a file needs, and so they cost the others nothing; GCC reads all of it.
set(ibuild_large_headers)
set(ibuild_large_libraries)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(ibuild_large_headers <nlohmann/json.hpp> <fmt/format.h>)
  set(ibuild_large_libraries nlohmann_json::nlohmann_json ibuild_fmt)
endif()

# ibuild_precompiled(<target> [<header>…]): a library of nothing but those headers, and of others, for targets with the same options.
function(ibuild_precompiled target)
  if(NOT IBUILD_PCH)
    return()
  endif()
  set(empty "${CMAKE_CURRENT_BINARY_DIR}/${target}.cc")
  file(CONFIGURE OUTPUT "${empty}" CONTENT "")
  add_library(${target} OBJECT "${empty}")
  target_link_libraries(${target} PRIVATE ibuild_warnings ${ibuild_large_libraries} Threads::Threads)
  target_precompile_headers(${target} PRIVATE
    <algorithm> <chrono> <compare> <cstdint> <functional> <map> <memory> <optional> <set> <span> <stop_token> <string>
    <string_view> <utility> <variant> <vector> ${ibuild_large_headers} ${ARGN})
  ibuild_keep_time_out(${target})
endfunction()

# ibuild_precompile(<target> <precompiled>): for a target with several sources.
function(ibuild_precompile target precompiled)
  if(IBUILD_PCH)
    target_precompile_headers(${target} REUSE_FROM ${precompiled})
    ibuild_keep_time_out(${target})
  endif()
endfunction()

# For ccache: the header's bytes count, not its time.
function(ibuild_keep_time_out target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()
