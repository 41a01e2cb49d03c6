// Sends a load plan over HTTP/1.1 keep-alive connections (Boost.Beast) from the calling thread.
//   closed loop: `clients` connections, each sends its next request when the last is answered.
//   open loop:   requests arrive by a Poisson process of `rate` a second, whatever the answers do;
//   a
//                request's latency counts from its arrival, so waiting for a connection counts too.
// Addresses are used in turn. Blocks until all requests have ended. Tested against a server of its
// own by load_run_test.cpp.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cli/load_plan.h"
#include "cli/load_report.h"

namespace rr::cli {

struct LoadRunOptions {
  std::vector<LoadTarget> targets;  // at least one
  LoadShape shape;
  std::uint64_t first_request = 0;  // so that runs in a row do not repeat each other's pairs
  std::uint64_t requests = 0;
  int clients = 1;                               // connections at most
  double rate = 0;                               // 0 = closed loop
  Duration timeout = std::chrono::seconds(130);  // of one request
  std::string api_key;                           // empty = none
};

// `on_end` is called after every request. kUnavailable when a host's name is not known.
Result<LoadReport> run_load(const LoadRunOptions& options,
                            const Clock& clock,
                            const std::function<void()>& on_end);

// GET `path` of the first target, for `--show-metrics`: the body of an answer with 200.
Result<std::string> fetch_text(const LoadTarget& target,
                               const std::string& path,
                               const std::string& accept);

}  // namespace rr::cli
