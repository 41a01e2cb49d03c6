// Runs a fuzz target without libFuzzer, the same way every time: the files of a corpus folder, then
// mutations of them from a fixed seed.
//   NAME_short CORPUS_DIR [MUTATIONS]

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr int kDefaultMutations = 2000;
constexpr std::size_t kInputBytesMax = 1 << 16;
constexpr std::uint64_t kSeed = 20240711;

using Bytes = std::vector<std::uint8_t>;

std::vector<Bytes> read_corpus(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<Bytes> inputs;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

class Mutator {
 public:
  explicit Mutator(const std::vector<Bytes>& corpus) : corpus_(corpus), random_(kSeed) {}

  Bytes next() {
    Bytes input = corpus_[below(corpus_.size())];
    for (std::size_t changes = 1 + below(6); changes > 0; --changes) {
      change(input);
    }
    input.resize(std::min(input.size(), kInputBytesMax));
    return input;
  }

 private:
  // Not std::uniform_int_distribution: its results differ between libraries.
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  std::size_t place(const Bytes& input) { return below(input.size() + 1); }

  void change(Bytes& input) {
    const auto at = [&](std::size_t i) { return input.begin() + static_cast<std::ptrdiff_t>(i); };
    const std::size_t begin = place(input);
    const std::size_t size = std::min(below(32), input.size() - begin);
    switch (below(6)) {
      case 0:  // one bit
        if (begin < input.size()) {
          input[begin] ^= static_cast<std::uint8_t>(1U << below(8));
        }
        break;
      case 1:  // one byte anew
        if (begin < input.size()) {
          input[begin] = static_cast<std::uint8_t>(below(256));
        }
        break;
      case 2:
        input.erase(at(begin), at(begin + size));
        break;
      case 3: {  // a piece twice
        const Bytes piece(at(begin), at(begin + size));
        input.insert(at(place(input)), piece.begin(), piece.end());
        break;
      }
      case 4: {  // a piece of another input
        const Bytes& other = corpus_[below(corpus_.size())];
        const std::size_t from = below(other.size() + 1);
        const std::size_t count = std::min(below(64), other.size() - from);
        const auto first = other.begin() + static_cast<std::ptrdiff_t>(from);
        input.insert(at(begin), first, first + static_cast<std::ptrdiff_t>(count));
        break;
      }
      default:
        input.resize(begin);
    }
  }

  const std::vector<Bytes>& corpus_;
  std::mt19937_64 random_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s CORPUS_DIR [MUTATIONS]\n", argv[0]);
    return 2;
  }
  const std::vector<Bytes> corpus = read_corpus(argv[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "%s holds no files\n", argv[1]);
    return 1;
  }
  for (const Bytes& input : corpus) {
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  Mutator mutator(corpus);
  const int mutations = argc > 2 ? std::atoi(argv[2]) : kDefaultMutations;
  for (int i = 0; i < mutations; ++i) {
    const Bytes input = mutator.next();
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%zu inputs and %d mutations\n", corpus.size(), mutations);
  return 0;
}
