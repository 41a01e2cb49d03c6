#include "http/answer_head.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <iterator>

#include "api/error_map.h"

namespace rr::http {

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 424:
      return "Failed Dependency";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return status >= 500 ? "Internal Server Error" : "Error";
  }
}

void write_head(const HttpAnswer& answer, const HeadFacts& facts, std::string& out) {
  out.clear();
  auto to = std::back_inserter(out);
  fmt::format_to(to, "HTTP/1.1 {} {}\r\n", answer.status, reason_phrase(answer.status));
  fmt::format_to(to, "Server: rerankd\r\nDate: {}\r\n", facts.date);
  if (!answer.content_type.empty()) {
    fmt::format_to(to, "Content-Type: {}\r\n", answer.content_type);
  }
  if (answer.status != 204) {
    fmt::format_to(to, "Content-Length: {}\r\n", answer.body.size());
  }
  fmt::format_to(to, "X-Request-Id: {}\r\n", facts.request_id);
  if (answer.retry_after_s > 0) {
    fmt::format_to(to, "Retry-After: {}\r\n", answer.retry_after_s);
  }
  if (!facts.cors_origin.empty()) {
    fmt::format_to(to,
                   "Access-Control-Allow-Origin: {}\r\nVary: Origin\r\n"
                   "Access-Control-Expose-Headers: X-Request-Id, Retry-After\r\n",
                   facts.cors_origin);
  }
  if (facts.close) {
    out += "Connection: close\r\n";
  } else if (facts.http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
  out += answer.extra_headers;
  out += "\r\n";
}

std::string http_date(double unix_s) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(static_cast<std::time_t>(unix_s)));
}

HttpAnswer error_answer(const api::RequestError& error) {
  HttpAnswer answer;
  answer.status = error.http_status;
  answer.body = api::render_error(error);
  return answer;
}

}  // namespace rr::http
