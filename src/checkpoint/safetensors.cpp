#include "checkpoint/safetensors.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/json_text.h"
#include "base/utf8.h"

namespace rr::checkpoint {

namespace {

constexpr std::size_t kLengthBytes = 8;

struct KnownDType {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array<KnownDType, 17> kKnownDTypes = {{{"BOOL", 1},
                                                      {"U8", 1},
                                                      {"I8", 1},
                                                      {"F8_E5M2", 1},
                                                      {"F8_E4M3", 1},
                                                      {"F8_E8M0", 1},
                                                      {"I16", 2},
                                                      {"U16", 2},
                                                      {"F16", 2},
                                                      {"BF16", 2},
                                                      {"I32", 4},
                                                      {"U32", 4},
                                                      {"F32", 4},
                                                      {"F64", 8},
                                                      {"I64", 8},
                                                      {"U64", 8},
                                                      {"C64", 8}}};

std::optional<std::uint64_t> element_bytes(std::string_view dtype) {
  const auto* known = std::find_if(
      kKnownDTypes.begin(), kKnownDTypes.end(), [&](const auto& one) { return one.name == dtype; });
  return known == kKnownDTypes.end() ? std::nullopt : std::optional(known->bytes);
}

// Reads the header of one file; every function answers what is wrong, or "".
class HeaderReader {
 public:
  HeaderReader(std::span<const std::byte> data, const SafetensorsLimits& limits)
      : data_(data), limits_(limits) {}

  std::string read(simdjson::dom::object header) {
    for (const auto field : header) {
      if (field.key == "__metadata__") {
        continue;
      }
      if (entries_.size() == limits_.tensors) {
        return fmt::format("names more than {} tensors", limits_.tensors);
      }
      if (std::string wrong = read_tensor(field.key, field.value); !wrong.empty()) {
        return fmt::format("tensor {}: {}", shown_name(field.key), wrong);
      }
    }
    if (std::string wrong = check_names(); !wrong.empty()) {
      return wrong;
    }
    return check_cover();
  }

  std::vector<TensorEntry> take() && { return std::move(entries_); }

 private:
  std::string read_tensor(std::string_view name, simdjson::dom::element value) {
    simdjson::dom::object fields;
    std::string_view dtype;
    if (value.get(fields) != simdjson::SUCCESS ||
        fields.at_key("dtype").get(dtype) != simdjson::SUCCESS) {
      return "wants an object with dtype, shape and data_offsets";
    }
    const std::optional<std::uint64_t> bytes = element_bytes(dtype);
    if (!bytes) {
      return fmt::format("dtype {} is unknown", shown_name(dtype));
    }
    TensorEntry entry{std::string(name), std::string(dtype), {}, {}};
    std::uint64_t size = *bytes;
    if (std::string wrong = read_shape(fields, entry.shape, size); !wrong.empty()) {
      return wrong;
    }
    if (std::string wrong = read_offsets(fields, size, entry.data); !wrong.empty()) {
      return wrong;
    }
    entries_.push_back(std::move(entry));
    return {};
  }

  // Multiplies `size` by every extent; refuses what a file of this length cannot hold anyway, so
  // that no product overflows.
  std::string read_shape(simdjson::dom::object fields,
                         std::vector<std::int64_t>& shape,
                         std::uint64_t& size) const {
    simdjson::dom::array extents;
    if (fields.at_key("shape").get(extents) != simdjson::SUCCESS) {
      return "shape is no list";
    }
    for (const simdjson::dom::element extent : extents) {
      std::uint64_t count = 0;
      if (extent.get(count) != simdjson::SUCCESS || shape.size() == limits_.rank) {
        return fmt::format("shape wants at most {} whole numbers, none negative", limits_.rank);
      }
      if (__builtin_mul_overflow(size, count, &size) || count > INT64_MAX) {
        return "shape overflows 64 bits";
      }
      shape.push_back(static_cast<std::int64_t>(count));
    }
    return {};
  }

  std::string read_offsets(simdjson::dom::object fields,
                           std::uint64_t size,
                           std::span<const std::byte>& data) const {
    simdjson::dom::array offsets;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    if (fields.at_key("data_offsets").get(offsets) != simdjson::SUCCESS || offsets.size() != 2 ||
        offsets.at(0).get(begin) != simdjson::SUCCESS ||
        offsets.at(1).get(end) != simdjson::SUCCESS || begin > end) {
      return "data_offsets wants two whole numbers, begin and end";
    }
    if (end > data_.size()) {
      return fmt::format("data ends at byte {}, the file has {} bytes of data; is it cut short?",
                         end,
                         data_.size());
    }
    if (end - begin != size) {
      return fmt::format("dtype and shape want {} bytes, data_offsets name {}", size, end - begin);
    }
    data = data_.subspan(begin, size);
    return {};
  }

  std::string check_names() const {
    std::vector<std::string_view> names;
    names.reserve(entries_.size());
    for (const TensorEntry& entry : entries_) {
      names.push_back(entry.name);
    }
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    return twice == names.end() ? "" : fmt::format("tensor {}: named twice", shown_name(*twice));
  }

  // In order of their data the tensors must follow each other from the first byte to the last.
  std::string check_cover() {
    std::stable_sort(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
      return a.data.data() < b.data.data() ||
             (a.data.data() == b.data.data() && a.data.size() < b.data.size());
    });
    const std::byte* expected = data_.data();
    for (const TensorEntry& entry : entries_) {
      if (entry.data.data() != expected) {
        return fmt::format("tensor {}: data starts at byte {}, wants {}; tensors {}",
                           shown_name(entry.name),
                           entry.data.data() - data_.data(),
                           expected - data_.data(),
                           entry.data.data() < expected ? "overlap" : "leave a gap");
      }
      expected += entry.data.size();
    }
    const auto rest = static_cast<std::size_t>(data_.data() + data_.size() - expected);
    return rest == 0 ? "" : fmt::format("{} bytes after the last tensor belong to none", rest);
  }

  std::span<const std::byte> data_;
  const SafetensorsLimits& limits_;
  std::vector<TensorEntry> entries_;
};

std::uint64_t little_endian_64(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  }
  return value;
}

}  // namespace

std::string shown_name(std::string_view name) {
  constexpr std::size_t kShown = 120;
  if (name.size() <= kShown) {
    return json_quoted(name);
  }
  std::string_view start = name.substr(0, kShown);
  start = start.substr(0, utf8_find_invalid(start));  // never half a character
  return json_quoted(std::string(start) + "…");
}

std::string shown_shape(std::span<const std::int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ","));
}

Result<std::vector<TensorEntry>> parse_safetensors(std::string_view origin,
                                                   std::span<const std::byte> file,
                                                   const SafetensorsLimits& limits) {
  const auto corrupt = [&](std::string_view wrong) {
    return Status(Code::kCorrupt, fmt::format("[safetensors] {}: {}", origin, wrong));
  };
  if (file.size() < kLengthBytes) {
    return corrupt(fmt::format("{} bytes, not even a header length", file.size()));
  }
  const std::uint64_t header_bytes = little_endian_64(file);
  if (header_bytes > limits.header_bytes) {
    return corrupt(
        fmt::format("claims a header of {} bytes, at most {} are read; is it a safetensors file?",
                    header_bytes,
                    limits.header_bytes));
  }
  if (header_bytes > file.size() - kLengthBytes) {
    return corrupt(fmt::format(
        "header of {} bytes in a file of {}; is it cut short?", header_bytes, file.size()));
  }
  const auto* text = reinterpret_cast<const char*>(file.data() + kLengthBytes);
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::error_code error = parser.parse(text, header_bytes).get(root);
  if (error != simdjson::SUCCESS) {
    return corrupt(fmt::format("header is no JSON: {}", simdjson::error_message(error)));
  }
  simdjson::dom::object header;
  if (root.get(header) != simdjson::SUCCESS) {
    return corrupt("header wants a JSON object");
  }
  HeaderReader reader(file.subspan(kLengthBytes + header_bytes), limits);
  if (const std::string wrong = reader.read(header); !wrong.empty()) {
    return corrupt(wrong);
  }
  return std::move(reader).take();
}

}  // namespace rr::checkpoint
