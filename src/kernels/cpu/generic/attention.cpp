// Reference attention: one query row at a time, scores in scratch, softmax over the whole row, sums
// in the order of the keys.
#include "kernels/cpu/generic/generic_inl.h"
#include "kernels/cpu/generic/scalar_math_inl.h"

namespace rr::kernels::generic {

namespace {

void score_row(const AttentionArgs& args, const float* q, float* score) {
  const auto* k = static_cast<const float*>(args.k);
  for (std::int64_t key = 0; key < args.keys; ++key) {
    float sum = 0;
    for (std::int64_t d = 0; d < args.head_size; ++d) {
      sum += q[d] * k[key * args.kv_stride + d];
    }
    score[key] = sum * args.scale;
  }
}

// Returns the sum; score becomes e^(score − max).
float exp_row(float* score, std::int64_t keys) {
  float largest = score[0];
  for (std::int64_t key = 1; key < keys; ++key) {
    largest = score[key] > largest ? score[key] : largest;
  }
  float sum = 0;
  for (std::int64_t key = 0; key < keys; ++key) {
    score[key] = exp_scalar(score[key] - largest);
    sum += score[key];
  }
  return sum;
}

}  // namespace

void attention_f32(const AttentionArgs& args) {
  auto* score = static_cast<float*>(args.scratch);
  const auto* v = static_cast<const float*>(args.v);
  for (std::int64_t query = 0; query < args.queries; ++query) {
    score_row(args, static_cast<const float*>(args.q) + query * args.q_stride, score);
    const float inverse = 1.0F / exp_row(score, args.keys);
    float* out = static_cast<float*>(args.out) + query * args.out_stride;
    for (std::int64_t d = 0; d < args.head_size; ++d) {
      float sum = 0;
      for (std::int64_t key = 0; key < args.keys; ++key) {
        sum += score[key] * v[key * args.kv_stride + d];
      }
      out[d] = sum * inverse;
    }
  }
}

}  // namespace rr::kernels::generic
