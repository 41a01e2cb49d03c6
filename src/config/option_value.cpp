#include "config/option_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/check.h"
#include "base/utf8.h"

namespace rr::config {

namespace {

constexpr std::size_t kMaxValueBytes = 65536;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& letter : out) {
    if (letter >= 'A' && letter <= 'Z') {
      letter = static_cast<char>(letter - 'A' + 'a');
    }
  }
  return out;
}

template <typename T>
std::optional<T> parse(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::string> boolean(std::string_view text) {
  const std::string word = lower(text);
  if (word == "true" || word == "1" || word == "yes" || word == "on") {
    return "true";
  }
  if (word == "false" || word == "0" || word == "no" || word == "off") {
    return "false";
  }
  return std::nullopt;
}

std::optional<std::string> choice(const OptionSpec& spec, std::string_view text) {
  const std::string word = lower(text);
  if (std::find(spec.choices.begin(), spec.choices.end(), word) == spec.choices.end()) {
    return std::nullopt;
  }
  return word == "fp32" ? "none" : word;  // two words for the same arithmetic
}

std::optional<std::string> integer(const OptionSpec& spec, std::string_view text) {
  const auto value = parse<std::int64_t>(text);
  if (!value || static_cast<double>(*value) < spec.least ||
      static_cast<double>(*value) > spec.most) {
    return std::nullopt;
  }
  return std::string(text);
}

std::optional<std::string> number(const OptionSpec& spec, std::string_view text) {
  const auto value = parse<double>(text);
  if (!value || !std::isfinite(*value) || *value < spec.least || *value > spec.most) {
    return std::nullopt;
  }
  return std::string(text);
}

std::optional<std::string> device(std::string_view text) {
  const std::string word = lower(text);
  constexpr std::string_view kCudaN = "cuda:";
  if (word == "auto" || word == "cpu" || word == "cuda") {
    return word;
  }
  if (word.substr(0, kCudaN.size()) != kCudaN) {
    return std::nullopt;
  }
  const auto index = parse<int>(std::string_view(word).substr(kCudaN.size()));
  if (!index || *index < 0 || *index > 255) {
    return std::nullopt;
  }
  return word;
}

bool is_port(std::string_view text) {
  const auto port = parse<int>(text);
  return port && *port >= 1 && *port <= 65535;
}

// scheme://[user[:password]@]host[:port][/path]; a unix address is unix://[…@]/path.
bool is_url(const OptionSpec& spec, std::string_view text) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) {
    return false;
  }
  const std::string scheme = lower(text.substr(0, colon));
  if (std::find(spec.choices.begin(), spec.choices.end(), scheme) == spec.choices.end()) {
    return false;
  }
  std::string_view rest = text.substr(colon + 3);
  if (rest.find(' ') != std::string_view::npos) {
    return false;
  }
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    rest.remove_prefix(at + 1);
  }
  if (scheme == "unix") {
    return rest.size() > 1 && rest.front() == '/';
  }
  std::string_view host = rest.substr(0, rest.find_first_of("/?"));
  const auto after_brackets = host.rfind(']');  // [::1]:6379
  const auto port = host.find(':', after_brackets == std::string_view::npos ? 0 : after_brackets);
  if (port != std::string_view::npos) {
    if (!is_port(host.substr(port + 1))) {
      return false;
    }
    host = host.substr(0, port);
  }
  return !host.empty();
}

bool is_text(std::string_view text) {
  return text.size() <= kMaxValueBytes && utf8_find_invalid(text) == std::string_view::npos &&
         std::none_of(text.begin(), text.end(), [](char letter) {
           return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F;
         });
}

std::optional<std::string> canonical(const OptionSpec& spec, std::string_view text) {
  if (!is_text(text)) {
    return std::nullopt;
  }
  switch (spec.kind) {
    case Kind::kText:
    case Kind::kSecret:
    case Kind::kPath:
      return std::string(text);
    case Kind::kUrl:
      return is_url(spec, text) ? std::optional(std::string(text)) : std::nullopt;
    case Kind::kChoice:
      return choice(spec, text);
    case Kind::kBoolean:
      return boolean(text);
    case Kind::kInteger:
      return integer(spec, text);
    case Kind::kNumber:
      return number(spec, text);
    case Kind::kDevice:
      return device(text);
  }
  return std::nullopt;
}

// Keeps what a person needs to see which Redis is meant, never the password.
std::string url_without_password(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) {
    return std::string(text);
  }
  const auto scheme = text.find("://");
  const auto user = scheme == std::string_view::npos ? 0 : scheme + 3;
  if (user >= at) {
    return "***";
  }
  const auto colon = text.find(':', user);
  // Without a colon the one part before '@' may be a password typed in the wrong place.
  const auto hidden_from = colon < at ? colon + 1 : user;
  return std::string(text.substr(0, hidden_from)) + "***" + std::string(text.substr(at));
}

}  // namespace

Result<std::string> canonical_value(const OptionSpec& spec,
                                    std::string_view text,
                                    std::string_view shown_as) {
  if (auto value = canonical(spec, text)) {
    return *std::move(value);
  }
  return Status(Code::kInvalidArgument,
                fmt::format("{}: \"{}\" cannot be used; allowed: {}",
                            shown_as,
                            shown_value(spec, text.substr(0, 200)),
                            allowed_text(spec)));
}

std::string shown_value(const OptionSpec& spec, std::string_view text) {
  if (spec.kind == Kind::kSecret && !text.empty()) {
    return "***";
  }
  std::string shown = spec.kind == Kind::kUrl ? url_without_password(text) : std::string(text);
  for (char& letter : shown) {
    if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F) {
      letter = '?';
    }
  }
  return shown;
}

bool as_boolean(std::string_view canonical) {
  RR_CHECK(canonical == "true" || canonical == "false");
  return canonical == "true";
}

std::int64_t as_integer(std::string_view canonical) {
  const auto value = parse<std::int64_t>(canonical);
  RR_CHECK(value.has_value());
  return *value;
}

double as_number(std::string_view canonical) {
  const auto value = parse<double>(canonical);
  RR_CHECK(value.has_value());
  return *value;
}

}  // namespace rr::config
