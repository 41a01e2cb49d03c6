// Which kernels compute a model: a pure function of (instruction set, quantization, mixed
// precision, hidden size), never of timing. Its numerics id names everything that can change a
// logit's bits. Tested by arithmetic_test.cpp.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "kernels/kernel_table.h"

namespace rr::engine {

enum class Quantization { kNone, kBf16, kInt8 };
enum class MixedPrecision { kOff, kOn };

// "none" (also "fp32" and ""), "bf16", "int8"; kInvalidArgument for any other name.
Result<Quantization> quantization_from_name(std::string_view name);
std::string_view quantization_name(Quantization quantization);

struct Arithmetic {
  kernels::Isa isa = kernels::Isa::kGeneric;
  Quantization quantization = Quantization::kNone;
  const kernels::LinearKernel* linear = nullptr;  // the blocks' matrix products
  // Blocks' matrices that an int8 model keeps in bf16 (ModelSpec::kept_bf16); null when it has
  // none.
  const kernels::LinearKernel* kept = nullptr;
  const kernels::LinearKernel* head = nullptr;  // pooler and classifier, always fp32
  kernels::AttentionFn attention = nullptr;
  kernels::Storage attention_storage = kernels::Storage::kF32;  // of q, k, v and the context
  kernels::Storage embeddings = kernels::Storage::kF32;
  kernels::LayerNormFn layer_norm = nullptr;
  kernels::QuantizeFn quantize = nullptr;
  kernels::EmbedFn embed = nullptr;
  std::string numerics;
};

Arithmetic choose_arithmetic(kernels::Isa isa, Quantization quantization, MixedPrecision mixed);

// The same for a model that has matrices which int8 keeps in bf16: the id names both arithmetics.
Arithmetic with_kept_matrices(Arithmetic int8);

}  // namespace rr::engine
