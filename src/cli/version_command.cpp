// rerankd version: what was built, what this machine offers, what is linked.
#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <openssl/crypto.h>
#include <simdjson.h>
#include <spdlog/version.h>
#include <xxhash.h>

#include <CLI/CLI.hpp>
#include <boost/version.hpp>
#include <iostream>
#include <memory>

#include "base/cpu_quota.h"
#include "base/json_text.h"
#include "cli/build_info.h"
#include "cli/command.h"
#include "kernels/kernel_table.h"

namespace rr::cli {

namespace {

struct Library {
  std::string name;
  std::string version;
};

std::vector<Library> libraries() {
  return {
      {"Boost",
       fmt::format(
           "{}.{}.{}", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100)},
      {"OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING)},
      {"simdjson", SIMDJSON_STRINGIFY(SIMDJSON_VERSION)},
      {"fmt",
       fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
      {"spdlog", fmt::format("{}.{}.{}", SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH)},
      {"CLI11", CLI11_VERSION},
      {"hiredis", fmt::format("{}.{}.{}", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH)},
      {"xxHash",
       fmt::format("{}.{}.{}", XXH_VERSION_MAJOR, XXH_VERSION_MINOR, XXH_VERSION_RELEASE)}};
}

std::string isa_used(const Invocation& invocation) {
  const auto isa = kernels::isa_from_name(invocation.settings.numerics.isa);
  return isa.ok() ? std::string(kernels::isa_name(*isa)) : isa.status().message();
}

std::vector<std::string> isas_found() {
  std::vector<std::string> names;
  for (const kernels::Isa isa : kernels::available_isas()) {
    names.emplace_back(kernels::isa_name(isa));
  }
  return names;
}

void print_text(const Invocation& invocation) {
  const BuildInfo& build = build_info();
  std::cout << fmt::format(
      "rerankd {}\n  commit    {}\n  compiler  {}\n  isa       {} (found: {})\n  cpus      {}\n"
      "  cuda      not in this build\n  libraries",
      build.version,
      build.commit,
      build.compiler,
      isa_used(invocation),
      fmt::join(isas_found(), ", "),
      usable_cpus());
  std::string separator = " ";
  for (const Library& library : libraries()) {
    std::cout << separator << library.name << ' ' << library.version;
    separator = ", ";
  }
  std::cout << '\n';
}

void print_json(const Invocation& invocation) {
  const BuildInfo& build = build_info();
  JsonText json;
  json.open_object().key("version").string(build.version).key("commit").string(build.commit);
  json.key("compiler").string(build.compiler).key("isa").string(isa_used(invocation));
  json.key("isa_found").open_array();
  for (const std::string& name : isas_found()) {
    json.string(name);
  }
  json.close_array().key("usable_cpus").number(usable_cpus()).key("cuda").null();
  json.key("libraries").open_object();
  for (const Library& library : libraries()) {
    json.key(library.name).string(library.version);
  }
  json.close_object().close_object();
  std::cout << json.text() << '\n';
}

}  // namespace

Command version_command() {
  auto json = std::make_shared<bool>(false);
  Command command;
  command.name = "version";
  command.summary = "version, commit, compiler, instruction sets, libraries";
  command.examples = "  rerankd version\n  rerankd version --json | jq -r .isa";
  command.add_options = [json](CLI::App& app) {
    app.add_flag("--json", *json, "one JSON document");
  };
  command.run = [json](const Invocation& invocation) {
    *json ? print_json(invocation) : print_text(invocation);
    return std::cout.flush() ? kDone : kFailed;
  };
  return command;
}

}  // namespace rr::cli
