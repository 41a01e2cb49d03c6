# cmake -D WORK=DIR -P rr_library_test.cmake: rr_library takes dependencies on lower floors and stops the configuration
# at every other.

# expect(FOLDER DEPS [MESSAGE]): configures; without MESSAGE it must succeed, with it fail saying MESSAGE.
function(expect FOLDER DEPS)
  file(REMOVE_RECURSE ${WORK})
  execute_process(
    COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${WORK} -D FOLDER=${FOLDER} -D "DEPS=${DEPS}"
    RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  if(ARGC EQUAL 2 AND NOT status EQUAL 0)
    message(SEND_ERROR "${FOLDER} with '${DEPS}' was refused: ${said}")
  elseif(ARGC GREATER 2 AND status EQUAL 0)
    message(SEND_ERROR "${FOLDER} with '${DEPS}' was taken")
  elseif(ARGC GREATER 2)
    string(FIND "${said}" "${ARGV2}" place)
    if(place EQUAL -1)
      message(SEND_ERROR "${FOLDER} with '${DEPS}' was refused without '${ARGV2}': ${said}")
    endif()
  endif()
endfunction()

expect(engine "base;kernels;model")
expect(engine "schedule" "rr_library(engine): 'schedule' is not on a lower floor")     # upward
expect(text "checkpoint" "rr_library(text): 'checkpoint' is not on a lower floor")     # sideways
expect(engine "base;http" "rr_library(engine): 'http' is not on a lower floor")        # after a good one
expect(engine "nowhere" "rr_library(engine): 'nowhere' is not on a lower floor")
expect(attic "base" "rr_library(attic): the folder has no floor")
