#include "config/settings.h"

#include <gmock/gmock.h>

namespace rr::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<Settings> settings_of(const Environment& environment) {
  Sources sources;
  sources.environment = environment;
  auto configuration = Configuration::gather(sources);
  if (!configuration.ok()) {
    return configuration.status();
  }
  return make_settings(*configuration);
}

TEST(Settings, DefaultsAreThoseOfTheTable) {
  const auto settings = settings_of({{"HOME", "/home/ada"}});
  ASSERT_TRUE(settings.ok()) << settings.status().message();
  EXPECT_EQ(settings->model.model, "builtin");
  EXPECT_EQ(settings->model.max_length, 512);
  EXPECT_EQ(settings->model.max_length_origin, MaxLengthOrigin::kDefault);
  EXPECT_EQ(settings->model.hub_cache, "/home/ada/.cache/huggingface/hub");
  EXPECT_EQ(settings->numerics.quantization, "none");
  EXPECT_EQ(settings->numerics.isa, "");
  EXPECT_EQ(settings->server.port, 8000);
  EXPECT_TRUE(settings->server.api_keys.empty());
  EXPECT_TRUE(settings->server.cors_origins.empty());
  EXPECT_EQ(settings->queue.queue_timeout, std::chrono::seconds(30));
  EXPECT_EQ(settings->cache.max_bytes, 268435456U);
  EXPECT_EQ(settings->micro_batch.window, std::chrono::milliseconds(10));
  EXPECT_EQ(settings->redis.options.timeout, std::chrono::milliseconds(50));
}

TEST(Settings, ListsAreSplitAtCommasAndEmptyEntriesAreRefused) {
  const auto settings =
      settings_of({{"RERANKER_API_KEY", "k1, k2"}, {"RERANKER_CORS_ORIGINS", "*"}});
  ASSERT_TRUE(settings.ok());
  EXPECT_THAT(settings->server.api_keys, ElementsAre("k1", "k2"));
  EXPECT_THAT(settings->server.cors_origins, ElementsAre("*"));
  const auto bad = settings_of({{"RERANKER_API_KEY", "k1,,secret2"}});
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(bad.status().message(), ::testing::Not(HasSubstr("secret2")));
}

TEST(Settings, HfHomeAndXdgCacheHomeMoveTheHubCache) {
  EXPECT_EQ(settings_of({{"HF_HOME", "/hf"}, {"HOME", "/h"}})->model.hub_cache, "/hf/hub");
  EXPECT_EQ(settings_of({{"XDG_CACHE_HOME", "/c"}})->model.hub_cache, "/c/huggingface/hub");
}

TEST(Settings, AMaxLengthThatWasGivenIsMarkedAsGiven) {
  EXPECT_EQ(settings_of({{"RERANKER_MAX_LENGTH", "512"}})->model.max_length_origin,
            MaxLengthOrigin::kGiven);
}

TEST(Settings, Fp16OnACpuIsRefused) {
  const auto settings = settings_of({{"QUANTIZATION", "fp16"}, {"RERANKER_DEVICE", "cpu"}});
  ASSERT_FALSE(settings.ok());
  EXPECT_THAT(settings.status().message(), HasSubstr("needs RERANKER_DEVICE=cuda"));
}

TEST(Settings, RedisIsTakenApartAndItsPasswordNeverShown) {
  const auto settings = settings_of({{"REDIS_URL", "rediss://ada:pa%20ss@h:6380/2"}});
  ASSERT_TRUE(settings.ok()) << settings.status().message();
  EXPECT_EQ(settings->redis.options.endpoint.password, "pa ss");
  EXPECT_EQ(settings->redis.options.endpoint.database, 2);
  const auto bad = settings_of({{"REDIS_URL", "redis://ada:secret@h/notadb"}});
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(bad.status().message(), HasSubstr("REDIS_URL"));
  EXPECT_THAT(bad.status().message(), ::testing::Not(HasSubstr("secret")));
}

TEST(Settings, ARedisKeyPrefixIsShortAndPlain) {
  for (const std::string& prefix : {std::string("fleet-1.a_b:c"), std::string(64, 'Z')}) {
    EXPECT_TRUE(settings_of({{"REDIS_KEY_PREFIX", prefix}}).ok()) << prefix;
  }
  for (const std::string& prefix :
       {std::string("a b"), std::string("{a}"), std::string("ä"), std::string(65, 'a')}) {
    const auto settings = settings_of({{"REDIS_KEY_PREFIX", prefix}});
    ASSERT_FALSE(settings.ok()) << prefix;
    EXPECT_THAT(settings.status().message(), HasSubstr("REDIS_KEY_PREFIX"));
    EXPECT_THAT(settings.status().message(), HasSubstr("allowed"));
  }
}

TEST(Settings, ATlsCertificateNeedsItsKey) {
  EXPECT_FALSE(settings_of({{"REDIS_TLS_CERT", "c.pem"}}).ok());
  EXPECT_TRUE(settings_of({{"REDIS_TLS_CERT", "c.pem"}, {"REDIS_TLS_KEY", "k.pem"}}).ok());
}

}  // namespace
}  // namespace rr::config
