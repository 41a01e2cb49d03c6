#include "checkpoint/hub_download.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/mutex.h"
#include "base/temp_dir.h"
#include "checkpoint/hub_cache.h"

namespace rr::checkpoint {
namespace {

using testing::HasSubstr;

constexpr std::string_view kCommit = "c5ee24cb16019beea0893ab7796b1df96625c6b8";
constexpr std::string_view kConfig = "{\"a\":1}";
// printf '{"a":1}' | git hash-object --stdin
constexpr std::string_view kConfigEtag = "daa5053ecf5f9a37b2de733d0751cc1ab53ac010";
constexpr std::string_view kWeights = "0123456789";
// printf 0123456789 | sha256sum
constexpr std::string_view kWeightsEtag =
    "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882";

// A Hub on loopback: one connection at a time, each answered by `respond` and closed.
class FakeHub {
 public:
  struct Request {
    std::string method, path, head;
  };
  using Respond = std::function<std::string(const Request&)>;

  explicit FakeHub(Respond respond) : respond_(std::move(respond)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_, 16), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ~FakeHub() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }

  std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  std::vector<Request> requests() {
    const MutexLock lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    while (true) {
      const int client = ::accept(socket_, nullptr, nullptr);
      if (client < 0) {
        return;
      }
      std::string head;
      char buffer[4096];
      while (head.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = ::read(client, buffer, sizeof buffer);
        if (got <= 0) {
          break;
        }
        head.append(buffer, static_cast<std::size_t>(got));
      }
      const std::size_t space = head.find(' ');
      const std::size_t second = head.find(' ', space + 1);
      Request request{head.substr(0, space), head.substr(space + 1, second - space - 1), head};
      {
        const MutexLock lock(mutex_);
        requests_.push_back(request);
      }
      const std::string answer = respond_(request);
      EXPECT_EQ(::send(client, answer.data(), answer.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(answer.size()));
      ::close(client);
    }
  }

  Respond respond_;
  int socket_ = -1;
  int port_ = 0;
  Mutex mutex_;
  std::vector<Request> requests_ RR_GUARDED_BY(mutex_);
  std::jthread thread_;
};

std::string answer(std::string_view status, std::string_view headers, std::string_view body) {
  return fmt::format("HTTP/1.1 {}\r\nConnection: close\r\n{}Content-Length: {}\r\n\r\n{}",
                     status,
                     headers,
                     body.size(),
                     body);
}

std::string head_only(std::string_view headers, std::size_t length) {
  return fmt::format(
      "HTTP/1.1 200 OK\r\nConnection: close\r\n{}Content-Length: {}\r\n\r\n", headers, length);
}

// A well-behaved Hub with a config and weights.
std::string good(const FakeHub::Request& request) {
  if (request.path.starts_with("/api/models/org/name/revision/")) {
    return answer("200 OK",
                  "",
                  fmt::format(R"({{"sha":"{}","siblings":[{{"rfilename":"config.json"}},)"
                              R"({{"rfilename":"README.md"}},{{"rfilename":"../evil.json"}},)"
                              R"({{"rfilename":"onnx/model.safetensors"}},)"
                              R"({{"rfilename":"model.safetensors"}}]}})",
                              kCommit));
  }
  const bool is_config = request.path.ends_with("/config.json");
  const std::string_view body = is_config ? kConfig : kWeights;
  const std::string etag = fmt::format("ETag: \"{}\"\r\n", is_config ? kConfigEtag : kWeightsEtag);
  return request.method == "HEAD" ? head_only(etag, body.size()) : answer("200 OK", etag, body);
}

class HubDownloadTest : public testing::Test {
 protected:
  HubDownload download(const FakeHub& hub) const {
    HubDownload download;
    download.model_id = "org/name";
    download.endpoint = hub.url();
    download.hub_dir = dir_.path();
    return download;
  }
  Status pull(FakeHub& hub) const { return download_from_hub(download(hub)).status(); }
  std::filesystem::path folder() const { return dir_.path() / "models--org--name"; }
  bool is_found() const { return find_in_hub_cache("org/name", {dir_.path(), "main"}).ok(); }
  static std::string content(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  TempDir dir_;
};

bool is_weights_get(const FakeHub::Request& request) {
  return request.method == "GET" && request.path.ends_with("model.safetensors");
}

TEST_F(HubDownloadTest, WhatWasPulledIsFoundInTheCacheAndNotFetchedAgain) {
  FakeHub hub(good);
  const auto snapshot = download_from_hub(download(hub));
  ASSERT_TRUE(snapshot.ok()) << snapshot.status().message();
  EXPECT_EQ(*snapshot, find_in_hub_cache("org/name", {dir_.path(), "main"}).value());
  EXPECT_EQ(content(*snapshot / "config.json"), kConfig);
  EXPECT_EQ(content(*snapshot / "model.safetensors"), kWeights);
  EXPECT_TRUE(std::filesystem::is_symlink(*snapshot / "config.json"));
  EXPECT_EQ(content(folder() / "refs" / "main"), kCommit);
  const std::size_t before = hub.requests().size();
  EXPECT_EQ(before, 5U);  // the list, two HEADs, two GETs: nothing else was wanted
  ASSERT_TRUE(pull(hub).ok());
  EXPECT_EQ(hub.requests().size(), before + 3);  // the list and two HEADs
}

TEST_F(HubDownloadTest, AFileThatWasCutOffGoesOnWhereItStopped) {
  int gets = 0;
  FakeHub hub([&](const FakeHub::Request& request) {
    if (!is_weights_get(request)) {
      return good(request);
    }
    if (++gets == 1) {
      return head_only("", kWeights.size()) + std::string(kWeights.substr(0, 4));
    }
    EXPECT_THAT(request.head, HasSubstr("Range: bytes=4-"));
    return answer("206 Partial Content", "Content-Range: bytes 4-9/10\r\n", kWeights.substr(4));
  });
  ASSERT_TRUE(pull(hub).ok());
  EXPECT_EQ(gets, 2);
  EXPECT_EQ(content(folder() / "blobs" / kWeightsEtag), kWeights);
}

TEST_F(HubDownloadTest, ASecondPullGoesOnToo) {
  {
    FakeHub hub([&](const FakeHub::Request& request) {
      return is_weights_get(request) ? head_only("", kWeights.size()) + "0123" : good(request);
    });
    EXPECT_EQ(pull(hub).code(), Code::kUnavailable);
    EXPECT_FALSE(is_found());
  }
  FakeHub ignores_range(good);  // and this one sends everything again
  ASSERT_TRUE(pull(ignores_range).ok());
  EXPECT_EQ(content(folder() / "blobs" / kWeightsEtag), kWeights);
}

TEST_F(HubDownloadTest, LargeFilesComeFromWhereTheHubSendsWithoutTheToken) {
  FakeHub store(
      [](const FakeHub::Request&) { return answer("200 OK", "ETag: \"x\"\r\n", kWeights); });
  FakeHub hub([&](const FakeHub::Request& request) {
    if (!request.path.ends_with("model.safetensors")) {
      return good(request);
    }
    return answer("302 Found",
                  fmt::format("Location: http://localhost:{}/blob\r\nX-Linked-Etag: \"{}\"\r\n"
                              "X-Linked-Size: 10\r\n",
                              store.url().substr(store.url().rfind(':') + 1),
                              kWeightsEtag),
                  "");
  });
  HubDownload with_token = download(hub);
  with_token.token = "hf_secret";
  const auto snapshot = download_from_hub(with_token);
  ASSERT_TRUE(snapshot.ok()) << snapshot.status().message();
  EXPECT_THAT(hub.requests().front().head, HasSubstr("Authorization: Bearer hf_secret"));
  ASSERT_EQ(store.requests().size(), 1U);
  EXPECT_EQ(store.requests().front().head.find("hf_secret"), std::string::npos);
}

TEST_F(HubDownloadTest, WhatTheHubRefusesIsSaidAndNothingIsLeftThatLooksLikeAModel) {
  const struct {
    std::string_view status;
    Code code;
    std::string_view says;
  } rows[] = {{"401 Unauthorized", Code::kUnauthorized, "HF_TOKEN"},
              {"404 Not Found", Code::kNotFound, "org/name@main"},
              {"500 Oops", Code::kUnavailable, "status 500"}};
  for (const auto& row : rows) {
    FakeHub hub([&](const FakeHub::Request&) { return answer(row.status, "", "{}"); });
    const Status status = pull(hub);
    EXPECT_EQ(status.code(), row.code);
    EXPECT_THAT(status.message(), HasSubstr(std::string(row.says)));
    EXPECT_FALSE(is_found());
  }
}

TEST_F(HubDownloadTest, AnswersThatBreakTheRulesAreRefused) {
  const struct {
    const char* name;
    FakeHub::Respond respond;
    Code code;
  } rows[] = {
      {"other bytes",
       [](const FakeHub::Request& r) {
         return is_weights_get(r) ? answer("200 OK", "", "0123456780") : good(r);
       },
       Code::kCorrupt},
      {"too few bytes",
       [](const FakeHub::Request& r) {
         return is_weights_get(r) ? answer("200 OK", "", "0123") : good(r);
       },
       Code::kCorrupt},
      {"too many bytes",
       [](const FakeHub::Request& r) {
         return is_weights_get(r) ? answer("200 OK", "", "0123456789abcdef") : good(r);
       },
       Code::kTooLarge},
      {"no digest",
       [](const FakeHub::Request& r) { return r.method == "HEAD" ? head_only("", 10) : good(r); },
       Code::kCorrupt},
      {"an etag that is a path",
       [](const FakeHub::Request& r) {
         return r.method == "HEAD" ? head_only("ETag: \"../../x\"\r\n", 10) : good(r);
       },
       Code::kCorrupt},
      {"a huge file",
       [](const FakeHub::Request& r) {
         return r.method == "HEAD"
                    ? head_only(fmt::format("ETag: {}\r\n", kWeightsEtag), std::size_t{1} << 40)
                    : good(r);
       },
       Code::kTooLarge},
      {"no JSON",
       [](const FakeHub::Request&) { return answer("200 OK", "", "<html>"); },
       Code::kCorrupt},
      {"a commit that is a path",
       [](const FakeHub::Request&) {
         return answer("200 OK", "", R"({"sha":"../../../etc","siblings":[]})");
       },
       Code::kCorrupt},
      {"a circle",
       [](const FakeHub::Request& r) {
         return answer("302 Found", "Location: " + r.path + "\r\n", "");
       },
       Code::kUnavailable},
      {"no HTTP", [](const FakeHub::Request&) { return std::string("hello"); }, Code::kUnavailable},
  };
  for (const auto& row : rows) {
    FakeHub hub(row.respond);
    std::filesystem::remove_all(folder());
    EXPECT_EQ(pull(hub).code(), row.code) << row.name << ": " << pull(hub).message();
    EXPECT_FALSE(is_found()) << row.name;
  }
}

TEST_F(HubDownloadTest, ABadNameTouchesNoNetwork) {
  FakeHub hub(good);
  HubDownload bad = download(hub);
  bad.model_id = "../up";
  EXPECT_EQ(download_from_hub(bad).status().code(), Code::kInvalidArgument);
  bad = download(hub);
  bad.revision = "../up";
  EXPECT_EQ(download_from_hub(bad).status().code(), Code::kInvalidArgument);
  EXPECT_TRUE(hub.requests().empty());
}

}  // namespace
}  // namespace rr::checkpoint
