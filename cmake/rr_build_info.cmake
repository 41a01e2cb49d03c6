# Run at every build (cmake -P): writes build_info.cpp when the commit has changed.
# Wants SOURCE_DIR, OUTPUT, VERSION, COMPILER.
execute_process(
  COMMAND git -C ${SOURCE_DIR} describe --always --dirty --abbrev=12
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT commit)
  set(commit "unknown")
endif()
set(text "// Made by cmake/rr_build_info.cmake.
#include \"cli/build_info.h\"

namespace rr::cli {

const BuildInfo& build_info() {
  static const BuildInfo info{
      \"${VERSION}\", \"${commit}\", \"${COMPILER}\", \"${SOURCE_DIR}\"};
  return info;
}

}  // namespace rr::cli
")
file(WRITE ${OUTPUT}.new "${text}")
execute_process(COMMAND ${CMAKE_COMMAND} -E copy_if_different ${OUTPUT}.new ${OUTPUT})
