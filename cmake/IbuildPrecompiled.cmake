# The standard headers that nearly every file reads, precompiled: about half of the compile time of an unoptimised build.
option(IBUILD_PCH "Precompile the standard headers" OFF)

# ibuild_precompile(<target> [<header>…]): for a target with several sources.
function(ibuild_precompile target)
  if(IBUILD_PCH)
    target_precompile_headers(${target} PRIVATE
      <algorithm> <chrono> <compare> <cstdint> <functional> <map> <memory> <optional> <set> <span> <stop_token> <string>
      <string_view> <utility> <variant> <vector> ${ARGN})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      # For ccache: the header's bytes count, not its time.
      target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    endif()
  endif()
endfunction()
