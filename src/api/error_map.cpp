#include "api/error_map.h"

#include "base/json_text.h"

namespace rr::api {

namespace {

// As clients of OpenAI-style servers see it.
std::string_view union_type(int http_status) {
  switch (http_status) {
    case 401:
      return "authentication_error";
    case 404:
      return "not_found_error";
    case 429:
      return "overloaded_error";
    case 503:
      return "unavailable_error";
    case 504:
      return "timeout_error";
    default:
      return http_status >= 500 ? "server_error" : "invalid_request_error";
  }
}

std::string_view tei_name(TeiErrorType type) {
  switch (type) {
    case TeiErrorType::kUnhealthy:
      return "Unhealthy";
    case TeiErrorType::kBackend:
      return "Backend";
    case TeiErrorType::kOverloaded:
      return "Overloaded";
    case TeiErrorType::kTokenizer:
      return "Tokenizer";
    case TeiErrorType::kEmpty:
      return "Empty";
    case TeiErrorType::kValidation:
      break;
  }
  return "Validation";
}

TeiErrorType tei_type(Code code) {
  switch (code) {
    case Code::kOverloaded:
    case Code::kDeadlineExceeded:
      return TeiErrorType::kOverloaded;
    case Code::kUnavailable:
    case Code::kCancelled:
      return TeiErrorType::kUnhealthy;
    case Code::kInvalidArgument:
    case Code::kUnprocessable:
    case Code::kUnauthorized:
    case Code::kNotFound:
    case Code::kTooLarge:
    case Code::kUnsupported:
      return TeiErrorType::kValidation;
    default:
      return TeiErrorType::kBackend;
  }
}

}  // namespace

int http_status(Code code, ErrorForm form) {
  const bool tei = form == ErrorForm::kTei;
  switch (code) {
    case Code::kOk:
      return 200;
    case Code::kInvalidArgument:
      return tei ? 422 : 400;
    case Code::kUnprocessable:
    case Code::kUnsupported:
      return 422;
    case Code::kUnauthorized:
      return 401;
    case Code::kNotFound:
      return 404;
    case Code::kTooLarge:
      return 413;
    case Code::kOverloaded:
      return 429;
    case Code::kUnavailable:
    case Code::kCancelled:
      return 503;
    case Code::kDeadlineExceeded:
      return 504;
    case Code::kNonFinite:
    case Code::kDeviceFailure:
      return tei ? 424 : 500;
    case Code::kCorrupt:
    case Code::kInternal:
      break;
  }
  return 500;
}

RequestError error_of(const Status& status, ErrorForm form) {
  return {http_status(status.code(), form), status.message(), form, tei_type(status.code())};
}

std::string render_error(const RequestError& error) {
  JsonText json;
  json.open_object();
  if (error.form == ErrorForm::kTei) {
    json.key("error").string(error.message);
    json.key("error_type").string(tei_name(error.tei_type));
  } else {
    json.key("error").open_object().key("message").string(error.message);
    json.key("type").string(union_type(error.http_status)).key("param").null();
    json.key("code").number(error.http_status).close_object();
    json.key("detail").string(error.message).key("message").string(error.message);
  }
  json.close_object();
  return std::move(json).text();
}

}  // namespace rr::api
