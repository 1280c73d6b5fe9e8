# What of Debian's libraries comes as an archive is linked into the programs, the others stay shared: a program that draws in 27 shared libraries
# spends most of a short life on loading them. Distributions, which mend libraries in place, leave it off. See docs/adr/0013-static-libraries.md.
option(IBUILD_STATIC_LIBRARIES "Link libraries statically where there is an archive" OFF)

# All of libarchive, for tests that write archives too. Named before the rooms, it serves them as well.
add_library(ibuild_whole_libarchive INTERFACE)
target_link_libraries(ibuild_whole_libarchive INTERFACE ${archive_LINK_LIBRARIES})

# These two have no archive, but can be had as headers alone.
add_library(ibuild_fmt INTERFACE)
add_library(ibuild_toml INTERFACE)
if(NOT IBUILD_STATIC_LIBRARIES)
  target_link_libraries(ibuild_fmt INTERFACE fmt::fmt)
  target_link_libraries(ibuild_toml INTERFACE tomlplusplus::tomlplusplus)
  return()
endif()
target_link_libraries(ibuild_fmt INTERFACE fmt::fmt-header-only)
target_compile_definitions(ibuild_toml INTERFACE TOML_HEADER_ONLY=1)

# ibuild_link_archives(<imported target> <library>…): the target links lib<library>.a, in this order, in place of shared libraries.
function(ibuild_link_archives target)
  set(archives "")
  foreach(name IN LISTS ARGN)
    find_library(IBUILD_ARCHIVE_${name} lib${name}.a REQUIRED)
    list(APPEND archives "${IBUILD_ARCHIVE_${name}}")
  endforeach()
  set_target_properties(${target} PROPERTIES INTERFACE_LINK_LIBRARIES "${archives}")
endfunction()

# Of libarchive's readers only some are named, and only these are linked: neither libxml2 nor ICU come along.
ibuild_link_archives(PkgConfig::archive archive nettle bz2 lzma z)
ibuild_link_archives(PkgConfig::deflate deflate)
# Not zstd: its archive packs with one thread only.
ibuild_link_archives(PkgConfig::seccomp seccomp)
ibuild_link_archives(PkgConfig::yaml yaml)
ibuild_link_archives(PkgConfig::cap cap)

# ibuild_link_runtime(<program>): with the compiler's own libraries in it as well. For programs that draw in no shared library of C++: two
# C++ runtimes in one process do not know each other's exceptions.
function(ibuild_link_runtime program)
  target_link_options(${program} PRIVATE -static-libstdc++ -static-libgcc -Wl,--as-needed)
  if(NOT IBUILD_LLD)  # that of Debian 12 does not know it
    target_link_options(${program} PRIVATE -Wl,-z,pack-relative-relocs)
  endif()
endfunction()
