#include "model/check_model.h"

#include "checkpoint/json_fields.h"

namespace rr::model {

namespace {

constexpr std::size_t kTokenizerBytesMax = std::size_t{256} << 20;

Result<std::string> tokenizer_kind(const std::filesystem::path& dir) {
  const Result<std::string> json =
      checkpoint::read_small_file(dir / "tokenizer.json", kTokenizerBytesMax);
  if (json.status().code() == Code::kNotFound) {
    return std::string("WordPiece (vocab.txt)");
  }
  RR_RETURN_IF_ERROR(json.status());
  RR_ASSIGN_OR_RETURN(checkpoint::JsonFields fields,
                      checkpoint::JsonFields::parse("tokenizer.json", *json));
  const std::string kind = fields.string_in("model", "type").value_or("WordPiece");
  RR_RETURN_IF_ERROR(fields.status());
  return kind;
}

}  // namespace

Result<CheckReport> check_model(const std::filesystem::path& dir,
                                const LoadOptions& options,
                                const TokenizerLoader& load_tokenizer) {
  RR_ASSIGN_OR_RETURN(const LoadedModel model, load_model(dir, options, load_tokenizer));
  CheckReport report;
  report.spec = model.spec;
  report.dtype = model.dtype;
  RR_ASSIGN_OR_RETURN(report.tokenizer_kind, tokenizer_kind(dir));
  report.tokenizer_vocab_size = model.tokenizer->vocab_size();
  report.max_length = model.max_length;
  report.declared_activation = model.declared_activation;
  report.parameters = parameter_count(model.spec);
  report.float32_bytes = weight_bytes(model.spec, WeightFormat::kFloat32);
  report.bfloat16_bytes = weight_bytes(model.spec, WeightFormat::kBFloat16);
  report.int8_bytes = weight_bytes(model.spec, WeightFormat::kInt8);
  report.content_digest = model.content_digest.hex();
  return report;
}

Result<CheckReport> check_model(const std::filesystem::path& dir, const LoadOptions& options) {
  return check_model(dir, options, text::load_tokenizer);
}

}  // namespace rr::model
