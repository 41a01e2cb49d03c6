#include "checkpoint/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/temp_dir.h"
#include "checkpoint/fake_checkpoint.h"

namespace rr::checkpoint {
namespace {

TEST(MappedFile, ShowsTheBytesOfTheFile) {
  const TempDir dir;
  write_file(dir.path() / "f", "hello");
  MappedFile file = MappedFile::open(dir.path() / "f").value();
  MappedFile moved = std::move(file);
  ASSERT_EQ(moved.bytes().size(), 5U);
  EXPECT_EQ(moved.bytes()[4], std::byte{'o'});
}

TEST(MappedFile, OpensAnEmptyFile) {
  const TempDir dir;
  write_file(dir.path() / "f", "");
  EXPECT_TRUE(MappedFile::open(dir.path() / "f").value().bytes().empty());
}

TEST(MappedFile, RefusesWhatIsNoFileWithoutHanging) {
  const TempDir dir;
  EXPECT_EQ(MappedFile::open(dir.path() / "absent").status().code(), Code::kNotFound);
  EXPECT_EQ(MappedFile::open(dir.path()).status().code(), Code::kCorrupt);
  ASSERT_EQ(mkfifo((dir.path() / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(MappedFile::open(dir.path() / "pipe").status().code(), Code::kCorrupt);
  EXPECT_EQ(MappedFile::open("/dev/zero").status().code(), Code::kCorrupt);
}

TEST(ReadSmallFile, StopsAtTheLimit) {
  const TempDir dir;
  write_file(dir.path() / "f", "12345");
  EXPECT_EQ(read_small_file(dir.path() / "f", 5).value(), "12345");
  EXPECT_EQ(read_small_file(dir.path() / "f", 4).status().code(), Code::kTooLarge);
}

}  // namespace
}  // namespace rr::checkpoint
