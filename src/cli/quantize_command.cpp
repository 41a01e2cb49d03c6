// rerankd quantize: writes an int8 or bf16 checkpoint that --model accepts, with the decision which
// matrices int8 leaves in bf16, made on calibration texts and recorded in config.json.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <filesystem>
#include <iostream>
#include <memory>

#include "base/json_text.h"
#include "checkpoint/safetensors_writer.h"
#include "cli/calibration_texts.h"
#include "cli/command.h"
#include "cli/engine_session.h"
#include "cli/int8_decision.h"
#include "cli/progress.h"
#include "engine/quantized_tensors.h"
#include "model/family.h"

namespace rr::cli {

namespace {

namespace fs = std::filesystem;

struct QuantizeFlags {
  std::string out;
  std::string calibration;
  std::uint64_t pairs = 300;
  double p99 = DecisionBounds{}.delta_p99;
};

// Scores the calibration texts with executors made one after the other.
class Calibrator {
 public:
  Calibrator(const model::LoadedModel& loaded,
             const config::Settings& settings,
             const std::vector<CalibrationList>& lists,
             const Clock& clock)
      : loaded_(loaded), lists_(lists), progress_("scorings", scorings_max(loaded.spec), clock) {
    options_.isa = settings.numerics.isa;
    options_.mixed_precision = mixed_precision(settings.numerics);
    options_.max_seqlen = loaded.max_length;
  }

  Result<ListLogits> score(const char* quantization, const std::vector<std::string>& kept) {
    options_.quantization = quantization;
    model::ModelSpec spec = loaded_.spec;
    spec.kept_bf16 = kept;
    RR_ASSIGN_OR_RETURN(const auto executor,
                        engine::make_cpu_executor(spec, loaded_.weights, options_));
    ListLogits logits;
    for (const CalibrationList& list : lists_) {
      logits.emplace_back(list.size());
      RR_RETURN_IF_ERROR(executor->score(0, list.view(), logits.back()));
    }
    progress_.add(1);
    return logits;
  }

 private:
  static std::uint64_t scorings_max(const model::ModelSpec& spec) {
    return 2 + 2 * model::family_named(spec.family).matrix_units(spec).size();
  }

  const model::LoadedModel& loaded_;
  const std::vector<CalibrationList>& lists_;
  engine::CpuExecutorOptions options_;
  Progress progress_;
};

Result<Int8Decision> calibrate(const QuantizeFlags& flags,
                               const config::Settings& settings,
                               const model::LoadedModel& loaded,
                               const std::vector<CalibrationList>& lists) {
  const SystemClock clock;
  Calibrator calibrator(loaded, settings, lists, clock);
  RR_ASSIGN_OR_RETURN(const ListLogits exact, calibrator.score("none", {}));
  return decide_int8(exact,
                     model::family_named(loaded.spec.family).matrix_units(loaded.spec),
                     {.delta_p99 = flags.p99},
                     [&](const auto& kept) { return calibrator.score("int8", kept); });
}

void write_figures(JsonText& json, const char* name, const eval::AgreementFigures& figures) {
  json.key(name).open_object().key("kendall_tau").number(figures.kendall_tau);
  json.key("top10_overlap").number(figures.top10_overlap);
  json.key("max_delta_logit").number(figures.delta_max);
  json.key("p99_delta_logit").number(figures.delta_p99).close_object();
}

// The entry that checkpoint/quantization.h describes, with how it was decided.
std::string entry_json(const std::string& dtype,
                       const std::optional<Int8Decision>& decision,
                       std::size_t pairs) {
  JsonText json;
  json.open_object().key("version").number(checkpoint::kQuantizationVersion);
  json.key("dtype").string(dtype).key("biases_folded").boolean(true);
  json.key("kept_bf16").open_array();
  if (decision) {
    for (const std::string& name : decision->kept_bf16) {
      json.string(name);
    }
  }
  json.close_array();
  if (decision) {
    json.key("calibration").open_object().key("pairs").number(pairs);
    write_figures(json, "all_int8", decision->before);
    write_figures(json, "decided", decision->after);
    json.close_object();
  }
  json.close_object();
  return std::move(json).text();
}

// config.json as it was, with the entry as its last field.
Result<std::string> config_with(const fs::path& dir, const std::string& entry) {
  constexpr std::size_t kBytesMax = std::size_t{4} << 20;
  RR_ASSIGN_OR_RETURN(std::string config,
                      checkpoint::read_small_file(dir / "config.json", kBytesMax));
  const std::size_t end = config.rfind('}');  // it was parsed before: there is one
  const std::size_t last = config.find_last_not_of(" \t\r\n", end - 1);
  return fmt::format(
      "{},\n  \"{}\": {}\n}}\n", config.substr(0, last + 1), checkpoint::kQuantizationKey, entry);
}

// What a checkpoint has besides weights and config.
Status copy_others(const fs::path& from, const fs::path& to) {
  for (const char* name : {"tokenizer.json",
                           "tokenizer_config.json",
                           "vocab.txt",
                           "special_tokens_map.json",
                           "sentence_bert_config.json",
                           "config_sentence_transformers.json",
                           "calibration.json"}) {
    std::error_code error;
    if (fs::exists(from / name, error)) {
      fs::copy_file(from / name, to / name, fs::copy_options::overwrite_existing, error);
    }
    if (error) {
      return Status(Code::kInternal,
                    fmt::format("--out: {} cannot be copied: {}", name, error.message()));
    }
  }
  return {};
}

Status write_checkpoint(const fs::path& from,
                        const fs::path& out,
                        const engine::QuantizedTensors& quantized,
                        const std::string& entry) {
  std::error_code error;
  const fs::path part = out.string() + ".part";
  fs::remove_all(part, error);
  fs::create_directories(part, error);
  if (error) {
    return Status(Code::kInternal,
                  fmt::format("--out: {} cannot be made: {}", part.string(), error.message()));
  }
  RR_RETURN_IF_ERROR(copy_others(from, part));
  RR_RETURN_IF_ERROR(checkpoint::write_safetensors(part / "model.safetensors", quantized.tensors));
  RR_ASSIGN_OR_RETURN(const std::string config, config_with(from, entry));
  const std::array<std::span<const std::byte>, 1> parts = {std::as_bytes(std::span(config))};
  RR_RETURN_IF_ERROR(checkpoint::write_whole_file(part / "config.json", parts));
  fs::rename(part, out, error);
  return error ? Status(Code::kInternal,
                        fmt::format("--out: {} cannot be made: {}", out.string(), error.message()))
               : Status();
}

void report(const std::optional<Int8Decision>& decision, std::size_t pairs) {
  if (!decision) {
    std::cerr << "rerankd: no calibration texts (--calibration): every matrix is int8, untested\n";
    return;
  }
  std::cerr << fmt::format(
      "rerankd: {} calibration pairs: p99 |dlogit| {:.4f} with everything int8, {:.4f} with {} "
      "matrices kept in bf16\n",
      pairs,
      decision->before.delta_p99,
      decision->after.delta_p99,
      decision->kept_bf16.size());
  if (!decision->within_bounds) {
    std::cerr << "rerankd: the bounds are not met even so; compare the checkpoint before use\n";
  }
}

Status quantize(const QuantizeFlags& flags, const config::Settings& settings) {
  const fs::path out = fs::path(flags.out).lexically_normal();
  std::error_code error;
  if (fs::exists(out, error)) {
    return Status(Code::kInvalidArgument, fmt::format("--out: {} is there already", out.string()));
  }
  RR_ASSIGN_OR_RETURN(const ModelPlace place, find_model(settings.model));
  RR_ASSIGN_OR_RETURN(model::LoadedModel loaded,
                      model::load_model(place.dir, load_options(settings)));
  RR_ASSIGN_OR_RETURN(const auto dtype,
                      engine::quantization_from_name(settings.numerics.quantization));
  std::optional<Int8Decision> decision;
  std::size_t pairs = 0;
  if (dtype == engine::Quantization::kInt8 && !flags.calibration.empty()) {
    RR_ASSIGN_OR_RETURN(
        const auto lists,
        read_calibration_texts(
            flags.calibration, *loaded.tokenizer, {loaded.max_length, flags.pairs}));
    for (const CalibrationList& list : lists) {
      pairs += list.size();
    }
    RR_ASSIGN_OR_RETURN(decision, calibrate(flags, settings, loaded, lists));
    loaded.spec.kept_bf16 = decision->kept_bf16;
  }
  RR_ASSIGN_OR_RETURN(const auto quantized,
                      engine::quantize_tensors(loaded.spec, loaded.weights, dtype));
  RR_RETURN_IF_ERROR(
      write_checkpoint(place.dir,
                       out,
                       quantized,
                       entry_json(std::string(engine::quantization_name(dtype)), decision, pairs)));
  if (dtype == engine::Quantization::kInt8) {
    report(decision, pairs);
  }
  std::cout << out.string() << '\n';
  return {};
}

int run_quantize(const QuantizeFlags& flags, const Invocation& invocation) {
  config::Settings settings = invocation.settings;
  const config::OptionValue& chosen = invocation.configuration.value("QUANTIZATION");
  if (chosen.origin == config::Origin::kDefault) {
    settings.numerics.quantization = "int8";
  }
  if (settings.numerics.quantization != "int8" && settings.numerics.quantization != "bf16") {
    return fail(fmt::format("--dtype: {} cannot be written; allowed: int8, bf16",
                            settings.numerics.quantization),
                kWrongUsage);
  }
  const Status done = quantize(flags, settings);
  return done.ok() ? kDone : fail(done.message(), kFailed);
}

}  // namespace

Command quantize_command() {
  auto flags = std::make_shared<QuantizeFlags>();
  Command command;
  command.name = "quantize";
  command.summary = "write an int8 or bf16 checkpoint";
  command.examples =
      "  rerankd quantize --model ./my-model --out ./my-model-int8 --calibration ./scifact\n"
      "  rerankd quantize --model ./my-model --out ./my-model-int8 --calibration pairs.jsonl\n"
      "  rerankd quantize --model ./my-model --out ./my-model-bf16 --dtype bf16\n"
      "Calibration texts are a folder as `eval` takes it, or JSON Lines {\"query\",\"document\"}.\n"
      "Where int8 misses the bounds on them, the matrices that help most stay in bf16. Without\n"
      "texts everything becomes int8. Serve the result with --quantization int8 (or bf16).";
  command.add_options = [flags](CLI::App& app) {
    app.add_option("--out", flags->out, "the new folder")->required()->type_name("DIR");
    app.add_option("--calibration", flags->calibration, "texts that decide what stays in bf16")
        ->type_name("FILE|DIR");
    app.add_option("--calibration-pairs", flags->pairs, "how many of them at most [300]")
        ->check(CLI::PositiveNumber);
    app.add_option("--p99", flags->p99, "bound of the 99th percentile of |dlogit| [0.3]")
        ->check(CLI::NonNegativeNumber);
  };
  command.run = [flags](const Invocation& invocation) { return run_quantize(*flags, invocation); };
  return command;
}

}  // namespace rr::cli
