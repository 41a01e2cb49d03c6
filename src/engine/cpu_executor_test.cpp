#include "engine/cpu_executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>

#include "engine/executor_test_data.h"
#include "engine/tolerances.h"

namespace {

// Counted while a test asks for it; the operators below forward to malloc.
std::atomic<bool> counting = false;
std::atomic<int> allocations = 0;

void* counted_malloc(std::size_t size) {
  if (counting) {
    ++allocations;
  }
  return std::malloc(size == 0 ? 1 : size);
}

}  // namespace

void* operator new(std::size_t size) {
  return counted_malloc(size);
}
void* operator new[](std::size_t size) {
  return counted_malloc(size);
}
// std::stable_sort's temporary buffer comes from here.
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return counted_malloc(size);
}
void* operator new[](std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return counted_malloc(size);
}
void operator delete(void* block) noexcept {
  std::free(block);
}
void operator delete[](void* block) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t /*size*/) noexcept {
  std::free(block);
}
void operator delete[](void* block, std::size_t /*size*/) noexcept {
  std::free(block);
}

namespace rr::engine {
namespace {

TEST(CpuExecutor, ScoresWithoutAllocating) {
  const model::RandomModel model = model::make_random_model(tiny_shape(), 7);
  const TestBatch batch = batch_of(random_pairs(model.spec, {4, 300, 64, 512}, 100));
  for (const Variant& variant : all_variants()) {
    const auto executor = executor_of(model, variant, 2);
    std::vector<float> logits(batch.pairs());
    for (const bool alone : {false, true}) {
      PackedBatch view = batch.view();
      view.alone = alone;
      allocations = 0;
      counting = true;
      const bool ok = executor->score(0, view, logits).ok();
      counting = false;
      EXPECT_TRUE(ok);
      EXPECT_EQ(allocations, 0) << variant.name() << (alone ? " alone" : "");
    }
  }
}

TEST(CpuExecutor, NamesThePairWhoseScoreIsNotFinite) {
  model::RandomModel model = model::make_random_model(tiny_shape(), 7);
  constexpr TokenId kPoison = 777;
  const float infinity = std::numeric_limits<float>::infinity();
  std::memcpy(model.memory.data() + (model.weights.word_embeddings.data - model.memory.data()) +
                  kPoison * model.spec.hidden_size * sizeof(float),
              &infinity,
              sizeof infinity);
  auto pairs = random_pairs(model.spec, {20, 30, 40}, 100);
  pairs[1].input_ids[7] = kPoison;
  const TestBatch batch = batch_of(pairs);
  for (const Variant& variant : all_variants()) {
    const auto executor = executor_of(model, variant);
    std::vector<float> logits(batch.pairs());
    const Status status = executor->score(0, batch.view(), logits);
    EXPECT_EQ(status.code(), Code::kNonFinite) << variant.name();
    EXPECT_NE(status.message().find("pair 1"), std::string::npos) << status.message();
    EXPECT_TRUE(std::isfinite(logits[0]) && std::isnan(logits[1]) && std::isfinite(logits[2]))
        << variant.name();
  }
}

TEST(CpuExecutor, WeightsThatOverflowBf16NeverGiveAScore) {
  model::RandomModel model = model::make_random_model(tiny_shape(), 7);
  const float beyond_bf16 = std::numeric_limits<float>::max();
  const auto offset = model.weights.blocks[0].query.weight.data - model.memory.data();
  std::memcpy(model.memory.data() + offset, &beyond_bf16, sizeof beyond_bf16);
  const TestBatch batch = batch_of(random_pairs(model.spec, {20}, 100));
  for (const Variant& variant : all_variants()) {
    if (variant.quantization != "bf16") {
      continue;
    }
    std::vector<float> logits(1);
    EXPECT_EQ(executor_of(model, variant)->score(0, batch.view(), logits).code(), Code::kNonFinite)
        << variant.name();
  }
}

TEST(CpuExecutor, RefusesBatchesThatDoNotFitTheModel) {
  const model::RandomModel model = model::make_random_model(tiny_shape(), 7);
  CpuExecutorOptions options;
  options.max_seqlen = 50;
  auto made = make_cpu_executor(model.spec, model.weights, options);
  ASSERT_TRUE(made.ok());
  Executor& executor = **made;
  EXPECT_EQ(executor.max_seqlen(), 50);
  std::vector<float> logits(1);
  const auto code_of = [&](const TestBatch& batch) {
    return executor.score(0, batch.view(), logits).code();
  };
  TestBatch good = batch_of(random_pairs(model.spec, {50}, 1));
  EXPECT_EQ(code_of(good), Code::kOk);
  EXPECT_EQ(executor.score(1, good.view(), logits).code(), Code::kInvalidArgument);
  EXPECT_EQ(code_of(batch_of(random_pairs(model.spec, {51}, 1))), Code::kInvalidArgument);
  EXPECT_EQ(code_of(batch_of(random_pairs(model.spec, {20, 20}, 1))), Code::kInvalidArgument);
  TestBatch bad = good;
  bad.input_ids[3] = model.spec.vocab_size;
  EXPECT_EQ(code_of(bad), Code::kInvalidArgument);
  bad = good;
  bad.input_ids[3] = -1;
  EXPECT_EQ(code_of(bad), Code::kInvalidArgument);
  bad = good;
  bad.token_type_ids[3] = 2;
  EXPECT_EQ(code_of(bad), Code::kInvalidArgument);
  bad = good;
  bad.cu_seqlens = {0, 49};
  EXPECT_EQ(code_of(bad), Code::kInvalidArgument);
  bad = good;
  bad.token_type_ids.pop_back();
  EXPECT_EQ(code_of(bad), Code::kInvalidArgument);
}

TEST(CpuExecutor, AnEmptyBatchIsDoneAtOnce) {
  const model::RandomModel model = model::make_random_model(tiny_shape(), 7);
  const auto executor = executor_of(model, all_variants().front());
  EXPECT_TRUE(executor->score(0, TestBatch().view(), {}).ok());
}

TEST(CpuExecutor, RefusesOptionsAndWeightsThatCannotWork) {
  const model::RandomModel model = model::make_random_model(tiny_shape(), 7);
  const auto code_with = [&](auto change) {
    CpuExecutorOptions options;
    change(options);
    return make_cpu_executor(model.spec, model.weights, options).status().code();
  };
  EXPECT_EQ(code_with([](auto& o) { o.threads = 0; }), Code::kInvalidArgument);
  EXPECT_EQ(code_with([](auto& o) { o.threads = 1025; }), Code::kInvalidArgument);
  EXPECT_EQ(code_with([](auto& o) { o.isa = "sse9"; }), Code::kInvalidArgument);
  EXPECT_EQ(code_with([](auto& o) { o.quantization = "int4"; }), Code::kInvalidArgument);
  EXPECT_EQ(code_with([](auto& o) { o.max_seqlen = -1; }), Code::kInvalidArgument);
  model::RandomModel broken = model::make_random_model(tiny_shape(), 7);
  broken.weights.blocks[1].output.weight.shape = {64, 127};
  EXPECT_EQ(make_cpu_executor(broken.spec, broken.weights, {}).status().code(),
            Code::kInvalidArgument);
}

TEST(CpuExecutor, QuantisedWeightsTakeTheMemoryThatIsPromised) {
  model::ModelSpec shape = bert_base_shape();
  shape.vocab_size = 30522;
  shape.num_hidden_layers = 2;  // the share only grows with twelve
  const model::RandomModel model = model::make_random_model(shape, 7);
  const auto full = static_cast<double>(model.memory.size_bytes());
  for (const Variant& variant : best_variants()) {
    const auto bytes = static_cast<double>(executor_of(model, variant)->info().weight_bytes);
    // Products of three bf16 parts keep six bytes for each of the blocks' weights.
    const bool split = variant.arithmetic().linear->weights == kernels::Storage::kBf16x3;
    const double most = variant.quantization == "bf16"   ? 0.52
                        : variant.quantization == "int8" ? 0.30
                        : split                          ? 1.51
                                                         : 1.01;
    EXPECT_LE(bytes / full, most) << variant.name();
  }
}

TEST(CpuExecutor, MixedPrecisionChangesNothingInBf16) {
  const model::RandomModel model = model::make_random_model(tiny_shape(), 7);
  for (const kernels::Isa isa : kernels::available_isas()) {
    CpuExecutorOptions options;
    options.isa = kernels::isa_name(isa);
    options.quantization = "bf16";
    const auto plain = make_cpu_executor(model.spec, model.weights, options);
    options.mixed_precision = MixedPrecision::kOn;
    const auto mixed = make_cpu_executor(model.spec, model.weights, options);
    ASSERT_TRUE(plain.ok() && mixed.ok());
    EXPECT_EQ((*plain)->info().numerics, (*mixed)->info().numerics);
  }
}

}  // namespace
}  // namespace rr::engine
