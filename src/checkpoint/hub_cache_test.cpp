#include "checkpoint/hub_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "checkpoint/fake_checkpoint.h"

namespace rr::checkpoint {
namespace {

constexpr std::string_view kCommit = "c5ee24cb16019beea0893ab7796b1df96625c6b8";

class HubCache : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(snapshot());
    std::filesystem::create_directories(model() / "refs");
    write_file(model() / "refs" / "main", kCommit);
  }
  std::filesystem::path model() const { return dir_.path() / "models--org--name"; }
  std::filesystem::path snapshot() const { return model() / "snapshots" / kCommit; }
  Result<std::filesystem::path> find(std::string_view id, std::string revision) const {
    return find_in_hub_cache(id, {dir_.path(), std::move(revision)});
  }
  TempDir dir_;
};

TEST_F(HubCache, FindsTheSnapshotOfABranchOrACommit) {
  EXPECT_EQ(find("org/name", "main").value(), snapshot());
  EXPECT_EQ(find("org/name", std::string(kCommit)).value(), snapshot());
}

TEST_F(HubCache, FindsModelsWithoutAnOrganisation) {
  std::filesystem::create_directories(dir_.path() / "models--bert-base-uncased/snapshots/abc");
  EXPECT_TRUE(find("bert-base-uncased", "abc").ok());
}

TEST_F(HubCache, IgnoresALineEndInTheRef) {
  write_file(model() / "refs" / "main", std::string(kCommit) + "\n");
  EXPECT_EQ(find("org/name", "main").value(), snapshot());
}

TEST_F(HubCache, SaysHowToFetchWhatIsNotThere) {
  const auto absent = find("cross-encoder/ms-marco-MiniLM-L-6-v2", "main");
  EXPECT_EQ(absent.status().code(), Code::kNotFound);
  EXPECT_THAT(
      absent.status().message(),
      testing::AllOf(testing::HasSubstr("[hub] cross-encoder/ms-marco-MiniLM-L-6-v2 is not in the "
                                        "local cache"),
                     testing::HasSubstr("`rerankd pull cross-encoder/ms-marco-MiniLM-L-6-v2`")));
  EXPECT_THAT(
      find("org/name", "v2").status().message(),
      testing::AllOf(testing::HasSubstr("revision v2"), testing::HasSubstr("pull org/name@v2`")));
}

TEST_F(HubCache, RefusesIdsAndRevisionsThatWouldLeaveTheCache) {
  for (const std::string_view id :
       {"", "/", "a/", "/b", "a/b/c", "../x", "a/..", "a b/c", ".a/b", "-x"}) {
    EXPECT_FALSE(is_hub_id(id)) << id;
    EXPECT_EQ(find(id, "main").status().code(), Code::kInvalidArgument) << id;
  }
  for (const char* revision : {"", "..", "../../main", "a//b", "/main", "a b", "-r"}) {
    EXPECT_EQ(find("org/name", revision).status().code(), Code::kInvalidArgument) << revision;
  }
  EXPECT_EQ(find("org/name", "refs/pr/3").status().code(), Code::kNotFound);
}

TEST_F(HubCache, RefusesARefThatIsNoCommit) {
  write_file(model() / "refs" / "main", "../../../etc");
  EXPECT_EQ(find("org/name", "main").status().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace rr::checkpoint
