// A stranger's bytes as a --config file and as the value of every option: an answer or one line of
// error, never a crash; what is accepted can be read back, and secrets stay hidden.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "config/configuration.h"
#include "config/option_value.h"
#include "config/report.h"
#include "config/settings.h"

namespace {

void feed_every_option(std::string_view text) {
  for (const rr::config::OptionSpec& spec : rr::config::option_table()) {
    const auto value = rr::config::canonical_value(spec, text, spec.name);
    RR_CHECK(value.ok() || value.status().message().find('\n') == std::string::npos);
    if (value.ok()) {
      // A canonical value is its own canonical form.
      RR_CHECK(rr::config::canonical_value(spec, *value, spec.name).value() == *value);
    }
    if (spec.kind == rr::config::Kind::kSecret && !text.empty()) {
      RR_CHECK(rr::config::shown_value(spec, text) == "***");
    }
  }
}

void feed_file(std::string_view text) {
  auto lines = rr::config::parse_env_text(text, "fuzz.env");
  if (!lines.ok()) {
    return;
  }
  rr::config::Sources sources;
  sources.file_name = "fuzz.env";
  sources.file = *std::move(lines);
  const auto configuration = rr::config::Configuration::gather(sources);
  if (configuration.ok()) {
    (void)rr::config::make_settings(*configuration).ok();
    (void)rr::config::report_json(*configuration);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  feed_every_option(text);
  feed_file(text);
  return 0;
}
