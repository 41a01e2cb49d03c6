// Attention alone, every kernel beside the others, over the packed rows of one chunk as a layer has
// them: cases attention/<isa>/<storage>/N=heads/D=…/S=… print processor cycles per token-layer (all
// heads of one token), by a chain of dependent additions timed just before and after, which takes
// one cycle each. One thread. "cls" asks for one query per pair, as the last layer does.
#include <benchmark/benchmark.h>
#include <time.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "base/aligned_memory.h"
#include "kernels/kernel_table.h"
#include "kernels/packing.h"

namespace {

using namespace rr;
using kernels::Storage;

struct Shape {
  int heads;
  int head_size;
  int tokens;  // of each pair
  bool scored_only;
};

double thread_seconds() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

double cycles_per_second() {
  constexpr long kAdditions = 20'000'000;
  const double begin = thread_seconds();
  std::uint64_t x = 1;
  for (long i = 0; i < kAdditions; ++i) {
    __asm__ volatile("add $1, %0" : "+r"(x));
  }
  return static_cast<double>(kAdditions) / (thread_seconds() - begin);
}

// Values around 1, of either storage.
void fill(AlignedMemory& memory, std::size_t count, Storage storage) {
  for (std::size_t i = 0; i < count; ++i) {
    const float value = std::sin(static_cast<float>(i));
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    if (storage == Storage::kF32) {
      memory.as<float>()[i] = value;
    } else {
      memory.as<std::uint16_t>()[i] = static_cast<std::uint16_t>(bits >> 16);
    }
  }
}

void run(benchmark::State& state,
         kernels::AttentionFn attention,
         Storage storage,
         const Shape& shape) {
  constexpr int kChunkTokens = 256;
  const int pairs = std::max(1, kChunkTokens / shape.tokens);
  const std::int64_t hidden = std::int64_t{shape.heads} * shape.head_size;
  const std::int64_t stride = kernels::row_stride(3 * hidden, storage);
  const std::size_t element = kernels::storage_bytes(storage);
  const auto rows = static_cast<std::int64_t>(pairs) * shape.tokens;
  AlignedMemory qkv(static_cast<std::size_t>(rows * stride) * element);
  AlignedMemory out(static_cast<std::size_t>(rows * stride) * element);
  AlignedMemory scratch(kernels::attention_scratch_bytes(shape.tokens, shape.head_size));
  fill(qkv, static_cast<std::size_t>(rows * stride), storage);
  kernels::AttentionArgs args{};
  args.q_stride = args.kv_stride = stride;
  args.out_stride = kernels::row_stride(hidden, storage);
  args.out_storage = storage;
  args.queries = shape.scored_only ? 1 : shape.tokens;
  args.keys = shape.tokens;
  args.head_size = shape.head_size;
  args.scale = 1 / std::sqrt(static_cast<float>(shape.head_size));
  args.scratch = scratch.data();
  const double before = cycles_per_second();
  const double begin = thread_seconds();
  for (auto _ : state) {
    for (std::int64_t pair = 0; pair < pairs; ++pair) {
      for (std::int64_t head = 0; head < shape.heads; ++head) {
        const std::int64_t column = pair * shape.tokens * stride + head * shape.head_size;
        const std::byte* q = qkv.data() + static_cast<std::size_t>(column) * element;
        args.q = q;
        args.k = q + static_cast<std::size_t>(hidden) * element;
        args.v = q + static_cast<std::size_t>(2 * hidden) * element;
        args.out = out.data() + static_cast<std::size_t>(pair * shape.tokens * args.out_stride +
                                                         head * shape.head_size) *
                                    element;
        attention(args);
      }
    }
    benchmark::ClobberMemory();
  }
  const double seconds = thread_seconds() - begin;
  const double after = cycles_per_second();
  const double tokens = static_cast<double>(rows) * static_cast<double>(state.iterations());
  state.counters["cycles_per_token"] = seconds / tokens * (before + after) / 2;
  state.counters["GHz"] = (before + after) / 2e9;
  state.counters["clocks_apart"] = (after - before) / before;
}

void add_cases(const std::string& name, kernels::AttentionFn attention, Storage storage) {
  if (attention == nullptr) {
    return;
  }
  for (const Shape& shape : {Shape{12, 32, 128, false},
                             Shape{12, 32, 512, false},
                             Shape{12, 32, 128, true},
                             Shape{12, 64, 128, false},
                             Shape{12, 64, 512, false},
                             Shape{12, 64, 4096, false},
                             Shape{6, 128, 512, false}}) {
    const std::string of_case = "attention/" + name + "/N=" + std::to_string(shape.heads) +
                                "/D=" + std::to_string(shape.head_size) +
                                "/S=" + std::to_string(shape.tokens) +
                                (shape.scored_only ? "/cls" : "");
    benchmark::RegisterBenchmark(of_case.c_str(), [attention, storage, shape](auto& state) {
      run(state, attention, storage, shape);
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (const kernels::Isa isa : kernels::available_isas()) {
    const kernels::CpuKernels& table = kernels::kernel_table(isa);
    const std::string name(kernels::isa_name(isa));
    add_cases(name + "/f32", table.attention_f32, Storage::kF32);
    add_cases(name + "/bf16", table.attention_bf16, Storage::kBf16);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
