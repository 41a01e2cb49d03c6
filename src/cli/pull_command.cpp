// rerankd pull: downloads a checkpoint of the Hugging Face Hub into the local cache, where
// --model ORG/NAME finds it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "checkpoint/hub_cache.h"
#include "checkpoint/hub_download.h"
#include "cli/command.h"
#include "cli/progress.h"

namespace rr::cli {

namespace {

// One bar per file.
class FileProgress {
 public:
  void report(const std::string& file, std::uint64_t done, std::uint64_t total) {
    if (file != file_) {
      bar_.reset();
      bar_ = std::make_unique<Progress>(file + " bytes", total, clock_);
      file_ = file;
      done_ = 0;
    }
    if (done > done_) {
      bar_->add(done - done_);
    }
    done_ = done;
  }

 private:
  SystemClock clock_;
  std::unique_ptr<Progress> bar_;
  std::string file_;
  std::uint64_t done_ = 0;
};

int run_pull(const std::string& name, const Invocation& invocation) {
  const config::ModelSettings& model = invocation.settings.model;
  const std::size_t at = name.find('@');
  checkpoint::HubDownload download;
  download.model_id = name.substr(0, at);
  download.revision = at == std::string::npos ? model.revision : name.substr(at + 1);
  download.endpoint = model.hub_endpoint;
  download.token = model.hub_token;
  download.hub_dir = model.hub_cache;
  const auto folder = checkpoint::hub_cache_folder(
      download.model_id, {.hub_dir = download.hub_dir, .revision = download.revision});
  if (!folder.ok()) {
    return fail(folder.status().message(), kWrongUsage);
  }
  if (model.hub_offline) {
    return fail("HF_HUB_OFFLINE is set: nothing is downloaded", kFailed);
  }
  FileProgress progress;
  download.progress = [&](const std::string& file, std::uint64_t done, std::uint64_t total) {
    progress.report(file, done, total);
  };
  const auto snapshot = checkpoint::download_from_hub(download);
  if (!snapshot.ok()) {
    return fail(snapshot.status().message(), kFailed);
  }
  std::cout << snapshot->string() << '\n';
  return std::cout.flush() ? kDone : fail("writing to stdout failed", kFailed);
}

}  // namespace

Command pull_command() {
  auto name = std::make_shared<std::string>();
  Command command;
  command.name = "pull";
  command.summary = "download a checkpoint of the Hugging Face Hub into the local cache";
  command.examples =
      "  rerankd pull cross-encoder/ms-marco-MiniLM-L-6-v2\n"
      "  rerankd pull org/private@v2          with HF_TOKEN in the environment\n"
      "Prints the folder. Cut off, it goes on where it stopped. HF_HOME says where the cache is,\n"
      "HF_ENDPOINT where the Hub is; with HF_HUB_OFFLINE nothing is downloaded.";
  command.add_options = [name](CLI::App& app) {
    app.add_option("NAME", *name, "ORG/NAME or ORG/NAME@REVISION")->required();
  };
  command.run = [name](const Invocation& invocation) { return run_pull(*name, invocation); };
  return command;
}

}  // namespace rr::cli
