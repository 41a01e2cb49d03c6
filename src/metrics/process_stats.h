// What /proc says about this process, for the process_* metrics under the names that Prometheus
// client libraries share. A value that cannot be read is 0. Source: proc(5), /proc/self/{stat,
// limits,fd} and /proc/stat (btime). Thread-safe; one call reads five small files.
// Tested by process_stats_test.cpp.
#pragma once

namespace rr::metrics {

struct ProcessStats {
  double cpu_seconds = 0;  // user and system
  double start_time_seconds = 0;
  double resident_bytes = 0;
  double virtual_bytes = 0;
  double open_fds = 0;
  double max_fds = 0;
  double threads = 0;
};

ProcessStats read_process_stats();

}  // namespace rr::metrics
