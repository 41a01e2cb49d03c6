// An HTTP/1.1 answer and the text of its head (RFC 9112). Pure. Tested by site_test.cpp.
#pragma once

#include <string>
#include <string_view>

#include "api/call.h"

namespace rr::http {

struct HttpAnswer {
  int status = 200;
  std::string_view content_type = "application/json";  // a literal; empty = no body, no type
  std::string body;
  std::string extra_headers;  // complete "Name: value\r\n" lines
  int retry_after_s = 0;      // 0 = no Retry-After
};

// What the connection adds to every answer.
struct HeadFacts {
  std::string_view request_id;
  std::string_view date;         // IMF-fixdate
  std::string_view cors_origin;  // empty = no CORS headers
  bool close = false;
  bool http_1_0 = false;
};

std::string_view reason_phrase(int status);

// Overwrites `out`, whose capacity is reused.
void write_head(const HttpAnswer& answer, const HeadFacts& facts, std::string& out);

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(double unix_s);

HttpAnswer error_answer(const api::RequestError& error);

}  // namespace rr::http
