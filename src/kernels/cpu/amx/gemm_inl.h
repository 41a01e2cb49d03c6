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
    for (int line = 0; line < steps * 32; ++line, from += 2 * V::kLanes) {
      const __m512bh pairs = _mm512_cvtne2ps_pbh(V::load(from + V::kLanes), V::load(from));
      __builtin_memcpy(panel_ + line * kTileRowBytes, &pairs, sizeof pairs);
    }
    publish_to_tiles();
    return panel_;
  }

 private:
  alignas(64) char panel_[kStepsAtOnce * kStepBytes];
};

template <typename Step, typename Sums, typename Finish>
class Sweep {
 public:
  using Value = typename Sums::Value;

  explicit Sweep(const GemmArgs& args, std::int64_t a_row_bytes)
      : args_(args), a_row_bytes_(a_row_bytes) {}

  // All blocks of rows [begin, end) past one stretch of a panel.
  void run(const Pass& pass,
           std::int64_t begin,
           std::int64_t end,
           const char* next,
           std::int64_t next_bytes) {
    const std::int64_t blocks = (end - begin + kBlockRows - 1) / kBlockRows;
    const std::int64_t lines = next_bytes / kTileRowBytes;
    const std::int64_t lines_a_step = (lines + blocks * pass.steps - 1) / (blocks * pass.steps);
    prefetch_ = next;
    prefetch_end_ = next + next_bytes;
    for (std::int64_t i = 0; i < blocks; ++i) {
      const std::int64_t row = begin + i * kBlockRows;
      const std::int64_t rows = end - row < kBlockRows ? end - row : kBlockRows;
      block(pass, row, rows, parts_ + i * 4 * kTileFloats, lines_a_step);
    }
  }

  // The last block's sums are still in the registers.
  void flush() {
    store_late_tiles();
    finish_rows(done_.rows);
  }

 private:
  // A block whose sums lie in scratch and await their epilogue.
  struct Done {
    const Value* sums = nullptr;
    std::int64_t row = 0;
    std::int64_t column = 0;
    std::int64_t rows = 0;  // none: nothing to do
    std::int64_t next = 0;  // row to finish next
  };

  __attribute__((always_inline)) void finish_rows(std::int64_t count) {
    for (std::int64_t i = 0; i < count && done_.next < done_.rows; ++i, ++done_.next) {
      const Value* left = done_.sums + (done_.next >> 4) * 2 * kTileFloats + (done_.next & 15) * 16;
      finish_row<Sums, Finish>(
          args_, done_.row + done_.next, done_.column, left, left + kTileFloats);
    }
  }

  void store_late_tiles() {
    if (late_ != nullptr) {
      _tile_stored(2, late_, kTileRowBytes);
      _tile_stored(3, late_ + kTileFloats, kTileRowBytes);
    }
  }

  // Tiles 0 and 1, or 2 and 3, begin as what the stretch before left, as the bias, or as zeros.
  __attribute__((always_inline)) void begin_upper(const Pass& pass, const Value* part) const {
    if (!pass.first) {
      _tile_loadd(0, part, kTileRowBytes);
      _tile_loadd(1, part + kTileFloats, kTileRowBytes);
    } else if constexpr (Sums::kBeginsAsBias) {
      _tile_loadd(0, args_.bias + pass.column, 0);
      _tile_loadd(1, args_.bias + pass.column + 16, 0);
    } else {
      _tile_zero(0);
      _tile_zero(1);
    }
  }
  __attribute__((always_inline)) void begin_lower(const Pass& pass, const Value* part) const {
    if (!pass.first) {
      _tile_loadd(2, part + 2 * kTileFloats, kTileRowBytes);
      _tile_loadd(3, part + 3 * kTileFloats, kTileRowBytes);
    } else if constexpr (Sums::kBeginsAsBias) {
      _tile_loadd(2, args_.bias + pass.column, 0);
      _tile_loadd(3, args_.bias + pass.column + 16, 0);
    } else {
      _tile_zero(2);
      _tile_zero(3);
    }
  }

  __attribute__((always_inline)) void prefetch(std::int64_t lines) {
    for (std::int64_t i = 0; i < lines && prefetch_ < prefetch_end_; ++i) {
      _mm_prefetch(prefetch_, _MM_HINT_T1);
      prefetch_ += kTileRowBytes;
    }
  }

  // 32 rows against one stretch of a panel.
  void block(const Pass& pass,
             std::int64_t row,
             std::int64_t rows,
             Value* part,
             std::int64_t prefetch_lines) {
    Value* to = pass.last ? scratch_[turn_] : part;
    const char* a = static_cast<const char*>(args_.a) + row * a_row_bytes_ + pass.depth_byte;
    const char* lower = a + 16 * a_row_bytes_;
    const char* b = pass.b;
    const int slots = 4 * (pass.steps - kFinishFrom);
    const std::int64_t finish = slots > 0 ? (kBlockRows + slots - 1) / slots : 0;
    begin_upper(pass, part);
    for (int step = 0; step < pass.steps; ++step, a += 64, lower += 64, b += kStepBytes) {
      const bool last = step + 1 == pass.steps;
      const std::int64_t rows_now = step < kFinishFrom ? 0 : finish;
      _tile_loadd(6, b, kTileRowBytes);
      _tile_stream_loadd(4, a, a_row_bytes_);
      Step::c0();
      finish_rows(rows_now);
      if (step == 0 && late_ != nullptr) {
        _tile_stored(2, late_, kTileRowBytes);
      }
      _tile_loadd(7, b + kTileBytes, kTileRowBytes);
      Step::c1();
      if (step == 0) {
        if (late_ != nullptr) {
          _tile_stored(3, late_ + kTileFloats, kTileRowBytes);
        }
        begin_lower(pass, part);
      }
      finish_rows(rows_now);
      _tile_stream_loadd(5, lower, a_row_bytes_);
      Step::c2();
      if (last) {
        _tile_stored(0, to, kTileRowBytes);
      }
      finish_rows(rows_now);
      prefetch(prefetch_lines);
      Step::c3();
      if (last) {
        _tile_stored(1, to + kTileFloats, kTileRowBytes);
      }
      finish_rows(rows_now);
    }
    finish_rows(kBlockRows);
    late_ = to + 2 * kTileFloats;
    done_ = {};
    if (pass.last) {
      done_ = {to, row, pass.column, rows, 0};
      turn_ ^= 1;
    }
  }

  const GemmArgs& args_;
  const std::int64_t a_row_bytes_;
  const char* prefetch_ = nullptr;
  const char* prefetch_end_ = nullptr;
  Value* late_ = nullptr;  // where tiles 2 and 3 of the block before go
  Done done_;
  int turn_ = 0;
  alignas(64) Value scratch_[2][4 * kTileFloats];
  alignas(64) Value parts_[kSlabRows / kBlockRows * 4 * kTileFloats];
};

template <typename Step, typename Sums, typename Finish, typename Weights>
inline void gemm_finish(const GemmArgs& args, std::int64_t element_bytes) {
  load_tile_palette();
  Weights weights;
  const int steps = static_cast<int>(args.depth * element_bytes / kTileRowBytes);
  const Stretches stretches(steps);
  Sweep<Step, Sums, Finish> sweep(args, args.a_stride * element_bytes);
  for (std::int64_t begin = 0; begin < args.rows; begin += kSlabRows) {
    const std::int64_t end = begin + kSlabRows < args.rows ? begin + kSlabRows : args.rows;
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
        // What follows in memory is the next pass, or the model's next matrix.
        sweep.run(pass, begin, end, b + bytes, bytes);
        b += bytes;
      }
    }
  }
  sweep.flush();
}

template <typename Step, typename Sums, typename Weights>
inline void gemm_tiles(const GemmArgs& args, std::int64_t element_bytes) {
  switch (args.epilogue) {
    case Epilogue::kBias:
      return gemm_finish<Step, Sums, FinishBias, Weights>(args, element_bytes);
    case Epilogue::kBiasGeluErf:
      return gemm_finish<Step, Sums, FinishGelu, Weights>(args, element_bytes);
    case Epilogue::kBiasResidual:
      return gemm_finish<Step, Sums, FinishResidual, Weights>(args, element_bytes);
    default:
      return gemm_finish<Step, Sums, FinishOther, Weights>(args, element_bytes);
  }
}

}  // namespace
