#include "engine/quantized_tensors.h"

#include <algorithm>
#include <cstring>

#include "engine/fold_biases.h"
#include "kernels/packing.h"
#include "model/family.h"

namespace rr::engine {

namespace {

using checkpoint::TensorView;

std::vector<float> floats_of(const TensorView& tensor) {
  std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
  checkpoint::read_floats(tensor, 0, values);
  return values;
}

class TensorList {
 public:
  void add_f32(const TensorView& tensor) {
    add(tensor.name, "F32", tensor.shape, floats_of(tensor));
  }

  void add_bf16(const TensorView& tensor) {
    const std::vector<float> values = floats_of(tensor);
    std::vector<std::uint16_t> halves(values.size());
    std::transform(values.begin(), values.end(), halves.begin(), [](float value) {
      return to_bfloat16(value).bits;
    });
    add(tensor.name, "BF16", tensor.shape, halves);
  }

  void add_int8(const TensorView& tensor) {
    const std::vector<float> values = floats_of(tensor);
    const auto columns = static_cast<std::size_t>(tensor.shape[1]);
    std::vector<std::int8_t> bytes(values.size());
    std::vector<float> scales(static_cast<std::size_t>(tensor.shape[0]));
    for (std::size_t row = 0; row < scales.size(); ++row) {
      scales[row] = kernels::quantize_row({values.data() + row * columns, columns},
                                          bytes.data() + row * columns);
    }
    add(tensor.name, "I8", tensor.shape, bytes);
    add(tensor.name + "_scale", "F32", {tensor.shape[0]}, scales);
  }

  QuantizedTensors take() && { return std::move(list_); }

 private:
  template <typename T>
  void add(const std::string& name,
           const char* dtype,
           const std::vector<std::int64_t>& shape,
           const std::vector<T>& values) {
    std::vector<std::byte>& bytes = list_.memory.emplace_back(values.size() * sizeof(T));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    list_.tensors.push_back({name, dtype, shape, bytes});
  }

  QuantizedTensors list_;
};

}  // namespace

Result<QuantizedTensors> quantize_tensors(const model::ModelSpec& spec,
                                          const model::ModelWeights& weights,
                                          Quantization dtype) {
  if (spec.biases_folded || weights.word_embeddings.dtype == DType::kI8) {
    return Status(Code::kInvalidArgument, "[quantize] the checkpoint is quantised already");
  }
  RR_ASSIGN_OR_RETURN(FoldedModel folded, fold_biases(spec, weights));
  TensorList list;
  for (const model::TensorSlot& slot :
       model::family_named(spec.family).tensors(spec, folded.weights)) {
    const bool is_head = slot.view == &folded.weights.pooler.weight ||
                         slot.view == &folded.weights.classifier.weight;
    if (slot.shape.size() != 2 || is_head) {
      list.add_f32(*slot.view);
    } else if (dtype == Quantization::kInt8 && !spec.keeps_bf16(slot.name)) {
      list.add_int8(*slot.view);
    } else {
      list.add_bf16(*slot.view);
    }
  }
  return std::move(list).take();
}

}  // namespace rr::engine
