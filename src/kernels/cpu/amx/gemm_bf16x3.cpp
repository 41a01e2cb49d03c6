// f32-grade products out of bf16 tiles: with a = a1 + a2 + a3 and b = b1 + b2 + b3 (eight bits of
// the significand each), a·b is the sum of nine products, of which those of a2·b3, a3·b2 and a3·b3
// lie below 2^-24. The other six are six sweeps of gemm_inl.h over the same block of c, each over
// the whole depth, small ones first, so that they are summed before large numbers could swallow
// them. Source of the scheme: Henry, Tang, Heinecke, "Leveraging the bfloat16 AI datatype for
// higher-precision computations", arXiv 1904.06376. Measured in docs/decisions/017.
#include <cstdint>

#include "kernels/cpu/amx/amx_inl.h"
#include "kernels/cpu/amx/tiles_inl.h"
#include "kernels/cpu/simd/vec_avx512_inl.h"
// The functions over that vector.
#include "kernels/cpu/simd/math_inl.h"
// What a product does with its sums.
#include "kernels/cpu/amx/finish_inl.h"
// Last: uses all of them.
#include "kernels/cpu/amx/gemm_inl.h"

namespace {

struct Term {
  int a_part;
  int b_part;
  bool b_is_new;  // not read before for this panel
};

constexpr Term kTerms[] = {
    {2, 0, true}, {1, 1, true}, {0, 2, true}, {1, 0, false}, {0, 1, false}, {0, 0, false}};
constexpr int kTermCount = 6;
constexpr std::int64_t kParts = 3;

// The bias is as large as the result: it comes last.
class SplitSums {
 public:
  using Value = float;
  static constexpr bool kBeginsAsBias = false;
  SplitSums(const GemmArgs& args, std::int64_t /*row*/, std::int64_t column)
      : bias_(args.bias + column) {}
  V::F operator()(const float* sums, int lane) const {
    return V::add(V::load(sums), V::load(bias_ + lane));
  }
  void advance() {}

 private:
  const float* bias_;
};

class FinishGeluExact : public FinishBias {
 public:
  using FinishBias::FinishBias;
  V::F operator()(V::F x, int /*lane*/) const { return gelu_erf_v(x); }
};

// The passes of one panel, in order; gives each with what to prefetch meanwhile.
template <typename Visit>
void panel_passes(
    const char* panel, std::int64_t column, int steps, std::int64_t a_part_bytes, Visit visit) {
  const Stretches stretches(steps);
  const std::int64_t part_bytes = steps * kStepBytes;
  for (int term = 0; term < kTermCount; ++term) {
    const Term& t = kTerms[term];
    for (int at = 0; at < steps; at += stretches.steps) {
      const int now = at + stretches.steps < steps ? stretches.steps : steps - at;
      const char* b = panel + t.b_part * part_bytes + at * kStepBytes;
      const bool more = at + now < steps;
      const bool last_term = term + 1 == kTermCount;
      const char* next = more        ? b + now * kStepBytes
                         : last_term ? panel + kParts * part_bytes
                                     : panel + kTerms[term + 1].b_part * part_bytes;
      const bool next_is_new = more ? t.b_is_new : last_term || kTerms[term + 1].b_is_new;
      const Pass pass = {b,
                         column,
                         t.a_part * a_part_bytes + at * kTileRowBytes,
                         now,
                         term == 0 && at == 0,
                         last_term && !more};
      visit(pass, next, next_is_new ? now * kStepBytes : 0);
    }
  }
}

template <typename Finish>
void gemm_split(const GemmArgs& args) {
  constexpr std::int64_t kHalf = sizeof(std::uint16_t);
  load_tile_palette();
  const int steps = static_cast<int>(args.depth * kHalf / kTileRowBytes);
  const std::int64_t a_part_bytes = args.a_stride * kHalf;
  Sweep<Bf16Step, SplitSums, Finish, WriteF32> sweep(args, kParts * a_part_bytes);
  for (std::int64_t begin = 0; begin < args.rows; begin += kSlabRows) {
    const std::int64_t end = begin + kSlabRows < args.rows ? begin + kSlabRows : args.rows;
    const auto* b = static_cast<const char*>(args.b);
    for (std::int64_t panel = 0; panel < args.panels; ++panel, b += kParts * steps * kStepBytes) {
      panel_passes(b,
                   panel * kPanelWidth,
                   steps,
                   a_part_bytes,
                   [&](const Pass& pass, const char* next, std::int64_t next_bytes) {
                     sweep.run(pass, begin, end, next, next_bytes);
                   });
    }
  }
  sweep.flush();
}

}  // namespace

namespace rr::kernels::amx {

void gemm_bf16x3(const GemmArgs& args) {
  switch (args.epilogue) {
    case Epilogue::kBias:
      return gemm_split<FinishBias>(args);
    case Epilogue::kBiasGeluErf:
      return gemm_split<FinishGeluExact>(args);
    case Epilogue::kBiasResidual:
      return gemm_split<FinishResidual>(args);
    default:
      return gemm_split<FinishOther>(args);
  }
}

std::int64_t probe_bf16x3(std::int64_t rounds, float* sink) {
  return probe_bf16(rounds, sink) / kTermCount;
}

}  // namespace rr::kernels::amx
