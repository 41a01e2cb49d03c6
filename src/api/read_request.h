// From a body to a call: the path chose the route, the body decides the dialect.
//   /rerank, /v1/rerank and aliases: `texts` and no `documents` -> TEI; else the common form.
//     Both: `documents` is scored and the common form answers.
//   /v2/rerank: the common form, documents only when asked for.
//   /, /invocations: TEI; with `documents` and no `texts` the common form.
// Pure; the JsonReader's buffers are reused. Cost: linear in the body. Tested by
// read_request_test.cpp and client_rows_test.cpp.
#pragma once

#include <string>

#include "api/call.h"
#include "api/json_reader.h"

namespace rr::api {

ReadOutcome read_request(JsonReader& reader,
                         InferenceRoute route,
                         const std::string& body,
                         const ReadOptions& options,
                         TimePoint arrival);

// How errors are written before the body is known.
ErrorForm error_form_of(InferenceRoute route);

}  // namespace rr::api
