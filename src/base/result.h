// Status and Result<T>: how every fallible function of the project answers. Our code does not
// throw; what a third-party library throws is caught in the file that calls it. A message is one
// line for a person: `[place] what is wrong: what was wanted, what was found; what to do`. Codes
// are few on purpose: api/error_map turns each into one HTTP status. Thread-safe as values. Tested
// by result_test.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace rr {

enum class Code {
  kOk,
  kInvalidArgument,   // the caller's input can never work: 400
  kUnprocessable,     // well-formed, but refused as asked for (too long with truncate:false): 422
  kUnauthorized,      // 401
  kNotFound,          // 404, or a file that is not there
  kTooLarge,          // 413
  kOverloaded,        // queue full or predicted wait too long: 429
  kUnavailable,       // not ready, draining, peer down: 503
  kDeadlineExceeded,  // 504
  kCancelled,         // the client left; nobody reads the answer
  kNonFinite,         // the model produced NaN or infinity: 500
  kDeviceFailure,     // 500
  kCorrupt,           // a file or message that breaks its own format
  kUnsupported,       // a valid thing that this program does not do
  kInternal,          // our bug: 500
};

// The code's name as written in logs and JSON, for example "deadline_exceeded".
std::string_view code_name(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {  // NOLINT(google-explicit-constructor)
    RR_CHECK(!status_.ok());
  }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  T& value() & {
    RR_CHECK(ok());
    return *value_;
  }
  const T& value() const& {
    RR_CHECK(ok());
    return *value_;
  }
  T&& value() && {
    RR_CHECK(ok());
    return std::move(*value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace rr

#define RR_RETURN_IF_ERROR(expression)                          \
  do {                                                          \
    if (::rr::Status rr_status = (expression); !rr_status.ok()) \
      return rr_status;                                         \
  } while (false)

#define RR_CONCAT_INNER(a, b) a##b
#define RR_CONCAT(a, b) RR_CONCAT_INNER(a, b)
// RR_ASSIGN_OR_RETURN(auto x, f()): x = f()'s value, or return f()'s status.
#define RR_ASSIGN_OR_RETURN(target, expression) \
  RR_ASSIGN_OR_RETURN_INNER(RR_CONCAT(rr_result_, __LINE__), target, expression)
#define RR_ASSIGN_OR_RETURN_INNER(result, target, expression) \
  auto result = (expression);                                 \
  if (!(result).ok())                                         \
    return (result).status();                                 \
  target = std::move(result).value()
