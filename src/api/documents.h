// The documents of a body: what is scored of each element, and how it is shown again.
//   string               itself
//   object               the first of text, document, content, body, value, snippet that is not
//                        empty, or with rank_fields those fields joined by a space
//   number               its text, as Python's str() prints it (object form only)
// Anything else has no text and fails the request. Cost: linear in the bytes. Tested by
// read_request_test.cpp. Includes simdjson: for .cpp files of this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/fields.h"

namespace rr::api {

enum class Numbers { kAsText, kRefused };
enum class Echo { kKeep, kDrop };

struct DocumentRules {
  Numbers numbers = Numbers::kAsText;
  Echo echo = Echo::kDrop;
  int max_documents = 10'000;
  std::vector<std::string_view> rank_fields;
};

struct Documents {
  std::vector<std::string> texts;
  // As many as texts with Echo::kKeep, else none. Their `text` is not set yet.
  std::vector<EchoDocument> echoes;
};

// The list in `field`, which must be there. An empty or too long list, and an element without text,
// fail in the reader's style.
Documents read_documents(FieldReader& in, Field field, const DocumentRules& rules);

// Puts the documents into the request, and into the plan what is to be shown of them.
void place_documents(Documents documents, InferenceCall& call);

// One text, or a list of them: the /score fields. Numbers are text, objects as above.
Documents read_text_or_list(FieldReader& in, Field field, const DocumentRules& rules);

// Only white space, as Python's str.strip() sees it. `text` is valid UTF-8.
bool is_blank(std::string_view text);

}  // namespace rr::api
