// Attention of every instruction set against double precision, for lengths and head sizes with
// tails.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/aligned_memory.h"
#include "kernels/kernel_test_data.h"

namespace rr::kernels {
namespace {

struct Case {
  std::int64_t keys;
  std::int64_t head_size;
};

// q, k and v side by side in rows of three heads, as the executor has them.
struct Head {
  Case size;
  std::int64_t stride;
  std::vector<float> qkv;
  std::vector<std::uint16_t> qkv_bf16;
  std::vector<float> out;
  AlignedMemory scratch;

  explicit Head(Case of)
      : size(of),
        stride(3 * of.head_size + 5),
        qkv(random_floats(static_cast<std::size_t>(of.keys * stride), 2, 9)),
        out(static_cast<std::size_t>(of.keys * of.head_size), std::nanf("")),
        scratch(attention_scratch_bytes(of.keys, of.head_size)) {
    std::transform(qkv.begin(), qkv.end(), std::back_inserter(qkv_bf16), bf16_bits);
    std::memset(scratch.data(), 0xff, scratch.size_bytes());
  }

  template <typename T>
  AttentionArgs args(const std::vector<T>& from) {
    AttentionArgs args{};
    args.q = from.data();
    args.k = from.data() + size.head_size;
    args.v = from.data() + 2 * size.head_size;
    args.q_stride = args.kv_stride = stride;
    args.out = out.data();
    args.out_stride = size.head_size;
    args.out_storage = Storage::kF32;
    args.queries = args.keys = size.keys;
    args.head_size = size.head_size;
    args.scale = 1 / std::sqrt(static_cast<float>(size.head_size));
    args.scratch = scratch.data();
    return args;
  }

  double value(std::int64_t row, std::int64_t part, std::int64_t d) const {
    return qkv[static_cast<std::size_t>(row * stride + part * size.head_size + d)];
  }

  std::vector<double> expected(std::int64_t query) const {
    std::vector<double> p(static_cast<std::size_t>(size.keys));
    for (std::int64_t key = 0; key < size.keys; ++key) {
      double& score = p[static_cast<std::size_t>(key)];
      for (std::int64_t d = 0; d < size.head_size; ++d) {
        score += value(query, 0, d) * value(key, 1, d);
      }
      score = std::exp(score / std::sqrt(static_cast<double>(size.head_size)));
    }
    double sum = 0;
    for (const double score : p) {
      sum += score;
    }
    std::vector<double> context(static_cast<std::size_t>(size.head_size));
    for (std::int64_t key = 0; key < size.keys; ++key) {
      for (std::int64_t d = 0; d < size.head_size; ++d) {
        context[static_cast<std::size_t>(d)] +=
            p[static_cast<std::size_t>(key)] / sum * value(key, 2, d);
      }
    }
    return context;
  }

  void compare(double tolerance, const std::string& name) const {
    for (std::int64_t query = 0; query < size.keys; query += 1 + size.keys / 9) {
      const auto context = expected(query);
      for (std::int64_t d = 0; d < size.head_size; ++d) {
        ASSERT_NEAR(out[static_cast<std::size_t>(query * size.head_size + d)],
                    context[static_cast<std::size_t>(d)],
                    tolerance)
            << name << " keys " << size.keys << " head " << size.head_size;
      }
    }
  }
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {1, 32}, {4, 5}, {15, 32}, {33, 64}, {100, 22}, {129, 128}, {50, 96}, {700, 32}, {2048, 64}};
  return all;
}

struct Named {
  std::string name;
  AttentionFn attention;
};

std::vector<Named> bf16_kernels() {
  std::vector<Named> kernels;
  for (const Isa isa : available_isas()) {
    if (kernel_table(isa).attention_bf16 != nullptr) {
      kernels.push_back({std::string(isa_name(isa)), kernel_table(isa).attention_bf16});
    }
  }
  return kernels;
}

TEST(Attention, F32AgreesWithDoublePrecision) {
  for (const Isa isa : available_isas()) {
    for (const Case& size : cases()) {
      Head head(size);
      kernel_table(isa).attention_f32(head.args(head.qkv));
      head.compare(2e-5, std::string(isa_name(isa)));
    }
  }
}

// q, k and v as the bf16 kernel reads them, so that expected() sees the same.
void round_to_bf16(Head& head) {
  std::transform(head.qkv.begin(), head.qkv.end(), head.qkv_bf16.begin(), bf16_bits);
  std::transform(
      head.qkv_bf16.begin(), head.qkv_bf16.end(), head.qkv.begin(), [](std::uint16_t bits) {
        return to_float(BFloat16{bits});
      });
}

TEST(Attention, Bf16AgreesWithinItsRounding) {
  for (const auto& [name, attention] : bf16_kernels()) {
    for (const Case& size : cases()) {
      Head head(size);
      round_to_bf16(head);
      attention(head.args(head.qkv_bf16));
      head.compare(0.01, name);
    }
  }
}

TEST(Attention, Bf16ResultsAreTheF32ResultsRoundedToNearestEven) {
  for (const auto& [name, attention] : bf16_kernels()) {
    for (const Case& size : cases()) {
      Head head(size);
      attention(head.args(head.qkv_bf16));
      std::vector<std::uint16_t> half(head.out.size());
      AttentionArgs args = head.args(head.qkv_bf16);
      args.out = half.data();
      args.out_storage = Storage::kBf16;
      attention(args);
      for (std::size_t i = 0; i < half.size(); ++i) {
        ASSERT_EQ(half[i], bf16_bits(head.out[i])) << name << " head " << size.head_size;
      }
    }
  }
}

// As the last layer asks it: one query of many.
TEST(Attention, AQueryAloneHasTheBitsItHasAmongOthers) {
  for (const Isa isa : available_isas()) {
    Head head({77, 32});
    kernel_table(isa).attention_f32(head.args(head.qkv));
    const std::vector<float> expected = head.out;
    for (std::int64_t query = 0; query < 77; ++query) {
      AttentionArgs args = head.args(head.qkv);
      args.q = head.qkv.data() + query * head.stride;
      args.queries = 1;
      kernel_table(isa).attention_f32(args);
      ASSERT_EQ(bits_of(head.out, 0, 32), bits_of(expected, query * 32, 32))
          << isa_name(isa) << " query " << query;
    }
  }
}

TEST(Attention, ABf16QueryAloneHasTheBitsItHasAmongOthers) {
  for (const auto& [name, attention] : bf16_kernels()) {
    for (const std::int64_t d : {32, 64}) {
      Head head({77, d});
      attention(head.args(head.qkv_bf16));
      const std::vector<float> expected = head.out;
      for (std::int64_t query = 0; query < 77; ++query) {
        AttentionArgs args = head.args(head.qkv_bf16);
        args.q = head.qkv_bf16.data() + query * head.stride;
        args.queries = std::min<std::int64_t>(77 - query, 1 + query % 20);
        attention(args);
        const std::int64_t count = args.queries * d;
        ASSERT_EQ(bits_of(head.out, 0, count), bits_of(expected, query * d, count))
            << name << " query " << query << " head " << d;
      }
    }
  }
}

// Scores far from zero, all of one sign or of both, up to the edge of what f32 holds as 2^x and
// beyond it: the softmax is the same wherever the scores lie.
TEST(Attention, ScoresFarFromZeroStayExact) {
  for (const auto& [name, attention] : bf16_kernels()) {
    for (const float distance : {-3000.0F, -80.0F, -30.0F, 30.0F, 80.0F, 3000.0F}) {
      Head head({40, 32});
      // One dimension of q and k adds `distance` to the scores of every second query.
      for (std::int64_t row = 0; row < 40; ++row) {
        float* of_row = head.qkv.data() + row * head.stride;
        of_row[0] = row % 2 == 0 ? distance : 0;
        of_row[32] = std::sqrt(32.0F);
      }
      round_to_bf16(head);
      attention(head.args(head.qkv_bf16));
      for (std::int64_t row = 0; row < 40; ++row) {
        head.qkv[static_cast<std::size_t>(row * head.stride)] = 0;
      }
      head.compare(0.01, name);
    }
  }
}

TEST(Attention, ANumberThatIsNotFiniteNeverBecomesAScore) {
  for (const auto& [name, attention] : bf16_kernels()) {
    for (const float poison : {std::nanf(""), HUGE_VALF, -HUGE_VALF}) {
      for (const std::int64_t part : {0, 2}) {  // of q, and of v
        Head head({40, 32});
        head.qkv_bf16[static_cast<std::size_t>(7 * head.stride + part * 32)] = bf16_bits(poison);
        attention(head.args(head.qkv_bf16));
        ASSERT_FALSE(std::isfinite(head.out[std::size_t{7} * 32])) << name << " part " << part;
      }
    }
  }
}

// A common large term must cancel before the exponential sees it.
TEST(Attention, LargeScoresDoNotOverflow) {
  for (const Isa isa : available_isas()) {
    Head head({40, 32});
    for (float& value : head.qkv) {
      value = value * 100;
    }
    kernel_table(isa).attention_f32(head.args(head.qkv));
    for (const float value : head.out) {
      ASSERT_TRUE(std::isfinite(value)) << isa_name(isa);
    }
  }
}

}  // namespace
}  // namespace rr::kernels
