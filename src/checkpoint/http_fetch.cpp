#include "checkpoint/http_fetch.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

namespace rr::checkpoint {

namespace {

constexpr long kConnectSeconds = 20;
constexpr long kStallSeconds = 60;  // below kStallBytes a second for so long is cut off
constexpr long kStallBytes = 100;
constexpr std::size_t kHeadersMax = 200;

struct Transfer {
  const HttpRequest* request = nullptr;
  CURL* handle = nullptr;
  HttpAnswer answer;
  std::uint64_t received = 0;
  bool too_large = false;
};

int status_of(CURL* handle) {
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  return begin == std::string_view::npos ? "" : std::string(text.substr(begin, end - begin + 1));
}

std::size_t take_header(char* data, std::size_t /*one*/, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) {
    transfer.answer.headers.clear();  // of the response before a redirect
    return size;
  }
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos && transfer.answer.headers.size() < kHeadersMax) {
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char byte) {
      return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : static_cast<char>(byte);
    });
    transfer.answer.headers[name] = trimmed(line.substr(colon + 1));
  }
  return size;
}

std::size_t take_body(char* data, std::size_t /*one*/, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.received += size;
  if (transfer.received > transfer.request->bytes_max) {
    transfer.too_large = true;
    return 0;
  }
  const int status = status_of(transfer.handle);
  const bool is_body = status == 200 || status == 206;
  return !is_body || transfer.request->sink(status, {data, size}) ? size : 0;
}

void set_options(CURL* curl, Transfer& transfer) {
  const HttpRequest& request = *transfer.request;
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  // Never from https down to http.
  curl_easy_setopt(curl,
                   CURLOPT_REDIR_PROTOCOLS_STR,
                   request.url.starts_with("https:") ? "https" : "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, request.redirects_max > 0 ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, static_cast<long>(request.redirects_max));
  curl_easy_setopt(curl, CURLOPT_NOBODY, request.method == HttpMethod::kHead ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kStallSeconds);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, kStallBytes);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "rerankd");
  if (!request.token.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, request.token.c_str());
  }
  if (request.resume_from > 0) {
    curl_easy_setopt(curl, CURLOPT_RANGE, fmt::format("{}-", request.resume_from).c_str());
  }
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
}

}  // namespace

Result<HttpAnswer> http_fetch(const HttpRequest& request) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(ready == CURLE_OK ? curl_easy_init() : nullptr,
                                                    curl_easy_cleanup);
  if (curl == nullptr) {
    return Status(Code::kInternal, "[hub] libcurl does not start");
  }
  std::array<char, CURL_ERROR_SIZE> error{};
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, error.data());
  Transfer transfer{&request, curl.get(), {}, 0, false};
  set_options(curl.get(), transfer);
  const CURLcode code = curl_easy_perform(curl.get());
  if (transfer.too_large) {
    return Status(Code::kTooLarge,
                  fmt::format("[hub] {}: more than {} bytes", request.url, request.bytes_max));
  }
  if (code != CURLE_OK) {
    return Status(Code::kUnavailable,
                  fmt::format("[hub] {}: {}",
                              request.url,
                              error[0] != '\0' ? error.data() : curl_easy_strerror(code)));
  }
  transfer.answer.status = status_of(curl.get());
  return std::move(transfer.answer);
}

}  // namespace rr::checkpoint
