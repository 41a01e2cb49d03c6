#include "cache/resp_reader.h"

#include <fmt/format.h>
#include <hiredis/read.h>

#include <algorithm>

namespace rr::cache {

// hiredis builds a reply through these five functions. Ours write into RespReader::root_, so that
// nothing is owned by C code; a null pointer makes hiredis give up, and refusal_ says why.
struct RespReader::Functions {
  static RespReader& reader_of(const redisReadTask* task) {
    return *static_cast<RespReader*>(task->privdata);
  }

  // The slot of the reply tree that this task fills, or null when the limits are passed.
  static RespValue* slot(const redisReadTask* task) {
    RespReader& reader = reader_of(task);
    if (++reader.elements_ > reader.limits_.elements) {
      reader.refusal_ = "more elements than allowed";
      return nullptr;
    }
    if (task->parent == nullptr) {
      reader.root_ = RespValue{};
      return &reader.root_;
    }
    auto* parent = static_cast<RespValue*>(task->parent->obj);
    return &parent->elements[static_cast<std::size_t>(task->idx)];
  }

  static RespValue::Type type_of(const redisReadTask* task) {
    switch (task->type) {
      case REDIS_REPLY_STATUS:
        return RespValue::Type::kStatus;
      case REDIS_REPLY_ERROR:
        return RespValue::Type::kError;
      default:
        return RespValue::Type::kBulk;
    }
  }

  static void* create_string(const redisReadTask* task, char* text, std::size_t length) {
    RespReader& reader = reader_of(task);
    if (length > reader.limits_.bulk_bytes) {
      reader.refusal_ = "a string is longer than allowed";
      return nullptr;
    }
    RespValue* value = reader.admit_bytes(length) ? slot(task) : nullptr;
    if (value != nullptr) {
      value->type = type_of(task);
      value->text.assign(text, length);
    }
    return value;
  }

  static void* create_array(const redisReadTask* task, int elements) {
    RespReader& reader = reader_of(task);
    int depth = 1;
    for (const redisReadTask* above = task->parent; above != nullptr; above = above->parent) {
      ++depth;
    }
    if (depth > reader.limits_.depth) {
      reader.refusal_ = "arrays are nested deeper than allowed";
      return nullptr;
    }
    const auto count = static_cast<std::size_t>(elements);
    if (count > reader.limits_.elements - std::min(reader.elements_, reader.limits_.elements)) {
      reader.refusal_ = "an array is longer than allowed";
      return nullptr;
    }
    RespValue* value = slot(task);
    if (value != nullptr) {
      value->type = RespValue::Type::kArray;
      value->elements.resize(count);
    }
    return value;
  }

  static void* create_integer(const redisReadTask* task, long long integer) {
    RespValue* value = slot(task);
    if (value != nullptr) {
      value->type = RespValue::Type::kInteger;
      value->integer = integer;
    }
    return value;
  }

  static void* create_nil(const redisReadTask* task) { return slot(task); }

  static void free_object(void* /*value*/) {}  // root_ owns the tree

  static redisReplyObjectFunctions* table() {
    static redisReplyObjectFunctions functions = {
        create_string, create_array, create_integer, create_nil, free_object};
    return &functions;
  }
};

namespace {

redisReader* as_hiredis(void* reader) {
  return static_cast<redisReader*>(reader);
}

}  // namespace

void RespReader::FreeReader::operator()(void* reader) const {
  redisReaderFree(as_hiredis(reader));
}

RespReader::RespReader(RespLimits limits)
    : limits_(limits), reader_(redisReaderCreateWithFunctions(Functions::table())) {
  RR_CHECK(reader_ != nullptr);
  as_hiredis(reader_.get())->privdata = this;
}

RespReader::~RespReader() = default;

bool RespReader::admit_bytes(std::size_t bytes) {
  bytes_ += bytes;
  if (bytes_ > limits_.reply_bytes) {
    refusal_ = "a reply is longer than allowed";
    return false;
  }
  return true;
}

void RespReader::feed(std::string_view bytes) {
  if (failed_.ok() && !bytes.empty()) {
    redisReaderFeed(as_hiredis(reader_.get()), bytes.data(), bytes.size());
  }
}

Result<std::optional<RespValue>> RespReader::next() {
  if (!failed_.ok()) {
    return failed_;
  }
  redisReader* reader = as_hiredis(reader_.get());
  void* reply = nullptr;
  if (redisReaderGetReply(reader, &reply) != REDIS_OK) {
    failed_ = Status(Code::kCorrupt,
                     fmt::format("[redis] the server's answer is no RESP2 that we take: {}",
                                 refusal_.empty() ? std::string(reader->errstr) : refusal_));
    root_ = RespValue{};
    return failed_;
  }
  if (reply == nullptr) {
    // What is still unread is one unfinished string or line.
    constexpr std::size_t kHeaderBytes = 64;
    if (reader->len - reader->pos > limits_.bulk_bytes + kHeaderBytes) {
      failed_ = Status(Code::kCorrupt, "[redis] the server's answer has a string over the limit");
      root_ = RespValue{};
      return failed_;
    }
    return std::optional<RespValue>();
  }
  elements_ = 0;
  bytes_ = 0;
  return std::optional<RespValue>(std::move(root_));
}

}  // namespace rr::cache
