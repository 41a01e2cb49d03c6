#include "cli/load_plan.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/json_text.h"

namespace rr::cli {

namespace {

constexpr int kMaxCount = 100'000;

// Common English words: one token each in BERT-like vocabularies.
constexpr std::array<std::string_view, 64> kWords = {
    "the",    "river",  "city",   "water",   "light",  "stone",  "music",   "garden",
    "winter", "summer", "market", "window",  "paper",  "silver", "engine",  "history",
    "island", "mother", "father", "school",  "doctor", "letter", "number",  "people",
    "forest", "bridge", "castle", "kitchen", "animal", "north",  "south",   "eastern",
    "record", "energy", "memory", "battle",  "church", "dinner", "family",  "friend",
    "ground", "height", "health", "league",  "master", "nature", "object",  "office",
    "period", "planet", "public", "radio",   "report", "result", "science", "season",
    "second", "signal", "spring", "street",  "system", "travel", "village", "yellow"};

// SplitMix64 (Steele, Lea, Flood 2014): a counter in, well mixed bits out.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t bits = state_;
    bits = (bits ^ (bits >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    bits = (bits ^ (bits >> 27U)) * 0x94D049BB133111EBULL;
    return bits ^ (bits >> 31U);
  }
  // In [0, bound).
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  // In (0, 1].
  double unit() { return (static_cast<double>(next() >> 11U) + 1) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

// Streams for different purposes must not share numbers.
enum class Stream : std::uint64_t { kBody = 1, kDuplicate = 2, kArrival = 3, kDocuments = 4 };

Random stream(std::uint64_t seed, Stream purpose, std::uint64_t index) {
  Random start(seed * 8 + static_cast<std::uint64_t>(purpose));
  return Random(start.next() ^ (index * 0xD1342543DE82EF95ULL));
}

std::string words(Random& random, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += text.empty() ? "" : " ";
    text += kWords[random.below(kWords.size())];
  }
  return text;
}

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

bool repeats(const LoadShape& shape, std::uint64_t index) {
  return index > 0 && shape.duplicates > 0 &&
         stream(shape.seed, Stream::kDuplicate, index).unit() <= shape.duplicates;
}

}  // namespace

Result<CountRange> parse_count_range(std::string_view option, std::string_view text) {
  const auto dash = text.find('-');
  const auto least = whole_number(text.substr(0, dash));
  const auto most = dash == std::string_view::npos ? least : whole_number(text.substr(dash + 1));
  if (!least || !most || *least < 1 || *most < *least || *most > kMaxCount) {
    return Status(Code::kInvalidArgument,
                  fmt::format("{}: \"{}\" cannot be used; allowed: N or LEAST-MOST, from 1 to {}",
                              option,
                              text,
                              kMaxCount));
  }
  return CountRange{*least, *most};
}

Result<std::string> parse_extra_fields(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(text.data(), text.size()).get_object().get(object) != simdjson::SUCCESS) {
    return Status(
        Code::kInvalidArgument,
        fmt::format("--fields: \"{}\" cannot be used; allowed: a JSON object, for example "
                    "{{\"deadline_ms\":2000}}",
                    text));
  }
  const std::string whole = simdjson::minify(object);
  return whole.substr(1, whole.size() - 2);
}

std::uint64_t original_of(const LoadShape& shape, std::uint64_t index) {
  if (shape.distinct > 0) {
    return index % shape.distinct;
  }
  while (repeats(shape, index)) {
    Random random = stream(shape.seed, Stream::kDuplicate, index);
    random.next();  // the draw that decided to repeat
    index = random.below(index);
  }
  return index;
}

int documents_of(const LoadShape& shape, std::uint64_t index) {
  const CountRange range = shape.documents;
  Random random = stream(shape.seed, Stream::kDocuments, original_of(shape, index));
  const auto width = static_cast<std::uint64_t>(std::int64_t{range.most} - range.least + 1);
  return range.least + static_cast<int>(random.below(width));
}

std::string load_body(const LoadShape& shape, std::uint64_t index) {
  const std::uint64_t original = original_of(shape, index);
  Random random = stream(shape.seed, Stream::kBody, original);
  JsonText json;
  json.open_object();
  // The number makes the query, and with it every pair, differ from all others.
  json.key("query").string(fmt::format("{} {}", words(random, 6), original));
  json.key("documents").open_array();
  const int documents = documents_of(shape, original);
  const auto width =
      static_cast<std::uint64_t>(std::int64_t{shape.tokens.most} - shape.tokens.least + 1);
  for (int i = 0; i < documents; ++i) {
    const int count = shape.tokens.least + static_cast<int>(random.below(width));
    json.string(count == 1 ? words(random, 1) : fmt::format("{} {}", words(random, count - 1), i));
  }
  json.close_array();
  if (!shape.extra_fields.empty()) {
    json.raw(shape.extra_fields);
  }
  json.close_object();
  return std::move(json).text();
}

Duration arrival_gap(std::uint64_t seed, std::uint64_t index, double rate) {
  return from_seconds(-std::log(stream(seed, Stream::kArrival, index).unit()) / rate);
}

Result<LoadTarget> parse_target(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  const auto bad = [url] {
    return Status(
        Code::kInvalidArgument,
        fmt::format("--url: \"{}\" cannot be used; allowed: http://HOST[:PORT][/PATH]", url));
  };
  std::string_view rest = url;
  if (rest.substr(0, kScheme.size()) == kScheme) {
    rest.remove_prefix(kScheme.size());
  } else if (rest.find("://") != std::string_view::npos) {
    return bad();
  }
  LoadTarget target;
  const auto slash = rest.find('/');
  if (slash != std::string_view::npos && rest.size() > slash + 1) {
    target.path = rest.substr(slash);
  }
  std::string_view authority = rest.substr(0, slash);
  const auto bracket = authority.rfind(']');  // [::1]:8000
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    const auto port = whole_number(authority.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) {
      return bad();
    }
    target.port = authority.substr(colon + 1);
    authority = authority.substr(0, colon);
  }
  if (authority.size() > 2 && authority.front() == '[' && authority.back() == ']') {
    authority = authority.substr(1, authority.size() - 2);
  }
  const bool blank = url.find_first_of(" \r\n\t") != std::string_view::npos;
  if (authority.empty() || blank) {
    return bad();
  }
  target.host = authority;
  return target;
}

}  // namespace rr::cli
