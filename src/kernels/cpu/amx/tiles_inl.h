// Tiles and the products over them: a block of c is 2×2 tiles of 16×16 sums (registers 0–3), fed by
// two tiles of a (4, 5) and two of b (6, 7). All have 16 rows of 64 bytes; rows or columns that do
// not exist are computed and never stored, so the palette never changes. Register numbers must be
// literals, hence the four named steps.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace {

constexpr std::int64_t kTileRowBytes = 64;
constexpr std::int64_t kTileBytes = 1024;
constexpr std::int64_t kStepBytes = 2 * kTileBytes;  // of b: both halves of a panel's columns
constexpr std::int64_t kTileFloats = 256;

struct alignas(64) Palette {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

// Keeps stores to memory that only tile instructions read; the compiler knows nothing of those.
inline void publish_to_tiles() {
  __asm__ volatile("" ::: "memory");
}

// The tile registers of this thread for the time of a call: about 300 cycles.
class TileSession {
 public:
  TileSession() {
    Palette palette;
    for (int tile = 0; tile < 8; ++tile) {
      palette.row_bytes[tile] = kTileRowBytes;
      palette.rows[tile] = 16;
    }
    publish_to_tiles();
    _tile_loadconfig(&palette);
  }
  ~TileSession() { _tile_release(); }
  TileSession(const TileSession&) = delete;
  TileSession& operator=(const TileSession&) = delete;
};

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
  const TileSession session;
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
