# How a folder becomes a library, a program or a test. The layers of the architecture are enforced here:
# every library has an include view of its own folder only, so that a header of a library that is not
# linked is not found.

find_package(PkgConfig REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(SECP256K1 REQUIRED IMPORTED_TARGET libsecp256k1)
pkg_check_modules(CRYPTOPP REQUIRED IMPORTED_TARGET libcrypto++)
pkg_check_modules(ZMQ REQUIRED IMPORTED_TARGET libzmq)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb)
pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)
find_package(GTest)

find_program(CCACHE ccache)
if(CCACHE)
  # Relative paths: one cache serves every clone.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

add_library(rondo_options INTERFACE)
target_compile_options(rondo_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
target_compile_definitions(rondo_options INTERFACE MSGPACK_NO_BOOST BOOST_ASIO_DISABLE_CONCEPTS)
find_program(LLD ld.lld)
if(LLD)
  target_link_options(rondo_options INTERFACE -fuse-ld=lld)
endif()
if(RONDO_SANITIZE_ADDRESS)
  target_compile_options(rondo_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(rondo_options INTERFACE -fsanitize=address,undefined)
elseif(RONDO_SANITIZE_THREAD)
  target_compile_options(rondo_options INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(rondo_options INTERFACE -fsanitize=thread)
endif()

# The one precompiled header: the standard library and 256-bit integers. Nothing of ours.
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/pch.cpp CONTENT "")
add_library(rondo_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cpp)
target_link_libraries(rondo_pch PRIVATE rondo_options)
target_precompile_headers(rondo_pch PRIVATE
  <algorithm> <array> <chrono> <cstdint> <deque> <functional> <map> <memory> <optional> <set> <span> <string>
  <string_view> <tuple> <unordered_map> <variant> <vector> <tl/expected.hpp> <boost/multiprecision/cpp_int.hpp>)

# The include view of a folder: a directory that holds nothing but a link to it, at its path in the repository.
function(rondo_view target folder)
  set(view ${CMAKE_BINARY_DIR}/view/${target})
  cmake_path(GET folder PARENT_PATH parent)
  file(MAKE_DIRECTORY ${view}/${parent})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${folder} ${view}/${folder} SYMBOLIC)
  target_include_directories(${target} PUBLIC ${view})
endfunction()

# rondo_library(NAME FOLDER path/in/repo [SOURCES a.cpp ...] [DEPENDS our_libs ...] [PRIVATE_DEPENDS our_libs ...] [EXTERNAL third_party ...])
# SOURCES default to every .cpp directly in the folder, main.cpp left out. EXTERNAL is linked PRIVATE.
function(rondo_library name)
  cmake_parse_arguments(ARG "" "FOLDER" "SOURCES;DEPENDS;PRIVATE_DEPENDS;EXTERNAL" ${ARGN})
  if(NOT ARG_SOURCES)
    file(GLOB ARG_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${ARG_FOLDER}/*.cpp)
    list(FILTER ARG_SOURCES EXCLUDE REGEX "/main\\.cpp$")
  endif()
  add_library(${name} STATIC ${ARG_SOURCES} ${CMAKE_BINARY_DIR}/pch.cpp)
  rondo_view(${name} ${ARG_FOLDER})
  target_link_libraries(${name} PUBLIC ${ARG_DEPENDS} PRIVATE rondo_options ${ARG_PRIVATE_DEPENDS} ${ARG_EXTERNAL})
  target_precompile_headers(${name} REUSE_FROM rondo_pch)
endfunction()

# rondo_program(NAME SOURCES main.cpp ... DEPENDS our_libs ... [EXTERNAL third_party ...])
# `programs` builds what a network runs on, without tests and benchmarks.
add_custom_target(programs)
function(rondo_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;EXTERNAL" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  if(NOT CMAKE_CURRENT_SOURCE_DIR MATCHES "/(tests|bench)(/|$)")
    add_dependencies(programs ${name})
    if(NOT RONDO_SANITIZE_ADDRESS AND NOT RONDO_SANITIZE_THREAD)
      # The allocator: what one thread allocates here another frees, and execution frees much at once. No symbol of it is named.
      target_link_libraries(${name} PRIVATE -Wl,--push-state,--no-as-needed PkgConfig::JEMALLOC -Wl,--pop-state)
    endif()
  endif()
  target_link_libraries(${name} PRIVATE rondo_options ${ARG_DEPENDS} ${ARG_EXTERNAL})
  target_precompile_headers(${name} REUSE_FROM rondo_pch)
endfunction()

# rondo_test(NAME [SOURCES ...] DEPENDS our_libs ... [EXTERNAL ...]): one GoogleTest program, run by tests/run.sh.
# SOURCES default to every .cpp of the current folder.
function(rondo_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;EXTERNAL" ${ARGN})
  if(NOT ARG_SOURCES)
    file(GLOB ARG_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  endif()
  add_executable(${name} ${ARG_SOURCES} ${CMAKE_BINARY_DIR}/pch.cpp)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE rondo_options ${ARG_DEPENDS} ${ARG_EXTERNAL} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE RONDO_DATA_DIR="${RONDO_DATA_DIR}" RONDO_SOURCE_DIR="${CMAKE_SOURCE_DIR}" RONDO_BUILD_DIR="${CMAKE_BINARY_DIR}")
  add_test(NAME ${name} COMMAND ${name})
endfunction()

# rondo_coroutines(SOURCES...): Clang 14 does not compile coroutines under -fsanitize=function, a part of undefined
# (llvm-project issue 49689).
function(rondo_coroutines)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS -fno-sanitize=function)
  endif()
endfunction()
