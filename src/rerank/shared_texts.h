// Texts that a request and its answer read at the same time, in place of a copy for each: documents
// can be megabytes. Copies share the texts, which never change. Thread-safe as any const value.
// Tested by request_keys_test.cpp and read_request_test.cpp, through what they stand in.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rr::rerank {

class SharedTexts {
 public:
  SharedTexts() = default;
  explicit SharedTexts(std::vector<std::string> texts)
      : texts_(std::make_shared<const std::vector<std::string>>(std::move(texts))) {}

  std::size_t size() const { return texts_ == nullptr ? 0 : texts_->size(); }
  bool empty() const { return size() == 0; }
  const std::string& operator[](std::size_t i) const { return (*texts_)[i]; }
  const std::string* begin() const { return texts_ == nullptr ? nullptr : texts_->data(); }
  const std::string* end() const { return begin() + size(); }

 private:
  std::shared_ptr<const std::vector<std::string>> texts_;
};

}  // namespace rr::rerank
