#include "base/cpu_quota.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/temp_dir.h"

namespace rr {
namespace {

namespace fs = std::filesystem;

void write_file(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

TEST(CpuQuota, V2TakesTheLeastOfAllAncestors) {
  const TempDir root;
  write_file(root.path() / "proc/self/cgroup", "0::/pod/app\n");
  write_file(root.path() / "sys/fs/cgroup/pod/app/cpu.max", "max 100000\n");
  write_file(root.path() / "sys/fs/cgroup/pod/cpu.max", "150000 100000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_quota(root.path()).value(), 1.5);
}

TEST(CpuQuota, V1ReadsQuotaOverPeriod) {
  const TempDir root;
  write_file(root.path() / "proc/self/cgroup", "4:cpu,cpuacct:/docker/x\n2:memory:/docker/x\n");
  write_file(root.path() / "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us", "50000\n");
  write_file(root.path() / "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us", "100000\n");
  write_file(root.path() / "sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "1048576\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_quota(root.path()).value(), 0.5);
  EXPECT_EQ(cgroup_memory_limit(root.path()).value(), 1048576U);
}

TEST(CpuQuota, NoLimitIsNullopt) {
  const TempDir root;
  write_file(root.path() / "proc/self/cgroup", "0::/\n");
  write_file(root.path() / "sys/fs/cgroup/memory.max", "max\n");
  EXPECT_FALSE(cgroup_cpu_quota(root.path()).has_value());
  EXPECT_FALSE(cgroup_memory_limit(root.path()).has_value());
  const TempDir empty;
  EXPECT_FALSE(cgroup_cpu_quota(empty.path()).has_value());
}

TEST(CpuQuota, ThisProcessMayUseAtLeastOne) {
  EXPECT_GE(usable_cpus(), 1);
  EXPECT_LE(usable_cpus(), cpus_in_cpuset());
}

}  // namespace
}  // namespace rr
