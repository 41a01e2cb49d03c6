// The tile palette that every AMX kernel shares: eight tiles of 16 rows of 64 bytes, loaded once
// per thread. No kernel configures another or releases it: ragged edges are padded with zeros, and
// a reload would cost more than a tile of products. The process must have asked the kernel for the
// tile registers (tile_permission.h) before the first call.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace {

constexpr int kTileRows = 16;
constexpr int kTileRowBytes = 64;
constexpr int kTileBytes = kTileRows * kTileRowBytes;
constexpr int kTilePairs = kTileRowBytes / 4;        // bf16 pairs, or floats, of a row
constexpr int kTileDepth = kTileRowBytes / 2;        // bf16 of a row
constexpr int kTileFloats = kTileRows * kTilePairs;  // of an accumulator

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

}  // namespace
