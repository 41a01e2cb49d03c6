#include "eval/price_list.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>

#include "base/json_text.h"

namespace rr::eval {

namespace {

constexpr std::size_t kSetsMax = 100;
constexpr std::size_t kDtypesMax = 16;
constexpr std::size_t kNameBytesMax = 200;

void write_price(JsonText& json, const DtypePrice& price) {
  json.open_object().key("dtype").string(price.dtype).key("numerics").string(price.numerics);
  json.key("ndcg@10").number(price.ndcg_at_10);
  json.key("kendall_tau").number(price.agreement.kendall_tau);
  json.key("top10_overlap").number(price.agreement.top10_overlap);
  json.key("max_delta_logit").number(price.agreement.delta_max);
  json.key("p99_delta_logit").number(price.agreement.delta_p99);
  json.key("pairs_per_s").number(price.pairs_per_s);
  json.key("weight_bytes").number(price.weight_bytes).close_object();
}

// Takes fields out of one object; the first thing that is wrong is kept.
class Fields {
 public:
  Fields(simdjson::dom::element element, std::string& wrong) : wrong_(wrong) {
    if (element.get(object_) != simdjson::SUCCESS) {
      fail("wants an object");
    }
  }

  std::string text(std::string_view key) {
    std::string_view value;
    if (object_.at_key(key).get(value) != simdjson::SUCCESS || value.size() > kNameBytesMax) {
      fail(fmt::format("{}: wants a string of at most {} bytes", key, kNameBytesMax));
      return {};
    }
    return std::string(value);
  }

  double number(std::string_view key, double least, double most) {
    double value = 0;
    if (object_.at_key(key).get(value) != simdjson::SUCCESS || !(value >= least && value <= most)) {
      fail(fmt::format("{}: wants a number from {} to {}", key, least, most));
      return least;
    }
    return value;
  }

  std::uint64_t count(std::string_view key) {
    std::uint64_t value = 0;
    if (object_.at_key(key).get(value) != simdjson::SUCCESS || value > INT64_MAX) {
      fail(fmt::format("{}: wants a whole number", key));
      return 0;
    }
    return value;
  }

  simdjson::dom::array list(std::string_view key, std::size_t size_max) {
    simdjson::dom::array value;
    if (object_.at_key(key).get(value) != simdjson::SUCCESS || value.size() > size_max) {
      fail(fmt::format("{}: wants a list of at most {}", key, size_max));
      return {};
    }
    return value;
  }

  bool ok() const { return wrong_.empty(); }

 private:
  void fail(std::string what) {
    if (wrong_.empty()) {
      wrong_ = std::move(what);
    }
  }

  simdjson::dom::object object_;
  std::string& wrong_;
};

constexpr double kLargest = 1e15;

DtypePrice read_price(simdjson::dom::element element, std::string& wrong) {
  Fields fields(element, wrong);
  DtypePrice price;
  if (fields.ok()) {
    price.dtype = fields.text("dtype");
    price.numerics = fields.text("numerics");
    price.ndcg_at_10 = fields.number("ndcg@10", 0, 1);
    price.agreement.kendall_tau = fields.number("kendall_tau", -1, 1);
    price.agreement.top10_overlap = fields.number("top10_overlap", 0, 1);
    price.agreement.delta_max = fields.number("max_delta_logit", 0, kLargest);
    price.agreement.delta_p99 = fields.number("p99_delta_logit", 0, kLargest);
    price.pairs_per_s = fields.number("pairs_per_s", 0, kLargest);
    price.weight_bytes = fields.count("weight_bytes");
  }
  return price;
}

SetPrices read_set(simdjson::dom::element element, std::string& wrong) {
  Fields fields(element, wrong);
  SetPrices set;
  if (!fields.ok()) {
    return set;
  }
  set.name = fields.text("name");
  set.queries = fields.count("queries");
  set.pairs = fields.count("pairs");
  const simdjson::dom::array dtypes = fields.list("dtypes", kDtypesMax);
  if (fields.ok()) {
    for (const simdjson::dom::element dtype : dtypes) {
      set.dtypes.push_back(read_price(dtype, wrong));
    }
  }
  return set;
}

PriceList read_list(simdjson::dom::element root, std::string& wrong) {
  Fields fields(root, wrong);
  PriceList list;
  if (!fields.ok()) {
    return list;
  }
  list.model = fields.text("model");
  list.content_digest = fields.text("content_digest");
  list.baseline = fields.text("baseline");
  list.threads = static_cast<int>(fields.number("threads", 1, 1024));
  const simdjson::dom::array sets = fields.list("sets", kSetsMax);
  if (fields.ok()) {
    for (const simdjson::dom::element set : sets) {
      list.sets.push_back(read_set(set, wrong));
    }
  }
  return list;
}

}  // namespace

std::string price_list_json(const PriceList& list) {
  JsonText json;
  json.open_object().key("model").string(list.model);
  json.key("content_digest").string(list.content_digest);
  json.key("baseline").string(list.baseline).key("threads").number(list.threads);
  json.key("sets").open_array();
  for (const SetPrices& set : list.sets) {
    json.open_object().key("name").string(set.name).key("queries").number(set.queries);
    json.key("pairs").number(set.pairs).key("dtypes").open_array();
    for (const DtypePrice& price : set.dtypes) {
      write_price(json, price);
    }
    json.close_array().close_object();
  }
  json.close_array().close_object();
  return std::move(json).text();
}

Result<PriceList> parse_price_list(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string wrong;
  PriceList list;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
    wrong = "no JSON";
  } else {
    list = read_list(root, wrong);
  }
  return wrong.empty() ? Result<PriceList>(std::move(list))
                       : Status(Code::kCorrupt, fmt::format("[price_list.json] {}", wrong));
}

}  // namespace rr::eval
