#include "checkpoint/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>
#include <string>

#include "checkpoint/fake_checkpoint.h"

namespace rr::checkpoint {
namespace {

using testing::HasSubstr;

Result<std::vector<TensorEntry>> parse(const std::string& file) {
  return parse_safetensors("model.safetensors", std::as_bytes(std::span(file)), {});
}

// What is said about a file: one line, never a crash, always kCorrupt.
std::string complaint(const std::string& file) {
  const auto result = parse(file);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), Code::kCorrupt);
  EXPECT_THAT(result.status().message(), testing::StartsWith("[safetensors] model.safetensors: "));
  EXPECT_EQ(result.status().message().find('\n'), std::string::npos);
  EXPECT_LT(result.status().message().size(), 500U);
  return result.status().message();
}

std::string complaint_about_header(std::string_view header, std::string_view data) {
  return complaint(safetensors_file(header, data));
}

std::string good_file() {
  return safetensors_file({{"b", "F16", {2, 3}, std::string(12, 'b')},
                           {"a", "I64", {1}, std::string(8, 'a')},
                           {"none", "F32", {0, 4}, ""}});
}

TEST(Safetensors, ReadsTensorsOfEveryKindInTheOrderOfTheirData) {
  const std::string file = good_file();
  const auto tensors = parse(file);
  ASSERT_TRUE(tensors.ok()) << tensors.status().message();
  ASSERT_EQ(tensors->size(), 3U);
  EXPECT_EQ((*tensors)[0].name, "b");
  EXPECT_EQ((*tensors)[0].dtype, "F16");
  EXPECT_THAT((*tensors)[0].shape, testing::ElementsAre(2, 3));
  EXPECT_EQ((*tensors)[0].data.size(), 12U);
  EXPECT_EQ((*tensors)[0].data[0], std::byte{'b'});
  EXPECT_EQ((*tensors)[1].data[7], std::byte{'a'});
  EXPECT_EQ((*tensors)[2].data.size(), 0U);
}

TEST(Safetensors, AcceptsAHeaderPaddedWithSpacesAndNoTensorsAtAll) {
  EXPECT_TRUE(parse(safetensors_file("{}      ", "")).ok());
}

TEST(Safetensors, RefusesEveryFileThatIsCutShort) {
  const std::string file = good_file();
  for (std::size_t size = 0; size < file.size(); ++size) {
    complaint(file.substr(0, size));
  }
}

TEST(Safetensors, SurvivesEveryFlippedBitOfTheHeader) {
  const std::string file = good_file();
  const std::size_t header_end = file.size() - 20;
  for (std::size_t bit = 0; bit < 8 * header_end; ++bit) {
    std::string damaged = file;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    (void)parse(damaged).ok();  // either way, but no crash and no bytes outside the file
  }
}

TEST(Safetensors, RefusesAHugeHeader) {
  std::string file = good_file();
  file[7] = '\x7F';
  EXPECT_THAT(complaint(file), HasSubstr("claims a header of 9151314442816848"));
  file = good_file();
  file[2] = '\x40';  // 4 MiB more: allowed as a size, but the file is too short
  EXPECT_THAT(complaint(file), HasSubstr("is it cut short?"));
}

TEST(Safetensors, RefusesAHeaderThatIsNoJsonObject) {
  EXPECT_THAT(complaint_about_header("", ""), HasSubstr("header is no JSON"));
  EXPECT_THAT(complaint_about_header("not json", ""), HasSubstr("header is no JSON"));
  EXPECT_THAT(complaint_about_header("\xFF\xFE{}", ""), HasSubstr("header is no JSON"));
  EXPECT_THAT(complaint_about_header("[1,2]", ""), HasSubstr("wants a JSON object"));
  EXPECT_THAT(complaint_about_header(R"({"a":7})", ""), HasSubstr("wants an object with dtype"));
  EXPECT_THAT(complaint_about_header(std::string(100'000, '['), ""), HasSubstr("no JSON"));
}

TEST(Safetensors, RefusesTensorsThatOverlap) {
  EXPECT_THAT(complaint_about_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                                     R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                                     "012345678901"),
              HasSubstr(R"(tensor "b": data starts at byte 4, wants 8; tensors overlap)"));
}

TEST(Safetensors, RefusesGapsBetweenAndAfterTensors) {
  EXPECT_THAT(complaint_about_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                                     "01234567"),
              HasSubstr("leave a gap"));
  EXPECT_THAT(complaint_about_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                                     "01234567"),
              HasSubstr("4 bytes after the last tensor belong to none"));
}

TEST(Safetensors, RefusesOffsetsThatLieOutsideOrOverflow) {
  EXPECT_THAT(
      complaint_about_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "0123"),
      HasSubstr("data ends at byte 8, the file has 4 bytes of data"));
  EXPECT_THAT(
      complaint_about_header(
          R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[18446744073709551612,0]}})", "0123"),
      HasSubstr("begin and end"));
  EXPECT_THAT(
      complaint_about_header(
          R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551615]}})", "0123"),
      HasSubstr("data ends at byte 18446744073709551615"));
  EXPECT_THAT(
      complaint_about_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,-4]}})", "0123"),
      HasSubstr("begin and end"));
  EXPECT_THAT(
      complaint_about_header(
          R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999999999999999]}})", "0123"),
      HasSubstr("header is no JSON"));
  EXPECT_THAT(
      complaint_about_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", "0123"),
      HasSubstr("begin and end"));
}

TEST(Safetensors, RefusesShapesThatOverflowOrDoNotFitTheirBytes) {
  EXPECT_THAT(
      complaint_about_header(
          R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", ""),
      HasSubstr("shape overflows"));
  EXPECT_THAT(
      complaint_about_header(
          R"({"a":{"dtype":"F32","shape":[0,18446744073709551615],"data_offsets":[0,0]}})", ""),
      HasSubstr("shape overflows"));
  EXPECT_THAT(complaint_about_header(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})",
                                     "01234567"),
              HasSubstr("dtype and shape want 12 bytes, data_offsets name 8"));
  EXPECT_THAT(
      complaint_about_header(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "0123"),
      HasSubstr("none negative"));
  EXPECT_THAT(
      complaint_about_header(R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", "0123"),
      HasSubstr("whole numbers"));
  EXPECT_THAT(complaint_about_header(
                  R"({"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})", "0"),
              HasSubstr("at most 8"));
}

TEST(Safetensors, RefusesUnknownDtypes) {
  EXPECT_THAT(
      complaint_about_header(R"({"a":{"dtype":"F\n99","shape":[1],"data_offsets":[0,4]}})", "0123"),
      HasSubstr(R"(dtype "F\n99" is unknown)"));
}

TEST(Safetensors, RefusesANameThatComesTwice) {
  EXPECT_THAT(complaint_about_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                                     R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                                     "01234567"),
              HasSubstr(R"(tensor "a": named twice)"));
}

TEST(Safetensors, ShortensHostileNamesInMessages) {
  const std::string name = "x\\n" + std::string(100'000, 'x');
  EXPECT_THAT(complaint_about_header("{\"" + name + "\":1}", ""), HasSubstr("xxx…\""));
}

TEST(Safetensors, StopsAtTheLimitOfTensors) {
  const std::string file = good_file();
  SafetensorsLimits limits;
  limits.tensors = 2;
  const auto result = parse_safetensors("f", std::as_bytes(std::span(file)), limits);
  EXPECT_THAT(result.status().message(), HasSubstr("more than 2 tensors"));
}

}  // namespace
}  // namespace rr::checkpoint
