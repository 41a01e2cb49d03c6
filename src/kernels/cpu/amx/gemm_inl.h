// GEMM over packed panels in tiles. For each panel of 32 columns, for each stretch of the depth (a
// "pass": 24 KiB of b, at home in the first-level cache), all rows of a stream past it in blocks of
// 32. Sums of a stretch that is not the last wait in `parts` and are taken up again: tiles load and
// store exactly, so an element's chain of sums ascends over k whatever the stretches are.
//
// Measured on a Sapphire Rapids core (docs/decisions/016-amx.md), what makes it fast:
// - a is loaded with the T1 hint, so that it does not push the panel out of the first-level cache;
// - the next pass's weights are prefetched into the second-level cache, a few lines a step: bursts
//   would take the line fill buffers that a needs;
// - a block's last two tiles are stored under the first steps of the next block;
// - the epilogue of one block is spread between the steps of the next, from the third step on, when
//   its sums have left the store buffer.
// Include tiles_inl.h and finish_inl.h first.
#pragma once

namespace {

constexpr int kBlockRows = 32;
constexpr int kPanelWidth = 32;
constexpr int kStepsAtOnce = 16;         // of 64 bytes of depth: 32 KiB of b
constexpr int kStepsOfMany = 12;         // 24 KiB of b when there are more
constexpr std::int64_t kSlabRows = 512;  // rows that pass over the weights together
constexpr int kFinishFrom = 2;           // steps until the epilogue of the block before begins

// How `steps` steps of depth are cut into equal stretches.
struct Stretches {
  int count;
  int steps;  // of each but the last
  explicit Stretches(int all) {
    count = all <= kStepsAtOnce ? 1 : (all + kStepsOfMany - 1) / kStepsOfMany;
    steps = (all + count - 1) / count;
  }
};

// Where the 2×2 tiles of a block's sums lie: one after the other, or in the rows of c.
template <typename Value>
struct SumTiles {
  Value* upper_left;
  std::int64_t row_bytes = kTileRowBytes;
  std::int64_t right = kTileFloats;
  std::int64_t lower = 2 * kTileFloats;
};

// One stretch of one panel.
struct Pass {
  const char* b;
  std::int64_t column;
  std::int64_t depth_byte;  // of a
  int steps;
  bool first;
  bool last;
};

// Weights that lie as tiles read them.
struct AsStored {
  static constexpr std::int64_t kBytes = kStepBytes;  // in memory, of one step of a panel
  const char* operator()(const char* stored, int /*steps*/) { return stored; }
};

// f32 weights of the same order, rounded to bf16 a stretch at a time.
class RoundedToBf16 {
 public:
  static constexpr std::int64_t kBytes = 2 * kStepBytes;
  const char* operator()(const char* stored, int steps) {
    const auto* from = reinterpret_cast<const float*>(stored);
    for (std::int64_t line = 0; line < steps * (kStepBytes / kTileRowBytes);
         ++line, from += 2 * V::kLanes) {
      const __m512bh pairs = _mm512_cvtne2ps_pbh(V::load(from + V::kLanes), V::load(from));
      __builtin_memcpy(panel_ + line * kTileRowBytes, &pairs, sizeof pairs);
    }
    publish_to_tiles();
    return panel_;
  }

 private:
  alignas(64) char panel_[kStepsAtOnce * kStepBytes];
};

// Walks down the rows of one pass after the other. Sums begin as the stretch before left them, as
// the bias, or as zeros.
template <typename Step, typename Sums, typename Finish, typename Write>
class Sweep {
 public:
  using Value = typename Sums::Value;

  explicit Sweep(const GemmArgs& args, std::int64_t a_row_bytes)
      : args_(args), a_row_bytes_(a_row_bytes) {}

  // All blocks of rows [begin, end). `next`: what to prefetch meanwhile.
  void run(const Pass& pass,
           std::int64_t begin,
           std::int64_t end,
           const char* next,
           std::int64_t next_bytes) {
    const std::int64_t blocks = (end - begin + kBlockRows - 1) / kBlockRows;
    const std::int64_t all_steps = blocks * pass.steps;
    next_ = next;
    lines_a_step_ = (next_bytes / kTileRowBytes + all_steps - 1) / all_steps;
    for (std::int64_t i = 0; i < blocks; ++i) {
      const std::int64_t row = begin + i * kBlockRows;
      const auto rows = static_cast<int>(end - row < kBlockRows ? end - row : kBlockRows);
      block(pass, row, rows, place_of_part(row, pass.column, i));
    }
  }

  // The last block's sums are still in the registers.
  void flush() {
    store_late_left();
    store_late_right();
    finish_done();
  }

 private:
  using Finisher = BlockFinisher<Sums, Finish, Write>;

  // A block whose sums lie in scratch and await their epilogue.
  struct Done {
    const Value* sums = nullptr;
    std::int64_t row = 0;
    std::int64_t column = 0;
    int rows = 0;  // none: nothing to do
  };

  // Where one block reads and writes.
  struct Place {
    const char* a;
    const char* lower;  // sixteen rows below
    const char* b;
    SumTiles<Value> part;
    SumTiles<Value> to;
  };

  // Sums to be taken up again: those of kAccumulate wait in c itself.
  SumTiles<Value> place_of_part(std::int64_t row, std::int64_t column, std::int64_t block) {
    if constexpr (Finish::kInPlace) {
      const std::int64_t stride = args_.c_stride;
      return {static_cast<Value*>(args_.c) + row * stride + column,
              stride * static_cast<std::int64_t>(sizeof(Value)),
              V::kLanes,
              16 * stride};
    } else {
      return {parts_ + block * 4 * kTileFloats};
    }
  }

  void store_late_left() const {
    if (late_.upper_left != nullptr) {
      _tile_stored(2, late_.upper_left + late_.lower, late_.row_bytes);
    }
  }
  void store_late_right() const {
    if (late_.upper_left != nullptr) {
      _tile_stored(3, late_.upper_left + late_.lower + late_.right, late_.row_bytes);
    }
  }

  // Its late tiles must have been stored.
  void finish_done() {
    if (done_.rows > 0) {
      Finisher finisher(args_, done_.row, done_.column, done_.sums);
      finisher.next_rows(done_.rows);
      done_.rows = 0;
    }
  }

  void begin_upper(const Pass& pass, const SumTiles<Value>& part) const {
    if (Finish::kInPlace || !pass.first) {
      _tile_loadd(0, part.upper_left, part.row_bytes);
      _tile_loadd(1, part.upper_left + part.right, part.row_bytes);
    } else if constexpr (Sums::kBeginsAsBias) {
      _tile_loadd(0, args_.bias + pass.column, 0);
      _tile_loadd(1, args_.bias + pass.column + 16, 0);
    } else {
      _tile_zero(0);
      _tile_zero(1);
    }
  }
  void begin_lower(const Pass& pass, const SumTiles<Value>& part) const {
    if (Finish::kInPlace || !pass.first) {
      _tile_loadd(2, part.upper_left + part.lower, part.row_bytes);
      _tile_loadd(3, part.upper_left + part.lower + part.right, part.row_bytes);
    } else if constexpr (Sums::kBeginsAsBias) {
      _tile_loadd(2, args_.bias + pass.column, 0);
      _tile_loadd(3, args_.bias + pass.column + 16, 0);
    } else {
      _tile_zero(2);
      _tile_zero(3);
    }
  }

  template <int kRows, int kQuarter>
  __attribute__((always_inline)) static void finish(Finisher* finisher) {
#pragma GCC unroll 2
    for (int i = kRows * kQuarter / 4; i < kRows * (kQuarter + 1) / 4; ++i) {
      finisher->next_row();
    }
  }

  // 64 bytes of depth. kRows: of the block before, to be finished meanwhile.
  template <int kRows, bool kFirst, bool kLast>
  __attribute__((always_inline)) void step(const Pass& pass, Place& at, Finisher* finisher) {
    _tile_loadd(6, at.b, kTileRowBytes);
    _tile_stream_loadd(4, at.a, a_row_bytes_);
    Step::c0();
    finish<kRows, 0>(finisher);
    if (kFirst) {
      store_late_left();
    }
    _tile_loadd(7, at.b + kTileBytes, kTileRowBytes);
    Step::c1();
    if (kFirst) {
      store_late_right();
      begin_lower(pass, at.part);
    }
    finish<kRows, 1>(finisher);
    _tile_stream_loadd(5, at.lower, a_row_bytes_);
    Step::c2();
    if (kLast) {
      _tile_stored(0, at.to.upper_left, at.to.row_bytes);
    }
    finish<kRows, 2>(finisher);
    for (std::int64_t i = 0; i < lines_a_step_; ++i, next_ += kTileRowBytes) {
      _mm_prefetch(next_, _MM_HINT_T1);
    }
    Step::c3();
    if (kLast) {
      _tile_stored(1, at.to.upper_left + at.to.right, at.to.row_bytes);
    }
    finish<kRows, 3>(finisher);
    at.a += kTileRowBytes;
    at.lower += kTileRowBytes;
    at.b += kStepBytes;
  }

  // All steps of a block, with kRows rows of the whole block before in each but the first.
  template <int kRows>
  void steps_finishing(const Pass& pass, Place& at) {
    constexpr int kSteps = (kBlockRows - 1) / kRows;
    Finisher finisher(args_, done_.row, done_.column, done_.sums);
    step<0, true, false>(pass, at, nullptr);
    for (int i = 0; i < kSteps; ++i) {
      step<kRows, false, false>(pass, at, &finisher);
    }
    finisher.next_rows(kBlockRows - kSteps * kRows);
    done_.rows = 0;
    for (int i = 1 + kSteps; i + 1 < pass.steps; ++i) {
      step<0, false, false>(pass, at, nullptr);
    }
    step<0, false, true>(pass, at, nullptr);
  }

  void steps_alone(const Pass& pass, Place& at) {
    step<0, true, false>(pass, at, nullptr);
    finish_done();
    for (int i = 1; i + 1 < pass.steps; ++i) {
      step<0, false, false>(pass, at, nullptr);
    }
    step<0, false, true>(pass, at, nullptr);
  }

  // 32 rows against one stretch of a panel.
  void block(const Pass& pass, std::int64_t row, int rows, const SumTiles<Value>& part) {
    const bool scratch = pass.last && !Finish::kInPlace;
    const SumTiles<Value> to = scratch ? SumTiles<Value>{scratch_[turn_]} : part;
    const char* a = static_cast<const char*>(args_.a) + row * a_row_bytes_ + pass.depth_byte;
    Place at = {a, a + 16 * a_row_bytes_, pass.b, part, to};
    begin_upper(pass, part);
    if (pass.steps == 1) {
      step<0, true, true>(pass, at, nullptr);
      finish_done();
    } else if (done_.rows < kBlockRows || pass.steps < 6) {
      steps_alone(pass, at);
    } else if (pass.steps < 10) {
      steps_finishing<8>(pass, at);
    } else if (pass.steps < 12) {
      steps_finishing<4>(pass, at);
    } else {
      steps_finishing<3>(pass, at);
    }
    late_ = to;
    if (scratch) {
      done_ = {scratch_[turn_], row, pass.column, rows};
      turn_ ^= 1;
    }
  }

  const GemmArgs& args_;
  const std::int64_t a_row_bytes_;
  const char* next_ = nullptr;
  std::int64_t lines_a_step_ = 0;
  SumTiles<Value> late_ = {nullptr};  // where tiles 2 and 3 of the block before go
  Done done_;
  int turn_ = 0;
  alignas(64) Value scratch_[2][4 * kTileFloats];
  alignas(64) Value parts_[kSlabRows / kBlockRows * 4 * kTileFloats];
};

template <typename Step, typename Sums, typename Finish, typename Write, typename Weights>
inline void gemm_finish(const GemmArgs& args, std::int64_t element_bytes) {
  load_tile_palette();
  Weights weights;
  const int steps = static_cast<int>(args.depth * element_bytes / kTileRowBytes);
  const Stretches stretches(steps);
  Sweep<Step, Sums, Finish, Write> sweep(args, args.a_stride * element_bytes);
  for (std::int64_t begin = 0; begin < args.rows; begin += kSlabRows) {
    const std::int64_t end = begin + kSlabRows < args.rows ? begin + kSlabRows : args.rows;
    const std::int64_t panel_steps = args.panel_depth * element_bytes / kTileRowBytes;
    const char* b = static_cast<const char*>(args.b);
    for (std::int64_t panel = 0; panel < args.panels; ++panel) {
      for (int at = 0; at < steps; at += stretches.steps) {
        const int now = at + stretches.steps < steps ? stretches.steps : steps - at;
        const std::int64_t bytes = now * Weights::kBytes;
        const Pass pass = {weights(b, now),
                           panel * kPanelWidth,
                           at * kTileRowBytes,
                           now,
                           at == 0,
                           at + now == steps};
        const bool more = at + now < steps;
        const char* next = more ? b + bytes : b + bytes + (panel_steps - steps) * Weights::kBytes;
        const bool end_of_all = !more && panel + 1 == args.panels && args.next != nullptr;
        const char* soon = end_of_all ? static_cast<const char*>(args.next) : next;
        sweep.run(pass, begin, end, soon, bytes);
        b = next;
      }
    }
  }
  sweep.flush();
}

template <typename Step, typename Sums, typename Write, typename Weights>
inline void gemm_written(const GemmArgs& args, std::int64_t element_bytes) {
  switch (args.epilogue) {
    case Epilogue::kBias:
      return gemm_finish<Step, Sums, FinishBias, Write, Weights>(args, element_bytes);
    case Epilogue::kBiasGeluErf:
      return gemm_finish<Step, Sums, FinishGelu, Write, Weights>(args, element_bytes);
    case Epilogue::kBiasResidual:
      return gemm_finish<Step, Sums, FinishResidual, Write, Weights>(args, element_bytes);
    case Epilogue::kAccumulate:
      if constexpr (Sums::kAccumulates) {
        return gemm_finish<Step, Sums, Accumulate, WriteF32, Weights>(args, element_bytes);
      }
      return;
    default:
      return gemm_finish<Step, Sums, FinishOther, Write, Weights>(args, element_bytes);
  }
}

template <typename Step, typename Sums, typename Weights>
inline void gemm_tiles(const GemmArgs& args, std::int64_t element_bytes) {
  return args.c_storage == Storage::kBf16
             ? gemm_written<Step, Sums, WriteBf16, Weights>(args, element_bytes)
             : gemm_written<Step, Sums, WriteF32, Weights>(args, element_bytes);
}

}  // namespace
