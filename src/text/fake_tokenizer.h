// A Tokenizer for other folders' tests: one token per byte (value + 10), CLS = 1, SEP = 2,
// longest_first truncation from the right. Counts its calls, so that tests can prove that a query
// is tokenized once.
#pragma once

#include <algorithm>
#include <atomic>
#include <climits>

#include "text/tokenizer.h"

namespace rr::text {

class FakeTokenizer final : public Tokenizer {
 public:
  EncodedQuery encode_query(std::string_view query, const PairOptions& options) const override {
    ++query_calls_;
    EncodedQuery out;
    append(query, out.ids);
    const auto keep = static_cast<std::size_t>(options.max_length);
    out.truncated = out.ids.size() > keep;
    out.ids.resize(std::min(out.ids.size(), keep));
    return out;
  }

  void encode_pair(const EncodedQuery& query,
                   std::string_view document,
                   const PairOptions& options,
                   EncodedPair& out) const override {
    ++pair_calls_;
    std::vector<TokenId> first = query.ids;
    std::vector<TokenId> second;
    append(document, second);
    out.truncated = query.truncated;
    while (first.size() + second.size() + 3 > static_cast<std::size_t>(options.max_length)) {
      (first.size() > second.size() ? first : second).pop_back();
      out.truncated = true;
    }
    out.input_ids = {1};
    out.input_ids.insert(out.input_ids.end(), first.begin(), first.end());
    out.input_ids.push_back(2);
    out.token_type_ids.assign(out.input_ids.size(), 0);
    out.input_ids.insert(out.input_ids.end(), second.begin(), second.end());
    out.input_ids.push_back(2);
    out.token_type_ids.resize(out.input_ids.size(), 1);
  }

  void encode_text(std::string_view text, EncodedPair& out) const override {
    out.input_ids = {1};
    append(text, out.input_ids);
    out.input_ids.push_back(2);
    out.token_type_ids.assign(out.input_ids.size(), 0);
    out.truncated = false;
  }

  int vocab_size() const override { return 266; }
  int pair_special_tokens() const override { return 3; }
  int model_max_length() const override { return INT_MAX; }
  Digest128 digest() const override { return digest128("FakeTokenizer"); }

  int query_calls() const { return query_calls_; }
  int pair_calls() const { return pair_calls_; }

 private:
  static void append(std::string_view text, std::vector<TokenId>& ids) {
    for (const char byte : text) {
      ids.push_back(static_cast<unsigned char>(byte) + 10);
    }
  }
  mutable std::atomic<int> query_calls_ = 0;
  mutable std::atomic<int> pair_calls_ = 0;
};

}  // namespace rr::text
