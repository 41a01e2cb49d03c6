#include "api/error_map.h"

#include <gtest/gtest.h>

namespace rr::api {
namespace {

TEST(ErrorMap, EveryCodeHasTheStatusOfTheTable) {
  const struct {
    Code code;
    int object;
    int tei;
  } rows[] = {{Code::kInvalidArgument, 400, 422},
              {Code::kUnprocessable, 422, 422},
              {Code::kUnauthorized, 401, 401},
              {Code::kNotFound, 404, 404},
              {Code::kTooLarge, 413, 413},
              {Code::kOverloaded, 429, 429},
              {Code::kUnavailable, 503, 503},
              {Code::kDeadlineExceeded, 504, 504},
              {Code::kNonFinite, 500, 424},
              {Code::kDeviceFailure, 500, 424},
              {Code::kInternal, 500, 500}};
  for (const auto& row : rows) {
    EXPECT_EQ(http_status(row.code, ErrorForm::kUnion), row.object) << code_name(row.code);
    EXPECT_EQ(http_status(row.code, ErrorForm::kTei), row.tei) << code_name(row.code);
  }
}

TEST(ErrorMap, TheUnionBodySuitsEveryReaderOfErrors) {
  EXPECT_EQ(render_error(error_of({Code::kOverloaded, "busy"}, ErrorForm::kUnion)),
            R"({"error":{"message":"busy","type":"overloaded_error","param":null,"code":429},)"
            R"("detail":"busy","message":"busy"})");
}

TEST(ErrorMap, TeiErrorsAreFlatWithAPascalCaseType) {
  const auto body = [](Code code) { return render_error(error_of({code, "m"}, ErrorForm::kTei)); };
  EXPECT_EQ(body(Code::kOverloaded), R"({"error":"m","error_type":"Overloaded"})");
  EXPECT_EQ(body(Code::kUnprocessable), R"({"error":"m","error_type":"Validation"})");
  EXPECT_EQ(body(Code::kNonFinite), R"({"error":"m","error_type":"Backend"})");
  EXPECT_EQ(body(Code::kUnavailable), R"({"error":"m","error_type":"Unhealthy"})");
}

}  // namespace
}  // namespace rr::api
