// rerankd tokenize: the input_ids that the model would get.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "base/json_text.h"
#include "cli/command.h"
#include "cli/engine_session.h"
#include "cli/text_input.h"

namespace rr::cli {

namespace {

void print_ids(JsonText& json, const char* name, const std::vector<TokenId>& ids) {
  json.key(name).open_array();
  for (const TokenId id : ids) {
    json.number(id);
  }
  json.close_array();
}

Status tokenize_lines(LineReader& reader, const model::LoadedModel& model) {
  text::PairOptions options;
  options.max_length = model.max_length;
  text::EncodedPair encoded;
  while (true) {
    RR_ASSIGN_OR_RETURN(auto line, reader.next());
    if (!line) {
      return {};
    }
    if (line->find_first_not_of(" \t") == std::string::npos) {
      continue;
    }
    RR_ASSIGN_OR_RETURN(const TokenizeInput input, parse_tokenize_input(*line, reader.place()));
    if (input.pair) {
      const auto query = model.tokenizer->encode_query(input.pair->query, options);
      model.tokenizer->encode_pair(query, input.pair->document, options, encoded);
    } else {
      model.tokenizer->encode_text(input.text, encoded);
    }
    JsonText json;
    json.open_object();
    print_ids(json, "input_ids", encoded.input_ids);
    print_ids(json, "token_type_ids", encoded.token_type_ids);
    json.key("truncated").boolean(encoded.truncated).close_object();
    std::cout << json.text() << '\n';
    if (!std::cout) {
      return Status(Code::kInternal, "writing to stdout failed");
    }
  }
}

int run_tokenize(const std::string& file, const Invocation& invocation) {
  auto reader = LineReader::open(file);
  if (!reader.ok()) {
    return fail(reader.status().message(), kFailed);
  }
  const auto place = find_model(invocation.settings.model);
  if (!place.ok()) {
    return fail(place.status().message(), kFailed);
  }
  const auto model = model::load_model(place->dir, load_options(invocation.settings));
  if (!model.ok()) {
    return fail(model.status().message(), kFailed);
  }
  const Status status = tokenize_lines(*reader, *model);
  std::cout.flush();
  return status.ok() ? kDone : fail(status.message(), kFailed);
}

}  // namespace

Command tokenize_command() {
  auto file = std::make_shared<std::string>();
  Command command;
  command.name = "tokenize";
  command.summary = "print the tokens of pairs or texts, JSON Lines in and out";
  command.examples =
      "  echo '{\"query\":\"what barks?\",\"document\":\"a dog\"}' | rerankd tokenize\n"
      "  echo '{\"text\":\"a dog\"}' | rerankd tokenize --model ./my-model\n"
      "A pair is cut to the longest length of the model as `serve` does it; a text is not cut.";
  command.add_options = [file](CLI::App& app) {
    app.add_option(
        "FILE", *file, "JSON Lines of {\"query\",\"document\"} or {\"text\"}; - or absent = stdin");
    app.add_flag("--json")->description("output is JSON Lines with or without this flag");
  };
  command.run = [file](const Invocation& invocation) { return run_tokenize(*file, invocation); };
  return command;
}

}  // namespace rr::cli
