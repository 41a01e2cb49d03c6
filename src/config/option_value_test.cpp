#include "config/option_value.h"

#include <gtest/gtest.h>

namespace rr::config {
namespace {

bool usable(std::string_view name, std::string_view text) {
  return canonical_value(*find_option(name), text, name).ok();
}

TEST(OptionValue, EveryDefaultIsUsable) {
  for (const OptionSpec& spec : option_table()) {
    const bool empty_is_unset = spec.default_text.empty();
    EXPECT_TRUE(empty_is_unset || usable(spec.name, spec.default_text)) << spec.name;
  }
}

TEST(OptionValue, NumbersOutsideTheirRangeAreRefused) {
  for (const char* text : {"-1", "nan", "inf", "-inf", "1e999", "", "ten", "1s", "60001", "0x10"}) {
    EXPECT_FALSE(usable("MICRO_BATCH_WINDOW_MS", text)) << text;
  }
  EXPECT_TRUE(usable("MICRO_BATCH_WINDOW_MS", "0"));
  EXPECT_TRUE(usable("MICRO_BATCH_WINDOW_MS", "2.5"));
  EXPECT_FALSE(usable("MICRO_BATCH_MAX_SIZE", "0"));
  EXPECT_FALSE(usable("MICRO_BATCH_MAX_SIZE", "1.5"));
  for (const char* text : {"-1", "1025", "99999999999999999999", "2 "}) {
    EXPECT_FALSE(usable("RERANKER_THREADS", text)) << text;
  }
  EXPECT_TRUE(usable("RERANKER_THREADS", "1024"));
}

TEST(OptionValue, BooleansAreTheUsualWordsInAnyCase) {
  const OptionSpec& spec = *find_option("REDIS_ENABLED");
  for (const char* text : {"true", "TRUE", "1", "yes", "On"}) {
    EXPECT_EQ(canonical_value(spec, text, "x").value(), "true");
  }
  for (const char* text : {"false", "0", "No", "off"}) {
    EXPECT_EQ(canonical_value(spec, text, "x").value(), "false");
  }
  for (const char* text : {"2", "maybe", "", "tru"}) {
    EXPECT_FALSE(usable("REDIS_ENABLED", text)) << text;
  }
}

TEST(OptionValue, ChoicesIgnoreCaseAndFp32IsNone) {
  EXPECT_EQ(canonical_value(*find_option("QUANTIZATION"), "FP32", "x").value(), "none");
  EXPECT_EQ(canonical_value(*find_option("LOG_LEVEL"), "Debug", "x").value(), "debug");
  EXPECT_FALSE(usable("RERANKER_SCORE", "softmax"));
  EXPECT_FALSE(usable("RERANKER_ISA", "sse"));
}

TEST(OptionValue, DevicesAreAutoCpuOrCuda) {
  for (const char* text : {"auto", "cpu", "cuda", "cuda:0", "CUDA:7"}) {
    EXPECT_TRUE(usable("RERANKER_DEVICE", text)) << text;
  }
  for (const char* text : {"gpu", "cuda:", "cuda:-1", "cuda:x", "mps"}) {
    EXPECT_FALSE(usable("RERANKER_DEVICE", text)) << text;
  }
}

TEST(OptionValue, AddressesAreCheckedForSchemeHostAndPort) {
  for (const char* text : {"redis://h",
                           "redis://u:p@h:6379/1",
                           "rediss://[::1]:6380/0",
                           "unix:///run/redis.sock",
                           "unix://:pw@/run/redis.sock"}) {
    EXPECT_TRUE(usable("REDIS_URL", text)) << text;
  }
  for (const char* text : {"h:6379",
                           "http://h",
                           "redis://",
                           "redis://:6379",
                           "redis://h:0",
                           "redis://h:99999",
                           "redis://h:x",
                           "unix://",
                           "redis://a b"}) {
    EXPECT_FALSE(usable("REDIS_URL", text)) << text;
  }
}

TEST(OptionValue, ControlCharactersAndInvalidUtf8AreRefused) {
  EXPECT_FALSE(usable("RERANKER_SERVED_NAME", "a\nb"));
  EXPECT_FALSE(usable("RERANKER_SERVED_NAME", "a\xFF"));
  EXPECT_TRUE(usable("RERANKER_SERVED_NAME", "modèle"));
}

TEST(OptionValue, SecretsAreNeverShown) {
  EXPECT_EQ(shown_value(*find_option("RERANKER_API_KEY"), "k1,k2"), "***");
  EXPECT_EQ(shown_value(*find_option("RERANKER_API_KEY"), ""), "");
  const OptionSpec& url = *find_option("REDIS_URL");
  EXPECT_EQ(shown_value(url, "redis://user:pa:ss@h:6379/0"), "redis://user:***@h:6379/0");
  EXPECT_EQ(shown_value(url, "redis://:secret@h"), "redis://:***@h");
  EXPECT_EQ(shown_value(url, "redis://secret@h"), "redis://***@h");
  EXPECT_EQ(shown_value(url, "redis://h:6379"), "redis://h:6379");
  EXPECT_EQ(canonical_value(url, "http://u:secret@h", "REDIS_URL").status().message(),
            "REDIS_URL: \"http://u:***@h\" cannot be used; allowed: an address redis://… or "
            "rediss://… or unix://…");
}

}  // namespace
}  // namespace rr::config
