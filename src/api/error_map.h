// Code -> HTTP status -> body: the one table from failures to answers.
//   union form  {"error":{"message","type","param":null,"code"},"detail","message"}
//   TEI form    {"error","error_type"}
// Pure. Tested by error_map_test.cpp.
#pragma once

#include <string>

#include "api/call.h"

namespace rr::api {

int http_status(Code code, ErrorForm form);

// A failure of the service as this client's dialect wants it.
RequestError error_of(const Status& status, ErrorForm form);

std::string render_error(const RequestError& error);

}  // namespace rr::api
