#include "base/digest.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace rr {

struct DigestBuilder::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  Context() { RR_CHECK(evp != nullptr && EVP_DigestInit_ex(evp, EVP_sha256(), nullptr) == 1); }
  ~Context() { EVP_MD_CTX_free(evp); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  void update(const void* data, std::size_t size) {
    RR_CHECK(EVP_DigestUpdate(evp, data, size) == 1);
  }
};

DigestBuilder::DigestBuilder() : context_(std::make_unique<Context>()) {}
DigestBuilder::~DigestBuilder() = default;

DigestBuilder& DigestBuilder::add(std::string_view field) {
  add_number(static_cast<std::int64_t>(field.size()));
  context_->update(field.data(), field.size());
  return *this;
}

DigestBuilder& DigestBuilder::add_number(std::int64_t number) {
  std::array<std::uint8_t, 8> little_endian{};
  for (std::size_t i = 0; i < little_endian.size(); ++i) {
    little_endian[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> (8 * i));
  }
  context_->update(little_endian.data(), little_endian.size());
  return *this;
}

DigestBuilder& DigestBuilder::add_bytes(std::span<const std::byte> bytes) {
  context_->update(bytes.data(), bytes.size());
  return *this;
}

Digest128 DigestBuilder::finish() {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> full{};
  RR_CHECK(EVP_DigestFinal_ex(context_->evp, full.data(), nullptr) == 1);
  Digest128 digest;
  std::memcpy(digest.bytes.data(), full.data(), digest.bytes.size());
  return digest;
}

Digest128 digest128(std::string_view data) {
  return DigestBuilder().add_bytes(std::as_bytes(std::span(data))).finish();
}

std::string Digest128::hex() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace rr
