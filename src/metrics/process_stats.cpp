#include "metrics/process_stats.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>

namespace rr::metrics {

namespace {

double boot_time_seconds() {
  std::ifstream file("/proc/stat");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("btime ", 0) == 0) {
      std::istringstream fields(line.substr(6));
      double seconds = 0;
      fields >> seconds;
      return seconds;
    }
  }
  return 0;
}

void read_stat(ProcessStats& stats) {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  // The command name is in brackets and may hold spaces and brackets: fields count from the last.
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) {
    return;
  }
  std::istringstream fields(text.substr(name_end + 1));
  std::string state;
  fields >> state;  // field 3
  double value[22] = {};
  for (int field = 4; field <= 24 && fields; ++field) {
    fields >> value[field - 3];
  }
  const auto field = [&value](int number) { return value[number - 3]; };
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  stats.cpu_seconds = (field(14) + field(15)) / ticks;
  stats.threads = field(20);
  stats.start_time_seconds = boot_time_seconds() + field(22) / ticks;
  stats.virtual_bytes = field(23);
  stats.resident_bytes = field(24) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

ProcessStats read_process_stats() {
  ProcessStats stats;
  read_stat(stats);
  std::error_code error;
  const std::filesystem::directory_iterator descriptors("/proc/self/fd", error);
  if (!error) {
    // The iterator's own descriptor is one of those it lists.
    stats.open_fds = static_cast<double>(std::distance(begin(descriptors), end(descriptors))) - 1;
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    stats.max_fds = static_cast<double>(limit.rlim_cur);
  }
  return stats;
}

}  // namespace rr::metrics
