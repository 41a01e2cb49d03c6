#include "base/cpu_quota.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

namespace rr {

namespace {

namespace fs = std::filesystem;

std::optional<std::string> first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line)) {
    return std::nullopt;
  }
  return line;
}

std::optional<double> quota_v2(const fs::path& group) {
  const auto line = first_line(group / "cpu.max");  // "max 100000" or "50000 100000"
  if (!line) {
    return std::nullopt;
  }
  std::istringstream fields(*line);
  double quota_us = 0;
  double period_us = 0;
  if (!(fields >> quota_us >> period_us) || quota_us <= 0 || period_us <= 0) {
    return std::nullopt;
  }
  return quota_us / period_us;
}

std::optional<double> number_in(const fs::path& file) {
  const auto line = first_line(file);
  if (!line) {
    return std::nullopt;
  }
  std::istringstream fields(*line);
  double number = 0;
  if (!(fields >> number) || number <= 0) {
    return std::nullopt;
  }
  return number;
}

std::optional<double> quota_v1(const fs::path& group) {
  const auto quota_us = number_in(group / "cpu.cfs_quota_us");  // -1 means no limit
  const auto period_us = number_in(group / "cpu.cfs_period_us");
  if (!quota_us || !period_us) {
    return std::nullopt;
  }
  return *quota_us / *period_us;
}

using Reader = std::function<std::optional<double>(const fs::path& group)>;

// The least of `read` over `group` below `mount` and all its ancestors up to the mount.
std::optional<double> least_over_ancestors(const fs::path& mount,
                                           fs::path group,
                                           const Reader& read) {
  std::optional<double> least;
  group = group.relative_path();
  while (true) {
    if (const auto value = read(mount / group)) {
      least = std::min(least.value_or(*value), *value);
    }
    if (group.empty()) {
      return least;
    }
    group = group.parent_path();
  }
}

// Lines of /proc/self/cgroup: "0::/path" (v2) or "4:cpu,cpuacct:/path" (v1).
std::optional<double> least_limit(const fs::path& root,
                                  const std::string& controller,
                                  const Reader& read_v2,
                                  const Reader& read_v1) {
  const fs::path cgroup_fs = root / "sys/fs/cgroup";
  std::ifstream in(root / "proc/self/cgroup");
  std::optional<double> least;
  std::string line;
  while (std::getline(in, line)) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) {
      continue;
    }
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    std::optional<double> found;
    if (controllers.empty()) {
      found = least_over_ancestors(cgroup_fs, group, read_v2);
    } else if (("," + controllers + ",").find("," + controller + ",") != std::string::npos) {
      found = least_over_ancestors(cgroup_fs / controllers, group, read_v1);
      if (!found) {
        found = least_over_ancestors(cgroup_fs / controller, group, read_v1);
      }
    }
    if (found) {
      least = std::min(least.value_or(*found), *found);
    }
  }
  return least;
}

}  // namespace

std::optional<double> cgroup_cpu_quota(const fs::path& root) {
  return least_limit(root, "cpu", quota_v2, quota_v1);
}

std::optional<unsigned long long> cgroup_memory_limit(const fs::path& root) {
  const auto limit = least_limit(
      root,
      "memory",
      [](const fs::path& group) { return number_in(group / "memory.max"); },
      [](const fs::path& group) { return number_in(group / "memory.limit_in_bytes"); });
  // v1 writes "no limit" as a number near 2^63.
  if (!limit || *limit > 4e18) {
    return std::nullopt;
  }
  return static_cast<unsigned long long>(*limit);
}

int cpus_in_cpuset() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) {
    return 1;
  }
  return std::max(1, CPU_COUNT(&set));
}

int usable_cpus() {
  const int cpus = cpus_in_cpuset();
  const auto quota = cgroup_cpu_quota("/");
  if (!quota) {
    return cpus;
  }
  return std::clamp(static_cast<int>(std::floor(*quota)), 1, cpus);
}

}  // namespace rr
