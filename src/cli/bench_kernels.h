// `rerankd bench kernels`: the matrix products of one block, alone, beside the raw probe of the
// same arithmetic on the same threads, directly before and after. What the kernels reach without
// attention, norms and memory traffic around them. Blocks for about a second a product; wants the
// machine for itself.
// Tested by tests/cli_test.sh.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "kernels/kernel_table.h"
#include "model/model_spec.h"

namespace rr::cli {

struct KernelFigures {
  std::string name;   // "gemm N=1536 K=384"
  double gflops = 0;  // median of the calls
  double peak_gflops = 0;
};

std::vector<KernelFigures> bench_kernels(const kernels::LinearKernel& kernel,
                                         const model::ModelSpec& spec,
                                         int threads,
                                         const Clock& clock);

}  // namespace rr::cli
