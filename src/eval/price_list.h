// What each dtype of a model costs in ranking quality and gives in speed: what `rerankd compare`
// measured, as it prints it, as it stands in price_list.json beside a model, and as /info serves
// it. The file comes from outside: parse_price_list() takes what it knows, checked, and everything
// else is dropped, so that nothing of a stranger's file is ever echoed. Values. Tested by
// price_list_test.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "eval/ranking_agreement.h"

namespace rr::eval {

struct DtypePrice {
  std::string dtype;     // "none", "bf16", "int8"
  std::string numerics;  // id of the arithmetic that ran
  double ndcg_at_10 = 0;
  AgreementFigures agreement;  // with the baseline
  double pairs_per_s = 0;
  std::uint64_t weight_bytes = 0;  // packed, in memory
};

struct SetPrices {
  std::string name;
  std::uint64_t queries = 0;
  std::uint64_t pairs = 0;
  std::vector<DtypePrice> dtypes;
};

struct PriceList {
  std::string model;
  std::string content_digest;  // of the weights, tokenizer and maximum length it was made with
  std::string baseline;        // the dtype that the others are compared with
  int threads = 0;
  std::vector<SetPrices> sets;
};

// One JSON document.
std::string price_list_json(const PriceList& list);

// kCorrupt with one line.
Result<PriceList> parse_price_list(std::string_view json);

}  // namespace rr::eval
