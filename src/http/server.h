// The HTTP/1.1 server: a listener, one or more I/O loops, limits, and a drain.
//   Server server(options, service, metrics, clock);
//   RR_RETURN_IF_ERROR(server.start());        // listening on server.port()
//   server.drain_and_stop({.delay = …, .timeout = …});
// A connection stays on the loop that it was given to; loops share only the Site. start() raises
// RLIMIT_NOFILE to its hard limit. kUnavailable names the address when it is taken. The service
// must outlive the server. Methods are for one owner thread. Tested by server_test.cpp.
#pragma once

#include <memory>
#include <string>

#include "http/service.h"
#include "http/site_options.h"
#include "metrics/metrics.h"

namespace rr::http {

struct ServerOptions {
  std::string host = "0.0.0.0";
  int port = 8000;  // 0 = any
  int io_threads = 1;
  int max_connections = 10'000;
  ConnectionLimits limits;
  SiteOptions site;
};

struct DrainOptions {
  Duration delay{};    // requests are still taken, /ready is 503
  Duration timeout{};  // for running requests, after the delay
};

class Server {
 public:
  Server(ServerOptions options, Service service, metrics::Metrics& metrics, const Clock& clock);
  ~Server();  // stops at once
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Status start();
  int port() const;  // after start()

  // /ready and /health are 503 and answers close their connection; requests are still taken.
  void start_draining();
  // start_draining(), the delay, then no new connections; running requests finish or, after the
  // timeout, are cancelled. Blocks.
  void drain_and_stop(const DrainOptions& options);

  int open_connections() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

// Raises the soft limit of open files to the hard one; the limit now in force.
long raise_open_files_limit();

}  // namespace rr::http
