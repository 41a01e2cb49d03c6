#include <cstdint>

#include "kernels/cpu/avx512/avx512_inl.h"
#include "kernels/cpu/simd/vec_avx512_inl.h"
// The algorithms, over that vector.
#include "kernels/cpu/simd/embed_inl.h"
#include "kernels/cpu/simd/rows_inl.h"

namespace rr::kernels::avx512 {

void layer_norm(const LayerNormArgs& args) {
  layer_norm_rows(args, [](std::uint16_t* /*to*/, V::F /*x*/) {});
}

void quantize(const QuantizeArgs& args) {
  quantize_rows(args);
}

void embed(const EmbedArgs& args) {
  embed_rows(args);
}

}  // namespace rr::kernels::avx512
