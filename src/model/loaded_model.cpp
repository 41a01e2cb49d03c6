#include "model/loaded_model.h"

#include <fmt/format.h>

#include <bit>
#include <utility>

#include "checkpoint/json_fields.h"
#include "checkpoint/weight_scan.h"
#include "model/family.h"
#include "model/length_limit.h"

namespace rr::model {

namespace {

constexpr std::size_t kCalibrationBytesMax = std::size_t{1} << 20;
// Raised when the same content would be turned into other tokens by this program.
constexpr std::string_view kContentSchema = "rerankd content 1, longest_first";

Status check_memory(const ModelSpec& spec, const LoadOptions& options) {
  const std::int64_t need = weight_bytes(spec, options.weight_format);
  if (options.memory_limit_bytes == 0 || need <= options.memory_limit_bytes) {
    return {};
  }
  return Status(Code::kTooLarge,
                fmt::format("[memory] the weights need {}, the limit is {}; bf16 would need {}, "
                            "int8 {}",
                            shown_bytes(need),
                            shown_bytes(options.memory_limit_bytes),
                            shown_bytes(weight_bytes(spec, WeightFormat::kBFloat16)),
                            shown_bytes(weight_bytes(spec, WeightFormat::kInt8))));
}

// sentence-transformers' rule for one label: what the config names, else Sigmoid.
Result<std::string> declared_activation(const checkpoint::ModelConfig& config) {
  const std::string name = config.activation_fn.value_or("Sigmoid");
  const std::string_view last = std::string_view(name).substr(name.rfind('.') + 1);
  if (last == "Sigmoid") {
    return std::string("sigmoid");
  }
  if (last == "Identity") {
    return std::string("identity");
  }
  return Status(Code::kUnsupported,
                fmt::format("[config.json] activation {} is neither Sigmoid nor Identity",
                            checkpoint::shown_name(name)));
}

std::string_view torch_name(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "float32";
    case DType::kF16:
      return "float16";
    case DType::kBF16:
      return "bfloat16";
    case DType::kI8:
      return "int8";
  }
  return "?";
}

// Ids that the tokenizer can make must have a row in the table.
Status check_vocabulary(const ModelSpec& spec, const text::Tokenizer& tokenizer) {
  if (tokenizer.vocab_size() <= spec.vocab_size) {
    return {};
  }
  return Status(Code::kCorrupt,
                fmt::format("[tokenizer] has {} tokens, the model's word embeddings only {} rows; "
                            "do the files belong together?",
                            tokenizer.vocab_size(),
                            spec.vocab_size));
}

void add_spec(DigestBuilder& digest, const ModelSpec& spec) {
  digest.add(spec.family);
  for (const int extent : {spec.hidden_size,
                           spec.num_attention_heads,
                           spec.intermediate_size,
                           spec.num_hidden_layers,
                           spec.vocab_size,
                           spec.max_position_embeddings,
                           spec.type_vocab_size,
                           static_cast<int>(spec.activation)}) {
    digest.add_number(extent);
  }
  digest.add_number(std::bit_cast<std::int32_t>(spec.layer_norm_eps));
}

// The token that the pair template puts first.
int first_token_id(const text::Tokenizer& tokenizer) {
  const text::PairOptions options{.max_length = tokenizer.pair_special_tokens() + 2};
  text::EncodedPair pair;
  tokenizer.encode_pair(tokenizer.encode_query("", options), "", options, pair);
  return pair.input_ids.empty() ? -1 : pair.input_ids.front();
}

// One look at every weight: finite, dtype, digest.
Status scan_model(const Family& family, LoadedModel& model) {
  DigestBuilder digest;
  digest.add(kContentSchema);
  add_spec(digest, model.spec);
  digest.add(model.tokenizer->digest().hex()).add_number(model.max_length);
  for (const std::string& name : model.spec.kept_bf16) {
    digest.add(name);
  }
  if (model.spec.biases_folded) {
    digest.add("biases folded");
  }
  for (const TensorSlot& slot : family.tensors(model.spec, model.weights)) {
    RR_RETURN_IF_ERROR(checkpoint::scan_weights(*slot.view, digest));
    const std::string_view dtype = torch_name(slot.view->dtype);
    model.dtype = model.dtype.empty() || model.dtype == dtype ? dtype : "mixed";
  }
  if (model.checkpoint->config().quantization) {
    model.dtype = model.checkpoint->config().quantization->dtype == "int8" ? "int8" : "bfloat16";
  }
  model.content_digest = digest.finish();
  return {};
}

Result<int> find_length_limit(const std::filesystem::path& dir,
                              const LoadOptions& options,
                              const LoadedModel& model) {
  LengthLimits limits;
  limits.option = options.max_length;
  limits.position_rows = model.spec.max_position_embeddings;
  limits.tokenizer_limit = model.tokenizer->model_max_length();
  limits.special_tokens = model.tokenizer->pair_special_tokens();
  RR_ASSIGN_OR_RETURN(limits.max_seq_length, checkpoint::read_max_seq_length(dir));
  return length_limit(limits);
}

Result<std::string> read_calibration(const std::filesystem::path& dir) {
  Result<std::string> json =
      checkpoint::read_small_file(dir / "calibration.json", kCalibrationBytesMax);
  if (json.status().code() == Code::kNotFound) {
    return std::string();
  }
  RR_RETURN_IF_ERROR(json.status());
  RR_RETURN_IF_ERROR(checkpoint::JsonFields::parse("calibration.json", *json).status());
  return json;
}

}  // namespace

Result<LoadedModel> load_model(const std::filesystem::path& dir,
                               const LoadOptions& options,
                               const TokenizerLoader& load_tokenizer) {
  LoadedModel model;
  RR_ASSIGN_OR_RETURN(model.checkpoint, checkpoint::Checkpoint::open(dir));
  const checkpoint::ModelConfig& config = model.checkpoint->config();
  RR_ASSIGN_OR_RETURN(const Family family, family_of(config));
  RR_ASSIGN_OR_RETURN(model.spec, family.spec(*model.checkpoint));
  RR_RETURN_IF_ERROR(check_memory(model.spec, options));
  RR_ASSIGN_OR_RETURN(model.weights, family.weights(model.spec, *model.checkpoint));
  RR_ASSIGN_OR_RETURN(model.declared_activation, declared_activation(config));

  RR_ASSIGN_OR_RETURN(model.tokenizer, load_tokenizer(dir));
  RR_RETURN_IF_ERROR(check_vocabulary(model.spec, *model.tokenizer));
  model.spec.first_token_id = first_token_id(*model.tokenizer);
  RR_ASSIGN_OR_RETURN(model.max_length, find_length_limit(dir, options, model));
  RR_ASSIGN_OR_RETURN(model.calibration_json, read_calibration(dir));
  RR_RETURN_IF_ERROR(scan_model(family, model));
  return model;
}

Result<LoadedModel> load_model(const std::filesystem::path& dir, const LoadOptions& options) {
  return load_model(dir, options, text::load_tokenizer);
}

Digest128 fingerprint(const Digest128& content, std::string_view numerics_id) {
  return DigestBuilder().add(content.hex()).add(numerics_id).finish();
}

}  // namespace rr::model
