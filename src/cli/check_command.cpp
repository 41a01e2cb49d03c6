// rerankd check: can this checkpoint be served, and as what; or why not.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "base/json_text.h"
#include "cli/command.h"
#include "cli/engine_session.h"
#include "model/check_model.h"

namespace rr::cli {

namespace {

void print_text(const model::CheckReport& report, const ModelPlace& place) {
  const model::ModelSpec& spec = report.spec;
  std::cout << fmt::format(
      "{} can be served\n"
      "  folder      {}\n"
      "  family      {}: {} layers, hidden size {}, {} heads, intermediate size {}, vocabulary {}\n"
      "  weights     {} in {}\n"
      "  tokenizer   {}, {} tokens\n"
      "  max length  {} tokens a pair\n"
      "  activation  {} (what the checkpoint declares)\n"
      "  memory      {} with none, {} with bf16, {} with int8\n",
      place.name,
      place.dir.string(),
      spec.family,
      spec.num_hidden_layers,
      spec.hidden_size,
      spec.num_attention_heads,
      spec.intermediate_size,
      spec.vocab_size,
      report.parameters,
      report.dtype,
      report.tokenizer_kind,
      report.tokenizer_vocab_size,
      report.max_length,
      report.declared_activation,
      model::shown_bytes(report.float32_bytes),
      model::shown_bytes(report.bfloat16_bytes),
      model::shown_bytes(report.int8_bytes));
}

void print_json(const model::CheckReport& report, const ModelPlace& place) {
  const model::ModelSpec& spec = report.spec;
  JsonText json;
  json.open_object().key("servable").boolean(true);
  json.key("model").string(place.name).key("source").string(place.source);
  json.key("dir").string(place.dir.string()).key("family").string(spec.family);
  json.key("num_hidden_layers").number(spec.num_hidden_layers);
  json.key("hidden_size").number(spec.hidden_size);
  json.key("num_attention_heads").number(spec.num_attention_heads);
  json.key("intermediate_size").number(spec.intermediate_size);
  json.key("vocab_size").number(spec.vocab_size);
  json.key("parameters").number(report.parameters).key("dtype").string(report.dtype);
  json.key("tokenizer").string(report.tokenizer_kind);
  json.key("max_length").number(report.max_length);
  json.key("declared_activation").string(report.declared_activation);
  json.key("bytes").open_object().key("none").number(report.float32_bytes);
  json.key("bf16").number(report.bfloat16_bytes).key("int8").number(report.int8_bytes);
  json.close_object().key("content_digest").string(report.content_digest).close_object();
  std::cout << json.text() << '\n';
}

int refuse(const Status& status, bool as_json) {
  if (as_json) {
    JsonText json;
    json.open_object().key("servable").boolean(false);
    json.key("reason").string(status.message()).close_object();
    std::cout << json.text() << std::endl;
  }
  return fail(status.message(), kFailed);
}

int run_check(bool as_json, const Invocation& invocation) {
  if (const Status device = check_device(invocation.settings.numerics); !device.ok()) {
    return refuse(device, as_json);
  }
  const auto place = find_model(invocation.settings.model);
  if (!place.ok()) {
    return refuse(place.status(), as_json);
  }
  const auto report = model::check_model(place->dir, load_options(invocation.settings));
  if (!report.ok()) {
    return refuse(report.status(), as_json);
  }
  as_json ? print_json(*report, *place) : print_text(*report, *place);
  return std::cout.flush() ? kDone : fail("writing to stdout failed", kFailed);
}

}  // namespace

Command check_command() {
  auto json = std::make_shared<bool>(false);
  Command command;
  command.name = "check";
  command.summary = "say whether a model can be served, or why not";
  command.examples =
      "  rerankd check --model ./my-model\n"
      "  rerankd check --model cross-encoder/ms-marco-MiniLM-L-6-v2 --json";
  command.add_options = [json](CLI::App& app) {
    app.add_flag("--json", *json, "one JSON document");
  };
  command.run = [json](const Invocation& invocation) { return run_check(*json, invocation); };
  return command;
}

}  // namespace rr::cli
