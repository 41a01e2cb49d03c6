// The tile palette that every AMX kernel shares: eight tiles of 16 rows of 64 bytes, loaded once
// per thread. No kernel configures another or releases it: ragged edges are padded with zeros, and
// a reload would cost more than a tile of products. cpu_features() has asked the operating system
// for the tile registers before any table with these kernels can be chosen.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace {

constexpr int kTileRows = 16;
constexpr std::int64_t kTileRowBytes = 64;
constexpr std::int64_t kTileBytes = kTileRows * kTileRowBytes;
constexpr std::int64_t kTilePairs = kTileRowBytes / 4;        // bf16 pairs, or floats, of a row
constexpr std::int64_t kTileDepth = kTileRowBytes / 2;        // bf16 of a row
constexpr std::int64_t kTileFloats = kTileRows * kTilePairs;  // of an accumulator

// As LDTILECFG reads it (Intel SDM vol. 1, 18.2).
struct alignas(64) TilePalette {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

// The instructions, by tile number. Written here because GCC's own macros take literals only and do
// not tell the compiler that a load reads memory, so that a vector store could be moved behind it.
template <int T>
inline void tile_zero() {
  __asm__ volatile("tilezero %%tmm%c0" ::"i"(T));
}
template <int T>
inline void tile_load(const void* from, std::int64_t row_bytes) {
  __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(row_bytes), "i"(T) : "memory");
}
template <int T>
inline void tile_store(void* to, std::int64_t row_bytes) {
  __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(row_bytes), "i"(T) : "memory");
}
// C += A·B over 32 of depth: B holds pairs of depth side by side.
template <int C, int A, int B>
inline void tile_dot_bf16() {
  __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
}

inline void load_tile_palette() {
  static thread_local bool loaded = false;
  if (loaded) {
    return;
  }
  TilePalette palette;
  for (int tile = 0; tile < 8; ++tile) {
    palette.row_bytes[tile] = kTileRowBytes;
    palette.rows[tile] = kTileRows;
  }
  __asm__ volatile("ldtilecfg %0" ::"m"(palette));
  loaded = true;
}

// Keeps stores to memory that only tile instructions read; the compiler knows nothing of those.
inline void publish_to_tiles() {
  __asm__ volatile("" ::: "memory");
}

// A product's block of c is 2×2 tiles of 16×16 sums (registers 0–3), fed by two tiles of a (4, 5)
// and two of b (6, 7); hence the four named steps.
constexpr std::int64_t kStepBytes = 2 * kTileBytes;  // of b: both halves of a panel's columns

struct Bf16Step {
  static void c0() { _tile_dpbf16ps(0, 4, 6); }
  static void c1() { _tile_dpbf16ps(1, 4, 7); }
  static void c2() { _tile_dpbf16ps(2, 5, 6); }
  static void c3() { _tile_dpbf16ps(3, 5, 7); }
};

struct S8Step {
  static void c0() { _tile_dpbssd(0, 4, 6); }
  static void c1() { _tile_dpbssd(1, 4, 7); }
  static void c2() { _tile_dpbssd(2, 5, 6); }
  static void c3() { _tile_dpbssd(3, 5, 7); }
};

// Multiply-accumulates from registers alone: what the unit can do at most.
template <typename Step>
inline std::int64_t probe_tiles(std::int64_t rounds, float* sink, std::int64_t operations) {
  load_tile_palette();
  alignas(64) float sums[kTileFloats] = {};
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  _tile_zero(6);
  _tile_zero(7);
  for (std::int64_t round = 0; round < rounds; ++round) {
    Step::c0();
    Step::c1();
    Step::c2();
    Step::c3();
  }
  _tile_stored(0, sums, kTileRowBytes);
  *sink += sums[0];
  return rounds * 4 * operations;
}

}  // namespace
