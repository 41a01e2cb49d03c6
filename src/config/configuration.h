// Gathers every option of the table: flag > environment > file > default. What cannot be used is
// an error of one line (exit 2); what is unknown is a warning. Kubernetes service links are
// neither: `*_PORT` with a value tcp://… (or udp://, sctp://) and names with _SERVICE_ or _PORT_
// are passed over in silence, so that a Service called `reranker` does not stop the server. An
// environment variable that is set to nothing counts as not set. A value; immutable; thread-safe.
// Tested by configuration_test.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/env_file.h"
#include "config/environment.h"
#include "config/option_spec.h"

namespace rr::config {

enum class Origin { kDefault, kFile, kEnvironment, kFlag };

std::string_view origin_name(Origin origin);

// A flag as typed: `flag` with its dashes.
struct FlagValue {
  std::string flag;
  std::string value;
};

struct Sources {
  std::vector<FlagValue> flags;  // the last of two equal ones wins
  Environment environment;
  std::string file_name;          // of `file`, for messages
  std::vector<EnvFileLine> file;  // the last of two equal ones wins
};

struct OptionValue {
  const OptionSpec* spec = nullptr;  // row of the table
  std::string text;                  // canonical
  Origin origin = Origin::kDefault;
  std::string set_by;  // "--port", "PORT", "prod.env:3"; empty for defaults
};

class Configuration {
 public:
  // kInvalidArgument with one line.
  static Result<Configuration> gather(const Sources& sources);

  // One per row, in the table's order.
  const std::vector<OptionValue>& values() const { return values_; }
  const OptionValue& value(std::string_view name) const;  // RR_CHECK that it is in the table
  const Environment& environment() const { return environment_; }

  // One line each: unknown variables.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::vector<OptionValue> values_;
  std::vector<std::string> warnings_;
  Environment environment_;
};

}  // namespace rr::config
