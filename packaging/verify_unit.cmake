# systemd-analyze verify of a unit whose program is not installed yet: a copy names one that exists.
# Its exit code is 0 for most mistakes, so that any line about our unit counts.
file(MAKE_DIRECTORY ${SCRATCH})
file(READ ${UNIT} text)
string(REGEX REPLACE "ExecStart=[^\n]*" "ExecStart=${PROGRAM}" text "${text}")
file(WRITE ${SCRATCH}/kontord.service "${text}")
set(mode "")
if(KIND STREQUAL "user")
  set(mode --user)
  set(ENV{XDG_RUNTIME_DIR} ${SCRATCH})
endif()
execute_process(COMMAND ${ANALYZE} verify ${mode} --man=no --recursive-errors=no
    ${SCRATCH}/kontord.service
  OUTPUT_VARIABLE out ERROR_VARIABLE out RESULT_VARIABLE code)
string(REGEX MATCHALL "[^\n]*kontord\\.service[^\n]*" ours "${out}")
if(NOT code EQUAL 0 OR ours)
  message(FATAL_ERROR "systemd-analyze verify: ${code}\n${out}")
endif()
