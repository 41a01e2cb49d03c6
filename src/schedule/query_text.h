// The query of a request, tokenized once however many of its pairs are computed by however many
// workers. Shared by the pairs; thread-safe. Tested by chunk_runner_test.cpp.
#pragma once

#include <optional>
#include <string_view>

#include "base/mutex.h"
#include "text/tokenizer.h"

namespace rr::schedule {

class QueryText {
 public:
  // `text` must outlive this: both belong to the request.
  QueryText(std::string_view text, const text::PairOptions& options)
      : text_(text), options_(options) {}

  std::string_view text() const { return text_; }
  const text::PairOptions& options() const { return options_; }

  // The first caller tokenizes while the others wait for it.
  const text::EncodedQuery& encoded(const text::Tokenizer& tokenizer) RR_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!encoded_) {
      encoded_ = tokenizer.encode_query(text_, options_);
    }
    return *encoded_;
  }

 private:
  const std::string_view text_;
  const text::PairOptions options_;
  Mutex mutex_;
  std::optional<text::EncodedQuery> encoded_ RR_GUARDED_BY(mutex_);
};

}  // namespace rr::schedule
