#include "cli/model_place.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/temp_dir.h"

namespace rr::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

void make_model(const fs::path& dir) {
  fs::create_directories(dir);
  std::ofstream(dir / "config.json") << "{}";
}

class ModelPlaceTest : public ::testing::Test {
 protected:
  config::ModelSettings settings_of(const std::string& model) const {
    config::ModelSettings settings;
    settings.model = model;
    settings.revision = "main";
    settings.hub_cache = dir_.path() / "hub";
    return settings;
  }
  const TempDir dir_;
};

TEST_F(ModelPlaceTest, BuiltinIsLookedForInTurn) {
  const fs::path root = dir_.path() / "clone";
  const auto dirs = builtin_model_dirs(root / "build/release/bin/rerankd", dir_.path() / "src");
  EXPECT_EQ(dirs[0], root / "models/builtin");
  EXPECT_EQ(dirs[1], root / "build/release/share/rerankd/models/builtin");
  EXPECT_EQ(find_model(settings_of("builtin"), dirs).status().code(), Code::kNotFound);
  make_model(dirs[2]);
  EXPECT_EQ(find_model(settings_of("builtin"), dirs)->dir, dirs[2]);
  make_model(dirs[0]);
  const auto place = find_model(settings_of("builtin"), dirs);
  EXPECT_EQ(place->dir, dirs[0]);
  EXPECT_EQ(place->source, "builtin");
}

TEST_F(ModelPlaceTest, TheLocalPathWinsAndMustBeAFolder) {
  config::ModelSettings settings = settings_of("builtin");
  settings.local_path = dir_.path() / "mine";
  EXPECT_THAT(find_model(settings, {}).status().message(), HasSubstr("mine is no folder"));
  make_model(settings.local_path);
  EXPECT_EQ(find_model(settings, {})->source, "local");
  EXPECT_EQ(find_model(settings, {})->name, "mine");
}

TEST_F(ModelPlaceTest, AFolderIsServedUnderItsName) {
  make_model(dir_.path() / "my-model");
  const auto place = find_model(settings_of((dir_.path() / "my-model/").string()), {});
  ASSERT_TRUE(place.ok()) << place.status().message();
  EXPECT_EQ(place->name, "my-model");
}

TEST_F(ModelPlaceTest, AHubIdComesFromTheLocalCacheOrSaysHowToFetchIt) {
  const auto missing = find_model(settings_of("org/name"), {});
  EXPECT_EQ(missing.status().code(), Code::kNotFound);
  const fs::path repository = dir_.path() / "hub/models--org--name";
  const std::string commit(40, 'a');
  fs::create_directories(repository / "refs");
  std::ofstream(repository / "refs/main") << commit;
  make_model(repository / "snapshots" / commit);
  const auto place = find_model(settings_of("org/name"), {});
  ASSERT_TRUE(place.ok()) << place.status().message();
  EXPECT_EQ(place->source, "hub");
  EXPECT_EQ(place->name, "org/name");
}

TEST_F(ModelPlaceTest, NonsenseIsRefused) {
  EXPECT_EQ(find_model(settings_of("a b c"), {}).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(find_model(settings_of("./nowhere"), {}).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace rr::cli
