#include "cache/redis_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace rr::cache {

namespace {

using Transport = RedisEndpoint::Transport;

Status refused(std::string_view why) {
  return {Code::kInvalidArgument,
          fmt::format("[redis] REDIS_URL: {}; wanted redis://[[user]:password@]host[:port][/db], "
                      "rediss://… or unix:///path[?db=N]",
                      why)};
}

std::optional<int> number_below(std::string_view text, int limit) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0 ||
      value >= limit) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    unsigned int byte = 0;
    const std::string_view digits = text.substr(std::min(i + 1, text.size()), 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) {
      return std::nullopt;
    }
    out.push_back(static_cast<char>(byte));
    i += 2;
  }
  return out;
}

// Takes "[user]:password@" or "user@" off the front of `rest`.
Status take_credentials(std::string_view& rest, RedisEndpoint& endpoint) {
  const std::size_t authority_end = endpoint.transport == Transport::kUnix
                                        ? rest.size()
                                        : std::min(rest.find_first_of("/?"), rest.size());
  const std::size_t at = rest.substr(0, authority_end).rfind('@');
  if (at == std::string_view::npos) {
    return {};
  }
  const std::string_view credentials = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  const std::size_t colon = credentials.find(':');
  const auto user = percent_decoded(credentials.substr(0, colon));
  const auto password = colon == std::string_view::npos
                            ? std::optional<std::string>("")
                            : percent_decoded(credentials.substr(colon + 1));
  if (!user || !password) {
    return refused("the user or password has a bad percent escape");
  }
  endpoint.user = *user;
  endpoint.password = *password;
  return {};
}

Status take_database(std::string_view text, RedisEndpoint& endpoint) {
  const auto database = number_below(text, 1 << 20);
  if (!database) {
    return refused("the database is no number");
  }
  endpoint.database = *database;
  return {};
}

Status take_host_and_port(std::string_view authority, RedisEndpoint& endpoint) {
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) {
      return refused("an IPv6 address has no closing bracket");
    }
    endpoint.host = std::string(authority.substr(1, close - 1));
    port = authority.substr(close + 1);
    if (!port.empty() && !port.starts_with(':')) {
      return refused("only a port may follow an IPv6 address");
    }
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    endpoint.host = std::string(authority.substr(0, colon));
    port = authority.substr(colon);
  }
  if (endpoint.host.empty()) {
    return refused("there is no host");
  }
  if (!port.empty()) {
    const auto number = number_below(port.substr(1), 65536);
    if (!number || *number == 0) {
      return refused("the port is not 1 to 65535");
    }
    endpoint.port = *number;
  }
  return {};
}

Status take_network(std::string_view rest, RedisEndpoint& endpoint) {
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return refused("parameters are not known here");
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  RR_RETURN_IF_ERROR(take_host_and_port(rest.substr(0, slash), endpoint));
  const std::string_view database = rest.substr(std::min(slash + 1, rest.size()));
  return database.empty() ? Status() : take_database(database, endpoint);
}

Status take_unix_path(std::string_view rest, RedisEndpoint& endpoint) {
  const std::size_t question = std::min(rest.find('?'), rest.size());
  endpoint.path = std::string(rest.substr(0, question));
  constexpr std::size_t kLongestPath = 107;  // sockaddr_un
  if (!endpoint.path.starts_with('/') || endpoint.path.size() > kLongestPath) {
    return refused("a socket path is absolute and at most 107 bytes");
  }
  const std::string_view parameters = rest.substr(std::min(question + 1, rest.size()));
  if (parameters.empty()) {
    return {};
  }
  if (!parameters.starts_with("db=")) {
    return refused("the only parameter is db");
  }
  return take_database(parameters.substr(3), endpoint);
}

}  // namespace

std::string RedisEndpoint::shown() const {
  if (transport == Transport::kUnix) {
    return fmt::format("unix://{}?db={}", path, database);
  }
  const bool brackets = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}/{}",
                     transport == Transport::kTls ? "rediss" : "redis",
                     brackets ? "[" : "",
                     host,
                     brackets ? "]" : "",
                     port,
                     database);
}

Result<RedisEndpoint> parse_redis_url(std::string_view url) {
  constexpr std::size_t kLongestUrl = 4096;
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos || url.size() > kLongestUrl ||
      url.find('\0') != std::string_view::npos) {
    return refused("it is no URL");
  }
  RedisEndpoint endpoint;
  const std::string_view scheme = url.substr(0, colon);
  if (scheme == "rediss") {
    endpoint.transport = Transport::kTls;
  } else if (scheme == "unix") {
    endpoint.transport = Transport::kUnix;
  } else if (scheme != "redis") {
    return refused("the scheme is not known");
  }
  std::string_view rest = url.substr(colon + 3);
  RR_RETURN_IF_ERROR(take_credentials(rest, endpoint));
  RR_RETURN_IF_ERROR(endpoint.transport == Transport::kUnix ? take_unix_path(rest, endpoint)
                                                            : take_network(rest, endpoint));
  return endpoint;
}

}  // namespace rr::cache
