#include "engine/arithmetic.h"

namespace rr::engine {

namespace {

using kernels::CpuKernels;
using kernels::LinearKernel;
using kernels::Storage;

const LinearKernel& linear_of(const CpuKernels& table,
                              Quantization quantization,
                              MixedPrecision mixed) {
  switch (quantization) {
    case Quantization::kNone:
      return mixed == MixedPrecision::kOn ? table.mixed : table.split;
    case Quantization::kBf16:
      return table.bf16;
    case Quantization::kInt8:
      return table.int8;
  }
  return table.f32;
}

Storage embeddings_of(Quantization quantization) {
  switch (quantization) {
    case Quantization::kNone:
      return Storage::kF32;
    case Quantization::kBf16:
      return Storage::kBf16;
    case Quantization::kInt8:
      return Storage::kI8;
  }
  return Storage::kF32;
}

}  // namespace

Result<Quantization> quantization_from_name(std::string_view name) {
  if (name.empty() || name == "none" || name == "fp32") {
    return Quantization::kNone;
  }
  if (name == "bf16") {
    return Quantization::kBf16;
  }
  if (name == "int8") {
    return Quantization::kInt8;
  }
  return Status(Code::kInvalidArgument,
                "[quantization] \"" + std::string(name) +
                    "\" is not known; wants none (or fp32), bf16 or int8");
}

std::string_view quantization_name(Quantization quantization) {
  switch (quantization) {
    case Quantization::kNone:
      return "none";
    case Quantization::kBf16:
      return "bf16";
    case Quantization::kInt8:
      return "int8";
  }
  return "none";
}

Arithmetic choose_arithmetic(kernels::Isa isa, Quantization quantization, MixedPrecision mixed) {
  const CpuKernels& table = kernels::kernel_table(isa);
  Arithmetic chosen;
  chosen.isa = isa;
  chosen.quantization = quantization;
  chosen.linear = &linear_of(table, quantization, mixed);
  chosen.head = &table.f32;
  chosen.embeddings = embeddings_of(quantization);
  const Storage reads = chosen.linear->activations;
  const bool exact = reads == Storage::kF32 || reads == Storage::kBf16x3;
  chosen.layer_norm = exact ? table.layer_norm : table.layer_norm_short;
  chosen.quantize = table.quantize;
  chosen.embed = table.embed;
  chosen.numerics = chosen.linear->arithmetic;
  // With bf16 products the attention products are bf16 too; int8 asks for that by mixed precision.
  // On AMX it always does: f32 attention would make int8 slower than bf16 (decision 016).
  const bool mixed_int8 = quantization == Quantization::kInt8 &&
                          (mixed == MixedPrecision::kOn || isa == kernels::Isa::kAmx);
  const bool bf16_attention = table.attention_bf16 != nullptr &&
                              (chosen.linear->activations == Storage::kBf16 || mixed_int8);
  chosen.attention = bf16_attention ? table.attention_bf16 : table.attention_f32;
  chosen.attention_storage = bf16_attention ? Storage::kBf16 : Storage::kF32;
  if (bf16_attention && mixed_int8) {
    chosen.numerics += "+bf16";
  }
  return chosen;
}

Arithmetic with_kept_matrices(Arithmetic int8) {
  int8.kept = &kernels::kernel_table(int8.isa).bf16;
  int8.numerics += std::string("+") + int8.kept->arithmetic;
  return int8;
}

}  // namespace rr::engine
