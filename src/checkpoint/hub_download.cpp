#include "checkpoint/hub_download.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <memory>
#include <vector>

#include "checkpoint/http_fetch.h"
#include "checkpoint/hub_cache.h"
#include "checkpoint/mapped_file.h"
#include "checkpoint/safetensors.h"

namespace rr::checkpoint {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kListBytesMax = std::uint64_t{16} << 20;
constexpr std::uint64_t kTextBytesMax = std::uint64_t{256} << 20;
constexpr std::uint64_t kWeightsBytesMax = std::uint64_t{64} << 30;
constexpr std::size_t kFilesMax = 1000;
constexpr int kAttempts = 3;  // of a file that is cut off and makes progress or not

bool is_weights(std::string_view name) {
  return name.ends_with(".safetensors");
}

// What a checkpoint is served from; the shards of a large one among it.
bool is_wanted(std::string_view name) {
  constexpr std::array<std::string_view, 9> kNames = {"config.json",
                                                      "tokenizer.json",
                                                      "tokenizer_config.json",
                                                      "vocab.txt",
                                                      "special_tokens_map.json",
                                                      "sentence_bert_config.json",
                                                      "config_sentence_transformers.json",
                                                      "calibration.json",
                                                      "model.safetensors.index.json"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         (name.starts_with("model") && is_weights(name));
}

bool is_hex(std::string_view text, std::size_t length) {
  return text.size() == length && std::all_of(text.begin(), text.end(), [](char byte) {
           return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
         });
}

Status refused(int status, const std::string& what) {
  if (status == 401 || status == 403) {
    return Status(Code::kUnauthorized,
                  fmt::format("[hub] {}: status {}; a private model needs HF_TOKEN, a gated one "
                              "your consent on its page",
                              what,
                              status));
  }
  if (status == 404) {
    return Status(Code::kNotFound, fmt::format("[hub] {}: not there (status 404)", what));
  }
  return Status(Code::kUnavailable, fmt::format("[hub] {}: status {}", what, status));
}

Status corrupt(const std::string& what, std::string_view wrong) {
  return Status(Code::kCorrupt, fmt::format("[hub] {}: {}", what, wrong));
}

// What the Hub says of a revision.
struct Revision {
  std::string commit;
  std::vector<std::string> files;
};

Result<Revision> parse_revision(const std::string& json, const std::string& what) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::array siblings;
  std::string_view sha;
  if (parser.parse(json).get(root) != simdjson::SUCCESS ||
      root["sha"].get(sha) != simdjson::SUCCESS || !is_hex(sha, 40) ||
      root["siblings"].get(siblings) != simdjson::SUCCESS) {
    return corrupt(what, "the answer names no commit and files");
  }
  Revision revision{std::string(sha), {}};
  for (const simdjson::dom::element sibling : siblings) {
    std::string_view name;
    if (sibling["rfilename"].get(name) == simdjson::SUCCESS && is_wanted(name) &&
        name.find('/') == std::string_view::npos && is_hub_id(name)) {
      revision.files.emplace_back(name);
    }
  }
  const bool has_weights = std::any_of(revision.files.begin(), revision.files.end(), is_weights);
  if (!has_weights || revision.files.size() > kFilesMax) {
    return corrupt(what, "no model.safetensors among its files; is it a model of another format?");
  }
  return revision;
}

struct CloseDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Of `prefix` and the file, in hexadecimal.
Result<std::string> digest_of(const fs::path& file, const EVP_MD* kind, const std::string& prefix) {
  RR_ASSIGN_OR_RETURN(const MappedFile mapped, MappedFile::open(file));
  const std::unique_ptr<EVP_MD_CTX, CloseDigest> context(EVP_MD_CTX_new());
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  const bool done =
      context != nullptr && EVP_DigestInit_ex(context.get(), kind, nullptr) == 1 &&
      EVP_DigestUpdate(context.get(), prefix.data(), prefix.size()) == 1 &&
      EVP_DigestUpdate(context.get(), mapped.bytes().data(), mapped.bytes().size()) == 1 &&
      EVP_DigestFinal_ex(context.get(), bytes.data(), &size) == 1;
  if (!done) {
    return Status(Code::kInternal, "[hub] no digest");
  }
  return fmt::format("{:02x}", fmt::join(bytes.begin(), bytes.begin() + size, ""));
}

// A file of the Hub as its HEAD describes it.
struct RemoteFile {
  std::string name;
  std::string url;
  std::string etag;  // 64 hex digits: SHA-256; 40: git blob id
  std::uint64_t size = 0;
};

class Downloader {
 public:
  explicit Downloader(const HubDownload& download) : download_(download) {}

  Result<fs::path> run() {
    RR_ASSIGN_OR_RETURN(
        const fs::path folder,
        hub_cache_folder(download_.model_id, {download_.hub_dir, download_.revision}));
    RR_ASSIGN_OR_RETURN(const Revision revision, fetch_revision());
    const fs::path snapshot = folder / "snapshots" / revision.commit;
    std::error_code error;
    for (const fs::path& dir :
         {folder / "blobs", snapshot, (folder / "refs" / download_.revision).parent_path()}) {
      fs::create_directories(dir, error);
      if (error) {
        return Status(Code::kInternal,
                      fmt::format("[hub] {} cannot be made: {}", dir.string(), error.message()));
      }
    }
    for (const std::string& name : revision.files) {
      RR_ASSIGN_OR_RETURN(const RemoteFile file, describe(revision.commit, name));
      RR_RETURN_IF_ERROR(fetch(file, folder / "blobs" / file.etag));
      RR_RETURN_IF_ERROR(link(fs::path("..") / ".." / "blobs" / file.etag, snapshot / name));
    }
    RR_RETURN_IF_ERROR(write_ref(folder / "refs" / download_.revision, revision.commit));
    return snapshot;
  }

 private:
  std::string shown_model() const { return download_.model_id + "@" + download_.revision; }

  Result<Revision> fetch_revision() const {
    std::string json;
    HttpRequest request;
    request.url = fmt::format("{}/api/models/{}/revision/{}",
                              download_.endpoint,
                              download_.model_id,
                              slash_escaped(download_.revision));
    request.token = download_.token;
    request.bytes_max = kListBytesMax;
    request.sink = [&](int, std::span<const char> bytes) {
      json.append(bytes.data(), bytes.size());
      return true;
    };
    RR_ASSIGN_OR_RETURN(const HttpAnswer answer, http_fetch(request));
    if (answer.status != 200) {
      return refused(answer.status, shown_model());
    }
    return parse_revision(json, shown_model());
  }

  // The Hub's own answer, before the redirect to where large files lie.
  Result<RemoteFile> describe(const std::string& commit, const std::string& name) const {
    RemoteFile file;
    file.name = name;
    file.url =
        fmt::format("{}/{}/resolve/{}/{}", download_.endpoint, download_.model_id, commit, name);
    HttpRequest request;
    request.method = HttpMethod::kHead;
    request.url = file.url;
    request.token = download_.token;
    request.redirects_max = 0;
    RR_ASSIGN_OR_RETURN(const HttpAnswer answer, http_fetch(request));
    if (answer.status != 200 && answer.status / 100 != 3) {
      return refused(answer.status, shown_model() + " " + name);
    }
    const auto header = [&](const char* linked, const char* own) {
      const auto at = answer.headers.find(linked);
      const auto it = at != answer.headers.end() ? at : answer.headers.find(own);
      return it == answer.headers.end() ? std::string() : it->second;
    };
    file.etag = header("x-linked-etag", "etag");
    if (file.etag.starts_with("W/")) {
      file.etag.erase(0, 2);
    }
    std::erase(file.etag, '"');
    const std::string size = header("x-linked-size", "content-length");
    const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), file.size);
    if ((!is_hex(file.etag, 64) && !is_hex(file.etag, 40)) || error != std::errc() ||
        end != size.data() + size.size()) {
      return corrupt(shown_model() + " " + name, "the answer names no ETag and length");
    }
    if (file.size > (is_weights(name) ? kWeightsBytesMax : kTextBytesMax)) {
      return Status(Code::kTooLarge,
                    fmt::format("[hub] {} {}: {} bytes", shown_model(), name, file.size));
    }
    return file;
  }

  Status fetch(const RemoteFile& file, const fs::path& blob) const {
    std::error_code error;
    if (fs::exists(blob, error)) {
      report(file, file.size);
      return {};
    }
    const fs::path part = blob.string() + ".incomplete";
    Status last;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      last = fetch_rest(file, part);
      if (last.code() != Code::kUnavailable) {
        break;
      }
    }
    RR_RETURN_IF_ERROR(last);
    if (Status checked = check(file, part); !checked.ok()) {
      fs::remove(part, error);  // nothing to go on from
      return checked;
    }
    fs::rename(part, blob, error);
    return error ? Status(Code::kInternal,
                          fmt::format(
                              "[hub] {} cannot be written: {}", blob.string(), error.message()))
                 : Status();
  }

  // Goes on after what is there.
  Status fetch_rest(const RemoteFile& file, const fs::path& part) const {
    std::error_code error;
    std::uint64_t have = fs::exists(part, error) ? fs::file_size(part, error) : 0;
    if (error || have > file.size) {
      have = 0;
    }
    std::ofstream out(part, std::ios::binary | (have > 0 ? std::ios::app : std::ios::trunc));
    if (have == file.size && have > 0) {
      return {};
    }
    HttpRequest request;
    request.url = file.url;
    request.token = download_.token;
    request.resume_from = have;
    request.bytes_max = file.size;
    bool started = false;
    request.sink = [&](int status, std::span<const char> bytes) {
      if (!started && have > 0 && status == 200) {  // the server sends it all again
        out.close();
        out.open(part, std::ios::binary | std::ios::trunc);
        have = 0;
      }
      started = true;
      out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      have += bytes.size();
      report(file, have);
      return out.good() && have <= file.size;
    };
    RR_ASSIGN_OR_RETURN(const HttpAnswer answer, http_fetch(request));
    out.close();
    if (answer.status != 200 && answer.status != 206) {
      return refused(answer.status, shown_model() + " " + file.name);
    }
    if (!out) {
      return Status(Code::kInternal, fmt::format("[hub] {} cannot be written", part.string()));
    }
    return {};
  }

  Status check(const RemoteFile& file, const fs::path& part) const {
    const std::string what = shown_model() + " " + file.name;
    std::error_code error;
    const std::uint64_t size = fs::file_size(part, error);
    if (error || size != file.size) {
      return corrupt(what, fmt::format("{} bytes came, {} were announced", size, file.size));
    }
    const bool is_git = file.etag.size() == 40;
    const std::string prefix = is_git ? fmt::format("blob {}", size) + '\0' : std::string();
    RR_ASSIGN_OR_RETURN(const std::string digest,
                        digest_of(part, is_git ? EVP_sha1() : EVP_sha256(), prefix));
    return digest == file.etag
               ? Status()
               : corrupt(what, "the bytes that came are not those announced (digest)");
  }

  void report(const RemoteFile& file, std::uint64_t done) const {
    if (download_.progress) {
      download_.progress(file.name, done, file.size);
    }
  }

  static Status link(const fs::path& target, const fs::path& name) {
    std::error_code error;
    fs::remove(name, error);
    fs::create_symlink(target, name, error);
    return error
               ? Status(Code::kInternal,
                        fmt::format("[hub] {} cannot be made: {}", name.string(), error.message()))
               : Status();
  }

  // A commit needs no ref: its snapshot bears its name.
  Status write_ref(const fs::path& ref, const std::string& commit) const {
    if (download_.revision == commit) {
      return {};
    }
    const fs::path part = ref.string() + ".part";
    std::ofstream out(part, std::ios::binary | std::ios::trunc);
    out << commit;
    out.close();
    std::error_code error;
    if (out) {
      fs::rename(part, ref, error);
    }
    return out && !error
               ? Status()
               : Status(Code::kInternal, fmt::format("[hub] {} cannot be written", ref.string()));
  }

  // refs/pr/3 is one component of the address.
  static std::string slash_escaped(const std::string& revision) {
    std::string escaped;
    for (const char byte : revision) {
      escaped += byte == '/' ? std::string("%2F") : std::string(1, byte);
    }
    return escaped;
  }

  const HubDownload& download_;
};

}  // namespace

Result<fs::path> download_from_hub(const HubDownload& download) {
  return Downloader(download).run();
}

}  // namespace rr::checkpoint
