# Build options and the flags that every target of the project gets.

option(RR_BENCH "Build bench/" OFF)
option(RR_FUZZ "Build the libFuzzer programs of fuzz/ too (needs Clang)" OFF)
set(RR_SANITIZE "" CACHE STRING "Comma-separated sanitizers, as for -fsanitize=")

find_program(RR_CCACHE ccache)
if(RR_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${RR_CCACHE})
endif()

# Floating-point results are part of the contract: no contraction that the source does not ask for.
add_compile_options(-Wall -Wextra -Wpedantic -Werror -ffp-contract=off -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-restrict)  # GCC 12 reports false ones in std::string (bug 105651)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wthread-safety)
endif()

if(RR_SANITIZE)
  add_compile_options(-fsanitize=${RR_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RR_SANITIZE})
  # Optimised sanitizer builds keep the test run short.
  add_compile_options(-O1)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-maybe-uninitialized)  # GCC 12 reports false ones under -fsanitize
    if(RR_SANITIZE MATCHES "thread")
      add_compile_options(-Wno-tsan)  # Asio's fences; its queues are guarded by mutexes, which tsan sees
    endif()
  endif()
endif()
