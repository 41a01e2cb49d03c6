#include "checkpoint/json_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rr::checkpoint {
namespace {

JsonFields fields_of(std::string_view json) {
  return JsonFields::parse("config.json", json).value();
}

TEST(JsonFields, ReadsEveryKind) {
  JsonFields fields =
      fields_of(R"({"i":512,"whole":512.0,"n":1e-12,"b":true,"s":"x","l":["a","b"],)"
                R"("o":{"k":"v"},"null":null})");
  EXPECT_EQ(fields.integer("i", {0, 1000}), 512);
  EXPECT_EQ(fields.integer("whole", {0, 1000}), 512);
  EXPECT_EQ(fields.number("n"), 1e-12);
  EXPECT_EQ(fields.boolean("b"), true);
  EXPECT_EQ(fields.string("s"), "x");
  EXPECT_THAT(fields.strings("l"), testing::ElementsAre("a", "b"));
  EXPECT_EQ(fields.string_in("o", "k"), "v");
  EXPECT_EQ(fields.entry_count("o"), 1U);
  EXPECT_EQ(fields.entry_count("l"), 2U);
  EXPECT_THAT(fields.string_map("o"), testing::ElementsAre(testing::Pair("k", "v")));
  EXPECT_FALSE(fields.has("null"));
  EXPECT_FALSE(fields.integer("null", {0, 1}).has_value());
  EXPECT_TRUE(fields.status().ok()) << fields.status().message();
}

TEST(JsonFields, SaysWhatWasWantedAndWhatWasFound) {
  JsonFields fields = fields_of(R"({"hidden_size":"big"})");
  EXPECT_EQ(fields.required_integer("hidden_size", {1, 9}), 0);
  EXPECT_EQ(fields.status().message(),
            R"([config.json] hidden_size: wants an integer from 1 to 9, file has "big")");
  JsonFields empty = fields_of("{}");
  EXPECT_EQ(empty.required_integer("hidden_size", {1, 9}), 0);
  EXPECT_EQ(empty.status().message(),
            "[config.json] hidden_size: wants an integer from 1 to 9, file has nothing");
}

TEST(JsonFields, KeepsTheFirstErrorAndThenAnswersNothing) {
  JsonFields fields = fields_of(R"({"a":[1],"b":2,"c":3})");
  EXPECT_FALSE(fields.integer("a", {0, 9}));
  EXPECT_FALSE(fields.boolean("b"));
  EXPECT_FALSE(fields.integer("c", {0, 9}));
  EXPECT_THAT(fields.status().message(), testing::HasSubstr("] a: "));
}

TEST(JsonFields, RefusesWrongKindsOneByOne) {
  const auto complains = [](std::string_view json, auto read) {
    JsonFields fields = fields_of(json);
    read(fields);
    return fields.status().code() == Code::kCorrupt;
  };
  EXPECT_TRUE(complains(R"({"a":1.5})", [](auto& f) { f.integer("a", {0, 9}); }));
  EXPECT_TRUE(complains(R"({"a":1e300})", [](auto& f) { f.integer("a", {0, 9}); }));
  EXPECT_TRUE(complains(R"({"a":10})", [](auto& f) { f.integer("a", {0, 9}); }));
  EXPECT_TRUE(complains(R"({"a":-1})", [](auto& f) { f.integer("a", {0, 9}); }));
  EXPECT_TRUE(complains(R"({"a":"1"})", [](auto& f) { f.number("a"); }));
  EXPECT_TRUE(complains(R"({"a":0})", [](auto& f) { f.boolean("a"); }));
  EXPECT_TRUE(complains(R"({"a":0})", [](auto& f) { f.string("a"); }));
  EXPECT_TRUE(complains(R"({"a":"x"})", [](auto& f) { f.strings("a"); }));
  EXPECT_TRUE(complains(R"({"a":["x",1]})", [](auto& f) { f.strings("a"); }));
  EXPECT_TRUE(complains(R"({"a":1})", [](auto& f) { f.entry_count("a"); }));
  EXPECT_TRUE(complains(R"({"a":1})", [](auto& f) { f.string_in("a", "b"); }));
  EXPECT_TRUE(complains(R"({"a":{"b":1}})", [](auto& f) { f.string_in("a", "b"); }));
  EXPECT_TRUE(complains(R"({"a":{"b":1}})", [](auto& f) { f.string_map("a"); }));
}

TEST(JsonFields, RefusesWhatIsNoJsonObject) {
  for (const std::string_view json : {"", "{", "[]", "1", "{\"a\":\"\xFF\"}", "nul"}) {
    EXPECT_EQ(JsonFields::parse("f", json).status().code(), Code::kCorrupt) << json;
  }
  EXPECT_FALSE(JsonFields::parse("f", std::string(1'000'000, '{')).ok());
}

TEST(JsonFields, ShowsHostileValuesShortAndOnOneLine) {
  JsonFields fields = fields_of("{\"a\":\"line\\n" + std::string(5000, 'x') + "\"}");
  fields.integer("a", {0, 1});
  EXPECT_LT(fields.status().message().size(), 200U);
  EXPECT_EQ(fields.status().message().find('\n'), std::string::npos);
}

}  // namespace
}  // namespace rr::checkpoint
