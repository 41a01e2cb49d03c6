// How many threads this process may really use: the least of the cpuset (sched_getaffinity) and the
// cgroup CPU quota, v1 or v2, over all ancestors, rounded down, at least 1. Never the host's core
// count. Source: kernel docs admin-guide/cgroup-v2.rst (cpu.max) and scheduler/sched-bwc.rst
// (cpu.cfs_quota_us). Reads files at every call: ask once at start. Tested by cpu_quota_test.cpp on
// made-up file trees.
#pragma once

#include <filesystem>
#include <optional>

namespace rr {

int usable_cpus();

// CPUs in this process' affinity mask.
int cpus_in_cpuset();

// The least quota in CPUs over the groups that `root`/proc/self/cgroup names and their ancestors
// under `root`/sys/fs/cgroup; nullopt where no limit is set. `root` is "/" except in tests.
std::optional<double> cgroup_cpu_quota(const std::filesystem::path& root);

// Bytes this process may take by the same tree (memory.max, memory.limit_in_bytes), nullopt where
// no limit is set.
std::optional<unsigned long long> cgroup_memory_limit(const std::filesystem::path& root);

}  // namespace rr
