// The first rung: c[m,n] = Σ_k a[m,k]·b[n,k] as three loops over unpacked matrices, compiled for
// the baseline. What packing, register tiles and wide vectors are measured against.
#pragma once

namespace rr::ladder {

inline void naive_gemm(const float* a, const float* b, float* c, int m, int n, int k) {
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < n; ++j) {
      float sum = 0;
      for (int x = 0; x < k; ++x) {
        sum += a[i * k + x] * b[j * k + x];
      }
      c[i * n + j] = sum;
    }
  }
}

}  // namespace rr::ladder
