// The dimension letters used in every shape comment of the project.
//   B pairs in a batch        T packed tokens of all pairs   S tokens of the longest pair
//   H hidden_size             N num_attention_heads          D head size = H / N
//   I intermediate_size       L num_hidden_layers            V vocab_size
// A shape is written [T,H] f32: rows first, contiguous last axis unless a row stride is named.
#pragma once

#include <cstdint>

namespace rr {

using TokenId = std::int32_t;

}  // namespace rr
